// The indexes that the journal rests on. A service that cannot have them must not serve.

import type { Collection } from 'mongodb';
import type { Entry } from './entry.ts';

/**
 * `keys` is the judge of "once": it is unique over the whole journal. The others only make reads fast:
 * a stream's newest entries, an entity's newest state and history, a list by page.
 */
const indexes = [
  { name: 'keys', key: { keys: 1 }, unique: true },
  { name: 'stream', key: { stream: 1, seq: -1 }, unique: false },
  { name: 'entity', key: { 'ops.entity': 1, seq: -1 }, unique: false },
  { name: 'lists', key: { lists: 1, at: -1, _id: -1 }, unique: false, sparse: true },
] as const;

/**
 * Creates what is missing, then reads the indexes back and throws unless each one is there as it must be: a database
 * restored without its indexes, or one whose `keys` index is not unique, would charge twice in silence.
 */
export async function ensureIndexes(entries: Collection<Entry>): Promise<void> {
  for (const { name, key, ...options } of indexes) {
    await entries.createIndex(key, { name, ...options });
  }
  const existing = await entries.indexes();
  for (const wanted of indexes) {
    const found = existing.find((index) => JSON.stringify(index.key) === JSON.stringify(wanted.key));
    if (
      !found ||
      (wanted.unique && found.unique !== true) ||
      (wanted.unique && found.partialFilterExpression)
    ) {
      throw new Error(
        `The journal's index ${JSON.stringify(wanted.key)} is missing or not as it must be${wanted.unique ? ' (unique)' : ''}: ` +
          `drop it in database "${entries.dbName}" and start again, it is created at the start.`,
      );
    }
  }
}
