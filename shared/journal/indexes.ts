// The indexes that the journal rests on. A service that cannot have them must not serve.

import type { Collection } from 'mongodb';

type Indexed = Pick<Collection, 'createIndex' | 'indexes' | 'dbName'>;

interface Index {
  readonly name: string;
  readonly key: Readonly<Record<string, 1 | -1>>;
  readonly unique: boolean;
  readonly sparse?: boolean;
}

/** `keys` is the judge of "once": it is unique over the whole journal. */
const judge: readonly Index[] = [{ name: 'keys', key: { keys: 1 }, unique: true }];

/**
 * A collection sharded by `stream` can have unique indexes only that begin with it. The judge is then unique in each stream,
 * which is the same for every key that is always submitted to one stream; docs/scale.md names those that are not.
 */
const shardedJudge: readonly Index[] = [
  { name: 'stream_keys', key: { stream: 1, keys: 1 }, unique: true },
  { name: 'keys', key: { keys: 1 }, unique: false },
];

/** The others only make reads fast: a stream's newest entries, an entity's newest state and history, a list by page, the
 * segments in which a page begins. */
const forReads: readonly Index[] = [
  { name: 'stream', key: { stream: 1, seq: -1 }, unique: false },
  { name: 'entity', key: { entities: 1, seq: -1 }, unique: false },
  { name: 'lists', key: { lists: 1, at: -1, _id: -1 }, unique: false, sparse: true },
  { name: 'spans', key: { 'span.lists': 1, 'span.to': 1, 'span.from': 1 }, unique: false, sparse: true },
];

const namespaceNotFoundCode = 26;

/**
 * Creates what is missing, then reads the indexes back and throws unless each one is there as it must be: a database
 * restored without its indexes, or one whose `keys` index is not unique, would charge twice in silence. A collection that
 * was prepared for sharding (`createShardedIndexes`) keeps the judge that it has.
 */
export async function ensureIndexes(entries: Indexed): Promise<void> {
  const existing = await indexesOf(entries);
  const isSharded = isThere(existing, shardedJudge[0]) && !isThere(existing, judge[0]);
  await ensure(entries, [...(isSharded ? shardedJudge : judge), ...forReads]);
}

/** For a new collection that is to be sharded by `stream`. Throws where another judge is there already. */
export async function createShardedIndexes(entries: Indexed): Promise<void> {
  if (isThere(await indexesOf(entries), judge[0])) {
    throw new Error(
      `The journal in database "${entries.dbName}" has its indexes for one replica set already.`,
    );
  }
  await ensure(entries, [...shardedJudge, ...forReads]);
}

async function ensure(entries: Indexed, wanted: readonly Index[]): Promise<void> {
  for (const { name, key, unique, sparse } of wanted) {
    await entries.createIndex(key, { name, unique, ...(sparse ? { sparse } : {}) });
  }
  const existing = await entries.indexes();
  for (const index of wanted) {
    if (isThere(existing, index)) continue;
    throw new Error(
      `The journal's index ${JSON.stringify(index.key)} is missing or not as it must be${index.unique ? ' (unique)' : ''}: ` +
        `drop it in database "${entries.dbName}" and start again, it is created at the start.`,
    );
  }
}

type Found = Awaited<ReturnType<Collection['indexes']>>[number];

function isThere(existing: readonly Found[], wanted: Index | undefined): boolean {
  const found = existing.find((index) => JSON.stringify(index.key) === JSON.stringify(wanted?.key));
  if (!found || !wanted) return false;
  return !wanted.unique || (found.unique === true && !found.partialFilterExpression);
}

async function indexesOf(entries: Indexed): Promise<readonly Found[]> {
  try {
    return await entries.indexes();
  } catch (error) {
    if ((error as { code?: unknown }).code === namespaceNotFoundCode) return [];
    throw error;
  }
}
