// Bodies of entries that were unpacked lately: duplicates of one moment's requests stand in the same few entries, and each of
// them asks twice. It reads nothing; an entry never changes, so what was unpacked stays true.

import { LRUCache } from 'lru-cache';
import { type PackedOps, unpackedBody } from './entry-document.ts';

/** Some sixty entries of a busy journal. */
const keptBytesMax = 8 << 20;

export interface UnpackedBodies {
  /** The same ops, unpacked. `_id`: the entry's. */
  of(entry: PackedOps & { readonly _id: string }): PackedOps;
}

export function createUnpackedBodies(): UnpackedBodies {
  const kept = new LRUCache<string, PackedOps>({
    maxSize: keptBytesMax,
    maxEntrySize: keptBytesMax,
    // What a short body keeps in memory is the piece that it was unpacked into.
    sizeCalculation: ({ body }) => body.buffer.byteLength,
  });
  return {
    of(entry) {
      if (entry.packing === 'none') return entry;
      const known = kept.get(entry._id);
      if (known) return known;
      const unpacked: PackedOps = { packing: 'none', body: unpackedBody(entry) };
      kept.set(entry._id, unpacked);
      return unpacked;
    },
  };
}
