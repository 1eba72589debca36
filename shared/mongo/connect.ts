// The connection to MongoDB: which guarantees every read and write carries, and how long anything may take. It knows no
// collection and no service.

import { type Db, MongoClient, type MongoClientOptions, type TopologyDescription } from 'mongodb';
import type { Logger } from '../runtime/index.ts';

export interface Database {
  readonly db: Db;
  close(): Promise<void>;
}

/** The database did not answer in time. The message is one sentence for a person, without credentials. */
export class DatabaseUnreachableError extends Error {
  constructor(message: string, cause: unknown) {
    super(message, { cause });
    this.name = 'DatabaseUnreachableError';
  }
}

/** How long an operation waits for a usable primary. Longer than a restart of one node (about 1 s), so that a short
 * outage is a pause, not an error; shorter than the deadline of an order, so that its caller gets an answer. */
const serverSelectionDurationMsMax = 5_000;

/** A TCP and TLS handshake inside one region takes milliseconds; what takes this long is not there. */
const connectDurationMsMax = 2_000;

/** How long a sent command may stay without an answer. A majority that is lost shows itself only in this way. Above the
 * slowest command that is healthy: a majority write during an election, or a page of an audit's scan. */
const commandDurationMsMax = 15_000;

/** How often the server is asked how it is, and how soon again while an operation waits for it: a database that is back
 * is noticed within a tenth of a second. The driver's own minimum of 500 ms would be felt after every failover. */
const heartbeatIntervalMs = 1_000;
const heartbeatIntervalMsMin = 100;

/** One flush is in flight at a time; the rest is for reads, of which the database serves some thousands a second over
 * far fewer connections than this. */
const connectionCountMax = 20;

/** A read that finds every connection busy for so long is better told so than queued. */
const connectionWaitMsMax = 2_000;

const options: MongoClientOptions = {
  appName: 'twicesafe',
  // What was acknowledged is on a majority's disk, and what was read cannot be rolled back: an answer leaves only then.
  writeConcern: { w: 'majority', journal: true },
  readConcern: { level: 'majority' },
  readPreference: 'primary',
  // Writes are not retried here. The journal inserts again by itself and lets E11000 say whether it had happened; a
  // second layer would multiply the attempts, and costs the server a bookkeeping write for each insert.
  retryWrites: false,
  // One repeat of a read hides the connection that a restarted database closed. It has no effect to repeat.
  retryReads: true,
  // int64 is money: never a floating-point number. Binary comes as Buffer, which is a Uint8Array.
  useBigInt64: true,
  promoteBuffers: true,
  // An undefined would be stored as null and read back as null: a fold would differ from the carried state.
  ignoreUndefined: true,
  serverSelectionTimeoutMS: serverSelectionDurationMsMax,
  connectTimeoutMS: connectDurationMsMax,
  socketTimeoutMS: commandDurationMsMax,
  heartbeatFrequencyMS: heartbeatIntervalMs,
  minHeartbeatFrequencyMS: heartbeatIntervalMsMin,
  maxPoolSize: connectionCountMax,
  // The first call after a quiet time should not pay for a handshake.
  minPoolSize: 1,
  waitQueueTimeoutMS: connectionWaitMsMax,
};

/**
 * Connects and makes sure that the database answers. Every operation on `db` is acknowledged by a majority and journaled,
 * reads only what a majority has, and ends within a bounded time. The connection heals by itself after an outage; an
 * operation that was under way fails then (with a plain socket error at times, not one of the driver's), and whether it
 * happened is unknown. Throws `DatabaseUnreachableError`.
 */
export async function connectDatabase(settings: {
  uri: string;
  databaseName: string;
  log: Logger;
}): Promise<Database> {
  const client = createClient(settings.uri);
  reportOutages(client, settings.log);
  try {
    await client.connect();
    await client.db('admin').command({ ping: 1 });
  } catch (error) {
    await client.close();
    const reason = error instanceof Error ? error.message : String(error);
    throw new DatabaseUnreachableError(
      `The database at ${addressOf(settings.uri)} does not answer (${reason}); start it, or correct MONGODB_URI.`,
      error,
    );
  }
  return { db: client.db(settings.databaseName), close: () => client.close() };
}

function createClient(uri: string): MongoClient {
  try {
    return new MongoClient(uri, options);
  } catch (error) {
    // The driver's text may quote the address, and the address may hold a password.
    throw new DatabaseUnreachableError(
      'MONGODB_URI is not an address of a MongoDB; it looks like mongodb://host:27017/?replicaSet=rs0.',
      error,
    );
  }
}

/** Two lines an outage, not one for each failed heartbeat. */
function reportOutages(client: MongoClient, log: Logger): void {
  let reachable: boolean | undefined;
  client.on('topologyDescriptionChanged', (event) => {
    const now = hasWritableServer(event.newDescription);
    if (reachable === true && !now) log.warn('database lost');
    if (reachable === false && now) log.warn('database found again');
    // Before the first contact there is nothing to lose.
    if (now || reachable !== undefined) reachable = now;
  });
}

function hasWritableServer(topology: TopologyDescription): boolean {
  return [...topology.servers.values()].some((server) => server.isWritable);
}

/** The address without user and password. */
function addressOf(uri: string): string {
  return uri.replace(/\/\/[^@/]*@/, '//');
}
