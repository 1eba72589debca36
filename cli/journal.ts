// `twicesafe journal`: shows what is recorded, one op a line, as JSON: for a person who asks what happened to an order, an account
// or a request, and for jq. It reads the database itself, past every service, and writes nothing.

import { createMongoStore, type JournalStore } from '../shared/journal/index.ts';
import { connectDatabase } from '../shared/mongo/index.ts';
import { createLog } from '../shared/runtime/index.ts';
import { suitesDatabase } from './compact.ts';
import { report } from './console.ts';
import type { ServiceName } from './settings.ts';

export interface JournalAsked {
  /** Such as `order/9fd6657c0f78264715d483639420c748`: all that happened to it. */
  readonly entity?: string;
  /** Such as `req/anonymous/PlaceOrder/walk-0001`: what is recorded under it. */
  readonly key?: string;
  /** Without entity and key: whose entries. */
  readonly stream: string;
  /** From this entry on. Default: the last ones before the stream's checkpoint, and what came after it. */
  readonly from?: number;
  /** Entries at the most. */
  readonly limit: number;
}

/** Before the checkpoint, which is some seconds old, so many entries are shown when nobody says from where. */
const beforeCheckpoint = 20;

/** Returns the exit code, 0. Throws one sentence when there is nothing to show or it cannot be read. */
export async function runJournal(
  service: ServiceName,
  { database: name = `twicesafe_${service}`, ...asked }: JournalAsked & { readonly database?: string },
  environment: NodeJS.ProcessEnv,
): Promise<number> {
  const uri = environment['MONGODB_URI'] || (await suitesDatabase(environment));
  const { db, close } = await connectDatabase({ uri, databaseName: name, log: createLog('journal', 'warn') });
  try {
    const lines = await linesOf(createMongoStore(db), asked);
    if (lines.length === 0) throw new Error(`Nothing of that is recorded in database "${name}".`);
    for (const line of lines) report(line);
    return 0;
  } finally {
    await close();
  }
}

/** In the order of recording. */
export async function linesOf(store: JournalStore, asked: JournalAsked): Promise<string[]> {
  const parts = await partsOf(store, asked);
  return parts.flatMap(({ stream, seq, at, writer, ops }) =>
    ops.map((op) => JSON.stringify({ entry: `${stream}#${seq}`, at, writer, ...op }, plain)),
  );
}

async function partsOf(store: JournalStore, { entity, key, stream, from, limit }: JournalAsked) {
  if (key !== undefined) return store.findByKeys([key]);
  if (entity !== undefined)
    return store.findHistory(entity, { afterSeq: (from ?? 1) - 1, limit, newestFirst: false });
  const seq = from ?? ((await store.readCheckpoint(stream))?.seq ?? 0) - beforeCheckpoint + 1;
  return store.read(stream, Math.max(1, seq), limit);
}

/** Whole numbers of money are int64, which JSON has as text only. */
function plain(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
