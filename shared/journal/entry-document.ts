// How an entry stands in the database: its ops in one packed body, and beside it what the indexes need.
//
// Ops as BSON would cost the database more than all that it is asked for: it parses each field of each state, copies and logs
// it, and never looks at one. So it gets names to index and bytes to keep. `twicesafe journal` shows what is in them.
//
// The body is the ops one after the other, each a BSON document that begins with its entity and its key: whoever looks for one
// decodes no other. A body that is worth it is compressed.

import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { BSON } from 'mongodb';
import type { Entry, EntryOp } from './entry.ts';

export type Packing = 'none' | 'zstd';

export interface PackedOps {
  readonly packing: Packing;
  readonly body: Uint8Array;
}

export interface EntryDocument extends Omit<Entry, 'ops' | 'bytes'>, PackedOps {
  /** Each entity of its ops once. */
  readonly entities: readonly string[];
}

/** Which ops a reader wants, by what can be seen of one without decoding it. */
export interface WantedOps {
  readonly entity?: string;
  readonly keys?: ReadonlySet<string>;
  readonly list?: string;
}

/** A smaller body is a few ops: packing it costs this process as much as its bytes cost the database. */
const packedBytesMin = 4 << 10;
/** The ops of an entry are alike: it packs them to a twelfth. Level 9 to a thirteenth in six times the time, level -5 to a
 * seventh in no less. */
const zstdLevel = 1;
/** The largest document there is. What unpacks to more was not packed here. */
const unpackedBytesMax = 17 << 20;

const serializing = { ignoreUndefined: true } as const;
const deserializing = { useBigInt64: true, promoteBuffers: true } as const;

export function toDocument({ ops, bytes = opsBytes(ops), ...entry }: Entry): EntryDocument {
  const entities = [...new Set(ops.map(({ entity }) => entity))];
  if (bytes.length < packedBytesMin) return { ...entry, entities, packing: 'none', body: bytes };
  const params = { [constants.ZSTD_c_compressionLevel]: zstdLevel };
  return { ...entry, entities, packing: 'zstd', body: zstdCompressSync(bytes, { params }) };
}

/** The same document with its body as it was before packing. */
export function unpacked(document: EntryDocument): EntryDocument {
  return document.packing === 'none'
    ? document
    : { ...document, packing: 'none', body: unpackedBody(document) };
}

export function toEntry(document: EntryDocument, wanted?: WantedOps): Entry {
  const { entities: _, packing, body, ...entry } = document;
  return { ...entry, ops: opsIn({ packing, body }, wanted) };
}

/** The ops that are wanted, in their order; all of them when nothing says which. */
export function opsIn(packed: PackedOps, wanted: WantedOps = {}): EntryOp[] {
  const bytes = unpackedBody(packed);
  const isWanted = wantedIn(bytes, wanted);
  const ops: EntryOp[] = [];
  eachOp(bytes, (start, end) => {
    if (!isWanted(start, end)) return;
    const op = BSON.deserialize(bytes.subarray(start, end), deserializing) as EntryOp;
    if (wanted.list === undefined || op.lists?.includes(wanted.list)) ops.push(op);
  });
  return ops;
}

/** Shows where each op begins and ends, by its place among them. Throws for what cannot be ops. */
export function eachOp(bytes: Buffer, show: (start: number, end: number, index: number) => void): void {
  for (let start = 0, index = 0; start < bytes.length; index += 1) {
    const end = start + bytes.readInt32LE(start);
    if (end <= start || end > bytes.length) throw new Error(`an entry’s body is damaged at byte ${start}`);
    show(start, end, index);
    start = end;
  }
}

/** The ops recorded under a key, as a copy of their bytes. */
export function copyOf(bytes: Buffer, key: string): Buffer {
  const isWanted = wantedIn(bytes, { keys: new Set([key]) });
  const found: Buffer[] = [];
  eachOp(bytes, (start, end) => {
    if (isWanted(start, end)) found.push(bytes.subarray(start, end));
  });
  return Buffer.concat(found);
}

/** The ops as they are stored, before packing: one after the other. */
export function opsBytes(ops: readonly EntryOp[]): Buffer {
  return Buffer.concat(ops.map(opBytes));
}

function opBytes({ entity, key, ...rest }: EntryOp): Uint8Array {
  return BSON.serialize({ entity, key, ...rest }, serializing);
}

/** The ops' bytes as they were before packing. */
export function unpackedBody({ packing, body }: PackedOps): Buffer {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.length);
  switch (packing) {
    case 'none':
      return bytes;
    case 'zstd':
      return zstdDecompressSync(bytes, { maxOutputLength: unpackedBytesMax });
    default:
      throw new Error(`an entry is packed as ${packing satisfies never}, which this version cannot read`);
  }
}

/** A BSON document begins with its length, a string with its type, its field's name and its own length. */
const entityAt = 4 + 1 + 'entity\0'.length;
const toKey = 1 + 'key\0'.length;

/** As a text stands in BSON: with a zero behind it. */
function textOf(text: string | undefined): Buffer | undefined {
  return text === undefined ? undefined : Buffer.from(`${text}\0`);
}

function wantedIn(bytes: Buffer, { entity, keys, list }: WantedOps): (start: number, end: number) => boolean {
  const [onlyKey] = keys?.size === 1 ? keys : [];
  const named = textOf(entity);
  const keyed = textOf(onlyKey);
  const listed = textOf(list);
  const isAt = (text: Buffer, from: number, end: number) =>
    end - from === text.length && bytes.compare(text, 0, text.length, from, end) === 0;
  return (start, end) => {
    const from = start + entityAt + 4;
    const entityEnd = from + bytes.readInt32LE(from - 4);
    if (named && !isAt(named, from, entityEnd)) return false;
    if (keys) {
      const keyFrom = entityEnd + toKey + 4;
      const keyEnd = keyFrom + bytes.readInt32LE(keyFrom - 4);
      const isWanted = keyed
        ? isAt(keyed, keyFrom, keyEnd)
        : keys.has(bytes.toString('utf8', keyFrom, keyEnd - 1));
      if (!isWanted) return false;
    }
    return !listed || bytes.subarray(start, end).includes(listed);
  };
}
