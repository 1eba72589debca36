// What is recorded under the keys that were claimed lately, as the bytes in which it was written. It reads nothing; an entry
// never changes, so what was remembered stays true.
//
// Hardly any of it is ever asked for. As objects it would be most of what a busy process keeps alive, and the collector would
// carry it from place to place; as bytes it lies outside of the heap, and whoever repeats a key pays for its own. All of them
// lie in one ring that is written over from its oldest place on: a buffer for each entry would be freed only by a full
// collection, and those that were forgotten since the last one would be as many again.

import { type EntryPart, recordedIn } from './entry.ts';
import { copyOf, eachOp, opsBytes, opsIn } from './entry-document.ts';
import type { RecordedKey } from './journal.ts';

/** The ops of some keys of one entry, by their place in the ring. */
interface Kept extends Omit<EntryPart, 'ops'> {
  readonly from: number;
  readonly to: number;
  readonly keys: readonly string[];
  /** The one that was remembered after it. */
  next: Kept | undefined;
}

export interface RecentKeys {
  has(key: string): boolean;
  find(key: string): RecordedKey | undefined;
  /** Remembers what the entry records under these of its keys. `bytes`: all its ops as they are stored, where that is known. */
  remember(entry: EntryPart, keys: ReadonlySet<string>, bytes?: Uint8Array): void;
}

/** Keeps `bytesMax` of ops at the most; the entries that were remembered first are forgotten first. */
export function createRecentKeys(bytesMax: number): RecentKeys {
  const ring = Buffer.allocUnsafeSlow(bytesMax);
  const byKey = new Map<string, Kept>();
  // One leads to the next, in the order of remembering. Not an array: small entries are tens of thousands, and to take the first
  // out of so many moves all others.
  let oldest: Kept | undefined;
  /** Means something only where there is an oldest. */
  let newest: Kept | undefined;
  let end = 0;

  function append(entry: Kept): void {
    if (oldest && newest) newest.next = entry;
    else oldest = entry;
    newest = entry;
  }

  function forgetWhile(isInTheWay: (entry: Kept) => boolean): void {
    while (oldest && isInTheWay(oldest)) {
      const entry = oldest;
      for (const key of entry.keys) if (byKey.get(key) === entry) byKey.delete(key);
      oldest = entry.next;
      // Or what is forgotten would keep what came after it from the collector of the young.
      entry.next = undefined;
    }
  }

  /** Where so many bytes may be written now. */
  function makeRoom(length: number): number {
    if (end + length > bytesMax) {
      // What lies behind the end of the newest is older than all that lies before it.
      forgetWhile(({ from }) => from >= end);
      end = 0;
    }
    forgetWhile(({ from, to }) => from < end + length && to > end);
    return end;
  }

  return {
    has: (key) => byKey.has(key),
    find(key) {
      const entry = byKey.get(key);
      if (!entry) return undefined;
      // A copy: whatever is made of it may still be there when its place is written over.
      const body = copyOf(ring.subarray(entry.from, entry.to), key);
      return recordedIn({ ...entry, ops: opsIn({ packing: 'none', body }) }).get(key);
    },
    remember({ stream, seq, writer, at, ops }, keys, bytes = opsBytes(ops)) {
      const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
      const isMeant = (index: number) => keys.has(ops[index]?.key ?? '');
      let length = 0;
      eachOp(all, (start, stop, index) => {
        if (isMeant(index)) length += stop - start;
      });
      // One that is larger than all that may be kept is not.
      if (length === 0 || length > bytesMax) return;
      const from = makeRoom(length);
      eachOp(all, (start, stop, index) => {
        if (isMeant(index)) end += all.copy(ring, end, start, stop);
      });
      const entry: Kept = { stream, seq, writer, at, from, to: end, keys: [...keys], next: undefined };
      append(entry);
      for (const key of keys) byKey.set(key, entry);
    },
  };
}
