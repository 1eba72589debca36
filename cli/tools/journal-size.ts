// Bytes of the three journals for each order, and what a year of 100 orders a second comes to: npm run journal-size. It reads
// MONGODB_URI, or the database that npm start runs here, and writes nothing.

import { connectDatabase, type Database } from '../../shared/mongo/index.ts';
import { createLog } from '../../shared/runtime/index.ts';
import { suitesDatabase } from '../compact.ts';
import { report, reportProblem } from '../console.ts';
import { serviceNames } from '../settings.ts';

const ordersInYear = 100 * 86_400 * 365;

interface Sizes {
  readonly aloneCount: number;
  readonly segmentCount: number;
  /** BSON, before the database's own compression. */
  readonly documentBytes: number;
  /** As the database tells: MongoDB after its compression, the embedded one before any. */
  readonly indexBytes: number;
  readonly keyIndexBytes: number;
}

async function sizesOf({ db }: Database): Promise<Sizes> {
  const stats = await db.command({ collStats: 'journal' });
  const segmentCount = await db.collection('journal').countDocuments({ lastSeq: { $exists: true } });
  return {
    aloneCount: Number(stats['count']) - segmentCount,
    segmentCount,
    documentBytes: Number(stats['size']),
    indexBytes: Number(stats['totalIndexSize']),
    keyIndexBytes: Number(stats['indexSizes']['keys']),
  };
}

/** Each order begins once, with the key of its PlaceOrder, in an entry or in a segment. */
async function orderCountOf({ db }: Database): Promise<number> {
  let count = 0;
  for await (const { keys } of db.collection('journal').find({}, { projection: { keys: 1 } })) {
    for (const key of keys as string[]) if (/^req\/[^/]*\/PlaceOrder\//.test(key)) count += 1;
  }
  return count;
}

function inYear(bytesPerOrder: number): string {
  return `${((bytesPerOrder * ordersInYear) / 1e12).toFixed(1)} TB`;
}

async function run(): Promise<void> {
  const uri = process.env['MONGODB_URI'] || (await suitesDatabase(process.env));
  const open = (service: string) =>
    connectDatabase({ uri, databaseName: `twicesafe_${service}`, log: createLog('size', 'warn') });
  const databases = await Promise.all(serviceNames.map(open));
  try {
    const [orderDatabase] = databases;
    const orderCount = orderDatabase ? await orderCountOf(orderDatabase) : 0;
    if (orderCount === 0) throw new Error('There is no order in these journals yet: place some first.');
    report(`${orderCount} orders; bytes for each, documents as BSON, indexes as this database tells`);
    let total = 0;
    for (const [index, database] of databases.entries()) {
      const sizes = await sizesOf(database);
      const perOrder = (bytes: number) => Math.round(bytes / orderCount);
      total += perOrder(sizes.documentBytes + sizes.indexBytes);
      report(
        `  ${serviceNames[index]?.padEnd(10)} ${perOrder(sizes.documentBytes)} documents, ${perOrder(sizes.indexBytes)} indexes ` +
          `(keys ${perOrder(sizes.keyIndexBytes)}); ${sizes.aloneCount} entries alone, ${sizes.segmentCount} segments`,
      );
    }
    report(`  together   ${total}; a year of 100 orders/s: ${inYear(total)}`);
  } finally {
    for (const database of databases) await database.close();
  }
}

try {
  await run();
} catch (error) {
  reportProblem(error);
  process.exitCode = 1;
}
