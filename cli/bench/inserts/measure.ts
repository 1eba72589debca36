// Places orders one at a time on a suite whose ways to the database are watched, and finds what each answer waited for.

import { startEmbeddedDatabase } from '../../../shared/mongo/index.ts';
import { openWire } from '../../wire.ts';
import { createOrders } from '../load/orders.ts';
import { openSite, temporaryFolder } from '../site.ts';
import { type InsertChains, longestChain } from './chains.ts';
import { createInsertLog, isWatchable, openWatcher, type Watcher } from './watcher.ts';

/** The first orders pay for connections and cold caches. */
const warmUpOrders = 10;
const watchedOrders = 20;

export async function measureInserts(options: {
  readonly environment: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}): Promise<InsertChains> {
  const { environment, signal } = options;
  const folder = await temporaryFolder();
  const log = createInsertLog();
  const opened: (() => Promise<void>)[] = [folder.remove];
  try {
    const database = await startEmbeddedDatabase({
      dataDir: folder.path,
      environment,
      report: () => undefined,
      signal,
    });
    opened.push(() => database.stop());
    if (!isWatchable(database.uri)) {
      return { chains: [], why: 'the database is not one plain server that could be watched' };
    }
    const ways = new Map<string, Watcher>();
    for (const service of ['order', 'inventory', 'payment']) {
      const way = await openWatcher(database.uri, service, log);
      opened.push(() => way.close());
      ways.set(service, way);
    }
    const site = await openSite({
      environment: { ...environment, MONGODB_URI: database.uri },
      signal,
      databaseUriOf: (service) => ways.get(service)?.uri ?? database.uri,
    });
    opened.push(() => site.stop());
    const wire = openWire(site.addresses.order);
    opened.push(async () => wire.close());
    const orders = createOrders(wire);
    const chains: (readonly string[])[] = [];
    for (let number = 0; number < warmUpOrders + watchedOrders; number += 1) {
      await site.atRest();
      log.forget();
      const ending = await orders.place(number, 'spread');
      // What is inserted after this moment, the answer did not wait for.
      const seen = [...log.inserts];
      if (ending !== 'confirmed') throw new Error(`an order alone was answered "${ending}"`);
      if (number >= warmUpOrders) chains.push(longestChain(seen).map(({ service }) => service));
    }
    return { chains };
  } finally {
    for (const close of opened.reverse()) await close();
  }
}
