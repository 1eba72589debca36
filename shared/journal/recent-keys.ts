// What is recorded under the keys that were claimed lately, as the bytes in which it was written. It reads nothing; an entry
// never changes, so what was remembered stays true.
//
// Hardly any of it is ever asked for. As objects it would be most of what a busy process keeps alive, and the collector would
// carry it from place to place; as bytes it lies outside of the heap, and whoever repeats a key pays for its own.

import { LRUCache } from 'lru-cache';
import { type EntryPart, recordedIn } from './entry.ts';
import { opsBytes, opsIn } from './entry-document.ts';
import type { RecordedKey } from './journal.ts';

/** The ops of some keys of one entry. */
interface Kept extends Omit<EntryPart, 'ops'> {
  readonly bytes: Uint8Array;
  readonly keys: readonly string[];
}

export interface RecentKeys {
  has(key: string): boolean;
  find(key: string): RecordedKey | undefined;
  /** Remembers what the entry records under these of its keys. `bytes`: all its ops as they are stored, where that is known. */
  remember(entry: EntryPart, keys: ReadonlySet<string>, bytes?: Uint8Array): void;
}

/** About what an entry and a key take beside the bytes of their ops. */
const bytesOfEntry = 512;
const bytesOfKey = 256;

/** Holds `bytesMax` at the most; the entries whose keys nobody asked for longest are forgotten first. */
export function createRecentKeys(bytesMax: number): RecentKeys {
  const byKey = new Map<string, Kept>();
  const kept = new LRUCache<Kept, Kept>({
    maxSize: bytesMax,
    sizeCalculation: ({ bytes, keys }) => bytes.length + bytesOfEntry + keys.length * bytesOfKey,
    dispose({ keys }, entry) {
      for (const key of keys) if (byKey.get(key) === entry) byKey.delete(key);
    },
  });

  return {
    has: (key) => byKey.has(key),
    find(key) {
      const entry = byKey.get(key);
      if (!entry) return undefined;
      kept.get(entry);
      const ops = opsIn({ packing: 'none', body: entry.bytes }, { keys: new Set([key]) });
      return recordedIn({ ...entry, ops }).get(key);
    },
    remember({ stream, seq, writer, at, ops }, keys, bytes = opsBytes(ops)) {
      if (keys.size === 0) return;
      const isMeant = ops.map(({ key }) => keys.has(key));
      const entry = { stream, seq, writer, at, bytes: pick(bytes, isMeant), keys: [...keys] };
      kept.set(entry, entry);
      // One that is larger than all that may be kept is not.
      if (kept.has(entry)) for (const key of keys) byKey.set(key, entry);
    },
  };
}

/** A copy of those of the ops: a view would keep all the memory that they were taken from. */
function pick(bytes: Uint8Array, isMeant: readonly boolean[]): Uint8Array {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const meant: Buffer[] = [];
  let start = 0;
  for (const wanted of isMeant) {
    const end = start + all.readInt32LE(start);
    if (wanted) meant.push(all.subarray(start, end));
    start = end;
  }
  const copy = Buffer.allocUnsafeSlow(meant.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const op of meant) at += op.copy(copy, at);
  return copy;
}
