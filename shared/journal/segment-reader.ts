// Reads entries out of segments, so that whoever reads the journal sees the entries of before. It writes nothing.

import { LRUCache } from 'lru-cache';
import type { Collection } from 'mongodb';
import type { Entry } from './entry.ts';
import type { WantedOps } from './entry-document.ts';
import { entryIn, type SegmentDocument, unpackSegment } from './segment.ts';

export interface SegmentReader {
  /**
   * The segment's entries that hold such ops, with no others, in order. `names`: of the keys, the entity or the list, as far as
   * they are in this segment.
   */
  entriesNaming(id: string, names: readonly string[], wantedOps: WantedOps): Promise<Entry[]>;
  /** The segment's entries from `fromSeq` to before `endSeq`, in order. */
  entriesBetween(id: string, fromSeq: number, endSeq: number): Promise<Entry[]>;
}

/** Bytes of unpacked segments that are kept: a page after the other of one segment unpacks it once. Some sixteen segments. */
const keptBytesMax = 8 << 20;

/** A segment never changes, so what was unpacked stays true. */
export function createSegmentReader(
  segments: Collection<SegmentDocument>,
  options: { readonly maxTimeMS: number },
): SegmentReader {
  const unpacked = new LRUCache<string, { readonly seq: number; readonly entries: readonly Uint8Array[] }>({
    maxSize: keptBytesMax,
    maxEntrySize: keptBytesMax,
    sizeCalculation: ({ entries }) => entries.reduce((sum, { length }) => sum + length, 1),
  });

  async function load(id: string) {
    const kept = unpacked.get(id);
    if (kept) return kept;
    const projection = { seq: 1, lastSeq: 1, packing: 1, packed: 1 };
    const segment = await segments.findOne({ _id: id }, { ...options, projection });
    if (!segment) throw new Error(`segment ${id} is missing`);
    const entries = await unpackSegment(segment);
    if (entries.length !== segment.lastSeq - segment.seq + 1)
      throw new Error(`segment ${id} holds ${entries.length} entries, not those up to ${segment.lastSeq}`);
    const loaded = { seq: segment.seq, entries };
    unpacked.set(id, loaded);
    return loaded;
  }

  return {
    async entriesNaming(id, names, wantedOps) {
      const { entries } = await load(id);
      // Looking for the bytes is far cheaper than decoding each entry; its ops show whether it is really meant.
      const wanted = names.map((name) => Buffer.from(name));
      return entries
        .filter((bytes) => {
          const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
          return wanted.some((name) => buffer.includes(name));
        })
        .map((bytes) => entryIn(bytes, wantedOps))
        .filter(({ ops }) => ops.length > 0);
    },
    async entriesBetween(id, fromSeq, endSeq) {
      const { seq, entries } = await load(id);
      return entries
        .slice(Math.max(0, fromSeq - seq), Math.max(0, endSeq - seq))
        .map((bytes) => entryIn(bytes));
    },
  };
}
