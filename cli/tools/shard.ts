// Prepares new databases for a sharded cluster: npm run shard -- --streams 64 --shards rs0,rs1. Against a mongos it does
// all of it; against a single replica set everything but the sharding itself. --print sends nothing. See docs/scale.md.

import { Command, InvalidArgumentError } from 'commander';
import { createShardedIndexes, prepareSettings, streamCountMax } from '../../shared/journal/index.ts';
import { connectDatabase } from '../../shared/mongo/index.ts';
import { createLog } from '../../shared/runtime/index.ts';
import { report, reportProblem } from '../console.ts';
import { isServiceName, type ServiceName, serviceNames } from '../settings.ts';
import { shardingCommands } from './sharding-plan.ts';

interface ShardOptions {
  readonly streams: number;
  readonly shards: readonly string[];
  readonly services: readonly ServiceName[];
  readonly prefix: string;
  readonly print?: boolean;
}

const program = new Command('shard')
  .requiredOption(
    '--streams <count>',
    'streams of each new journal, for ever; far more than shards',
    streamCount,
  )
  .requiredOption('--shards <names>', 'as sh.status() names them, separated by commas', names)
  .option('--services <names>', 'whose databases', services, [...serviceNames])
  .option('--prefix <text>', 'of the databases: what stands before the service', 'twicesafe_')
  .option('--print', 'show the commands for a mongos, and do nothing')
  .action(async (options: ShardOptions) => {
    for (const service of options.services) await prepare(service, options);
  });

try {
  await program.parseAsync();
} catch (error) {
  reportProblem(error);
  process.exitCode = 1;
}

async function prepare(service: ServiceName, options: ShardOptions): Promise<void> {
  const { streams: streamCount, shards, prefix } = options;
  const databaseName = `${prefix}${service}`;
  const commands = shardingCommands({ database: databaseName, streamCount, shards });
  if (options.print) {
    for (const command of commands) report(`db.adminCommand(${JSON.stringify(command)})`);
    return;
  }
  const uri = process.env['MONGODB_URI'];
  if (!uri) throw new Error('MONGODB_URI must be the address of a mongos (or of a replica set, to try it).');
  const { db, close } = await connectDatabase({ uri, databaseName, log: createLog('shard', 'warn') });
  try {
    const journal = db.collection('journal');
    if (await journal.findOne({})) {
      throw new Error(`The journal in "${databaseName}" holds entries: only a new database can be prepared.`);
    }
    await createShardedIndexes(journal);
    await prepareSettings(db, { streamCount, owner: service });
    const { msg } = await db.admin().command({ hello: 1 });
    if (msg !== 'isdbgrid') {
      report(`${databaseName}: indexes and ${streamCount} streams; this is no mongos, so it is not sharded`);
      return;
    }
    for (const command of commands) await db.admin().command(command);
    report(`${databaseName}: ${streamCount} streams on ${shards.join(', ')}`);
  } finally {
    await close();
  }
}

function streamCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= streamCountMax) return count;
  throw new InvalidArgumentError(`It must be a whole number from 1 to ${streamCountMax}.`);
}

function names(text: string): string[] {
  const given = text.split(',').filter((name) => name !== '');
  if (new Set(given).size < given.length) throw new InvalidArgumentError('A shard is named twice.');
  return given;
}

function services(text: string): ServiceName[] {
  return names(text).map((name) => {
    if (isServiceName(name)) return name;
    throw new InvalidArgumentError(`It must be some of ${serviceNames.join(',')}.`);
  });
}
