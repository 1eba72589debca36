// A segment: the document that stands for a run of cold entries of one stream. Its shape, its limits, packing and unpacking;
// it reads and writes no database.
//
// A segment claims every key of its entries and every place that they had, under the same unique index, so "once, for ever"
// is judged as before. It carries the names of its entities and lists in the fields in which entries have them, so the same
// indexes find it. The entries themselves are in it as the very documents that the database held, compressed together: their
// bodies are unpacked first, because what is packed twice packs to twice as much.

import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompress } from 'node:zlib';
import { BSON } from 'mongodb';
import { type Entry, entryId } from './entry.ts';
import { type EntryDocument, toEntry, unpacked, type WantedOps } from './entry-document.ts';

export interface SegmentDocument {
  /** `stream@firstSeq`: two compactors that lay the same segment meet here. */
  readonly _id: string;
  readonly stream: string;
  /** The first of its entries: whatever sorts entries by seq sorts a segment right too, for it ends before the next one. */
  readonly seq: number;
  readonly lastSeq: number;
  /** Only `laidKey` until the switch; afterwards every key and every place of its entries. */
  readonly keys: readonly string[];
  readonly lists?: readonly string[];
  /** Each entity of its entries once. */
  readonly entities: readonly string[];
  /** The newest of its entries. */
  readonly at: Date;
  /** For a list's page that begins inside this segment; only on a segment whose entries add to lists. */
  readonly span?: { readonly lists: readonly string[]; readonly from: Date; readonly to: Date };
  readonly packing: 'zstd';
  readonly packed: Uint8Array;
}

export interface SegmentLimits {
  /** Entries in one segment. A transaction deletes as many documents, and MongoDB advises a thousand at the most. */
  readonly entriesMax: number;
  /** Bytes of its entries before packing: unpacked in about a millisecond. Four times as much packs to 4 to 7 % instead of
   * 5 to 7; a quarter of it to 7 to 8. An entry that is larger is a segment by itself. */
  readonly bytesMax: number;
  /** Keys and places that a segment claims. MongoDB takes 100,000 index keys of one document. */
  readonly keysMax: number;
}

export const defaultSegmentLimits: SegmentLimits = { entriesMax: 500, bytesMax: 512 << 10, keysMax: 20_000 };

/** Between the oldest and the newest entry of a segment: a list's page looks so far ahead for one that it begins in. */
export const segmentDurationMsMax = 86_400_000;

/** A segment of one largest possible entry. What unpacks to more was not packed here. */
const unpackedBytesMax = 17 << 20;

/** A higher one gains nothing that counts and costs several times the time. */
const zstdLevel = 9;

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

export function segmentId(stream: string, firstSeq: number): string {
  return `${stream}@${firstSeq}`;
}

/** Claimed by whatever holds the place: its entry, and the segment that stands for it. */
export function placeKey(stream: string, seq: number): string {
  return `at/${entryId(stream, seq)}`;
}

export function isPlaceKey(key: string): boolean {
  return key.startsWith('at/');
}

/** Claimed by a segment that is laid and not switched to: an entry's document cannot be without a key. */
export function laidKey(id: string): string {
  return `segment/${id}`;
}

/** An entry with the bytes of its document, the body unpacked. */
export interface RawEntry {
  readonly entry: Entry;
  readonly bytes: Uint8Array;
}

/** `wanted`: with only these ops. */
export function entryIn(stored: Uint8Array, wanted?: WantedOps): Entry {
  return toEntry(documentIn(stored), wanted);
}

function documentIn(stored: Uint8Array): EntryDocument {
  return BSON.deserialize(stored, { useBigInt64: true, promoteBuffers: true }) as EntryDocument;
}

export function toRawEntry(stored: Uint8Array): RawEntry {
  const document = documentIn(stored);
  const bytes = document.packing === 'none' ? stored : BSON.serialize(unpacked(document));
  return { entry: toEntry(document), bytes };
}

/** How many of these entries, which follow each other, make the next segment. `isFull`: a further one would not fit. */
export function fittingCount(
  entries: readonly RawEntry[],
  limits: SegmentLimits,
): { count: number; isFull: boolean } {
  let bytes = 0;
  let keys = 0;
  let fromMs = Number.POSITIVE_INFINITY;
  let toMs = Number.NEGATIVE_INFINITY;
  for (const [count, raw] of entries.entries()) {
    const atMs = raw.entry.at.getTime();
    bytes += raw.bytes.length;
    keys += raw.entry.keys.length + 1;
    fromMs = Math.min(fromMs, atMs);
    toMs = Math.max(toMs, atMs);
    const fits =
      count < limits.entriesMax &&
      bytes <= limits.bytesMax &&
      keys <= limits.keysMax &&
      toMs - fromMs <= segmentDurationMsMax;
    if (!fits && count > 0) return { count, isFull: true };
  }
  return { count: entries.length, isFull: entries.length >= limits.entriesMax };
}

/** The segment of these entries, as it is laid. They must follow each other. */
export async function packSegment(entries: readonly RawEntry[]): Promise<SegmentDocument> {
  const first = entries[0]?.entry;
  const last = entries.at(-1)?.entry;
  if (!first || !last) throw new Error('a segment needs an entry');
  const id = segmentId(first.stream, first.seq);
  const times = entries.map(({ entry }) => entry.at.getTime());
  const [from, to] = [new Date(Math.min(...times)), new Date(Math.max(...times))];
  const lists = [...new Set(entries.flatMap(({ entry }) => entry.lists ?? []))];
  const entities = new Set(entries.flatMap(({ entry }) => entry.ops.map((op) => op.entity)));
  return {
    _id: id,
    stream: first.stream,
    seq: first.seq,
    lastSeq: last.seq,
    keys: [laidKey(id)],
    ...(lists.length > 0 ? { lists, span: { lists, from, to } } : {}),
    entities: [...entities],
    at: to,
    packing: 'zstd',
    packed: await compress(Buffer.concat(entries.map(({ bytes }) => bytes)), {
      params: { [constants.ZSTD_c_compressionLevel]: zstdLevel },
    }),
  };
}

/** Every key and every place of these entries: what their segment claims from its switch on. */
export function keysOf(entries: readonly RawEntry[]): string[] {
  const keys = entries.flatMap(({ entry }) => [...entry.keys, placeKey(entry.stream, entry.seq)]);
  return [...new Set(keys)];
}

/** The bytes of each entry, in order. Throws when they are not whole. */
export async function unpackSegment({
  _id,
  packing,
  packed,
}: Pick<SegmentDocument, '_id' | 'packing' | 'packed'>): Promise<Uint8Array[]> {
  if (packing !== 'zstd')
    throw new Error(`segment ${_id} is packed as ${packing}, which this version cannot read`);
  const all = await decompress(packed, { maxOutputLength: unpackedBytesMax });
  const entries: Uint8Array[] = [];
  for (let start = 0; start < all.length; ) {
    // A BSON document begins with its length.
    const length = start + 4 <= all.length ? all.readInt32LE(start) : 0;
    if (length < 5 || start + length > all.length)
      throw new Error(`segment ${_id} is damaged at byte ${start}`);
    entries.push(all.subarray(start, start + length));
    start += length;
  }
  return entries;
}
