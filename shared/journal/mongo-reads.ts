// The reads of the store on MongoDB: entries by key, place, entity and list, whether they stand alone or in a segment.
//
// Cold entries are moved into segments while services read (compaction.ts). A read is not one moment: it may meet an entry,
// or pass its place, before the switch, and the rest after it. Two rules keep every answer whole. A segment is laid long
// before the switch, so whatever a read misses it finds in the segment; what it finds twice counts once. And a read that
// asks twice asks for the entries first: the other way round both could be gone.

import type { Collection } from 'mongodb';
import type { Entry, EntryPart } from './entry.ts';
import { type EntryDocument, opsIn, type PackedOps, toEntry, type WantedOps } from './entry-document.ts';
import { JournalUnavailableError } from './journal.ts';
import { isPlaceKey, placeKey, type SegmentDocument, segmentDurationMsMax } from './segment.ts';
import { createSegmentReader } from './segment-reader.ts';
import type { JournalStore, ListPosition } from './store.ts';
import { createUnpackedBodies } from './unpacked-bodies.ts';

/** What a single read may take on the server. A read that takes longer lacks an index, and must not pile up. Compaction
 * waits for longer than this between laying a segment and deleting its entries. */
export const readDurationMsMax = 10_000;

type PartWithId = EntryPart & { readonly _id: string };

/** What a read finds: an entry, or a segment in its place. */
type Found = Omit<PartWithId, 'ops'> & PackedOps & Partial<Pick<SegmentDocument, 'lastSeq'>>;

type Place = Pick<Found, '_id' | 'seq' | 'lastSeq'>;

/** Places in one batch: more than the widest window holds, and some 5 MB. */
const placesMax = 100_000;

/** Between the two questions for an entity's newest entry it can become part of a segment, and that once. */
const newestReadsMax = 3;

/** Without the names for the indexes, and without what a segment holds. */
const part = { stream: 1, seq: 1, lastSeq: 1, writer: 1, at: 1, packing: 1, body: 1 };

export function createMongoReads(
  documents: Collection<EntryDocument | SegmentDocument>,
): Pick<JournalStore, 'findByKeys' | 'read' | 'findNewest' | 'findHistory' | 'findList'> {
  const options = { maxTimeMS: readDurationMsMax };
  const bodies = createUnpackedBodies();
  const segments = createSegmentReader(documents as unknown as Collection<SegmentDocument>, options);

  function find(
    filter: Record<string, unknown>,
    {
      sort,
      limit,
      batchSize = limit,
    }: { sort?: Record<string, 1 | -1>; limit?: number; batchSize?: number } = {},
  ): Promise<Found[]> {
    // One batch: a reader that falls asleep between two batches would not see one moment's journal.
    const cursor = documents.find(filter, {
      ...options,
      ...(limit === undefined ? {} : { limit }),
      ...(batchSize === undefined ? {} : { batchSize }),
    });
    return (sort ? cursor.sort(sort) : cursor).project<Found>(part).toArray();
  }

  /**
   * Where the entity stands, in any order. Not the newest one itself by a sort: it is the ops that cost, and a database that
   * sorts by reading everything reads them all.
   */
  function placesOf(entity: string, fromSeq: number): Promise<Place[]> {
    return documents
      .find(
        { entities: entity, ...between(fromSeq, Number.POSITIVE_INFINITY) },
        { ...options, batchSize: placesMax },
      )
      .project<Place>({ seq: 1, lastSeq: 1 })
      .toArray();
  }

  /** What was found, as parts of entries with only the ops that are wanted. */
  async function partsOf(found: Found, names: readonly string[], wanted: WantedOps): Promise<PartWithId[]> {
    if (found.lastSeq === undefined) {
      const { _id, stream, seq, writer, at } = found;
      return [{ _id, stream, seq, writer, at, ops: opsIn(bodies.of(found), wanted) }];
    }
    const entries = await segments.entriesNaming(found._id, names, wanted);
    return entries.map(({ _id, stream, seq, writer, at, ops }) => ({ _id, stream, seq, writer, at, ops }));
  }

  return {
    findByKeys: (keys) =>
      reading(async () => {
        const filter = { keys: { $in: [...keys] } };
        const found = await find(filter, { batchSize: 2 * keys.length });
        const held = await heldKeys(documents, found, keys, options);
        const asked = new Set(keys);
        const parts: EntryPart[] = [];
        // One after the other: a storm of old requests must not unpack hundreds of segments at once.
        for (const one of found) {
          parts.push(...(await partsOf(one, held.get(one._id) ?? [], { keys: asked })));
        }
        return parts;
      }),

    // No sort: an index scan over so small a range gives the order for nothing, and where a planner does not see
    // that, sorting a page here is cheaper than a sort over the stream there.
    read: (stream, fromSeq, limit) =>
      reading(async () => {
        const endSeq = fromSeq + limit;
        const page = new Map<number, Entry>();
        const put = (entry: Entry) => page.set(entry.seq, withoutPlace(entry));
        const take = async ({ _id }: { readonly _id: string }) => {
          for (const entry of await segments.entriesBetween(_id, fromSeq, endSeq)) put(entry);
        };
        const found = await documents
          .find({ stream, seq: { $gte: fromSeq, $lt: endSeq } }, { ...options, batchSize: 2 * limit })
          .project<EntryDocument | Omit<SegmentDocument, 'packed'>>({ packed: 0 })
          .toArray();
        for (const one of found) if (!('lastSeq' in one)) put(toEntry(one));
        for (const one of found) {
          if (!('lastSeq' in one)) continue;
          const lastSeq = Math.min(one.lastSeq, endSeq - 1);
          for (let { seq } = one; seq <= lastSeq; seq += 1) {
            if (page.has(seq)) continue;
            await take(one);
            break;
          }
        }
        // The segment of this place begins before it.
        if (!page.has(fromSeq)) {
          const holder = await documents.findOne(
            { keys: placeKey(stream, fromSeq) },
            { ...options, projection: { seq: 1, lastSeq: 1 } },
          );
          if (holder && 'lastSeq' in holder) await take(holder);
        }
        return [...page.values()].sort((a, b) => a.seq - b.seq);
      }),

    findNewest: (entity, fromSeq) =>
      reading(async () => {
        for (let attempt = 1; attempt <= newestReadsMax; attempt += 1) {
          const places = await placesOf(entity, fromSeq);
          if (places.length === 0) return undefined;
          const ids = newestOf(places).map(({ _id }) => _id);
          const parts: PartWithId[] = [];
          for (const found of await find({ _id: { $in: ids } }, { batchSize: ids.length + 1 }))
            parts.push(...(await partsOf(found, [entity], { entity })));
          // What was deleted between the two questions stands in a segment now.
          if (parts.length > 0)
            return parts.reduce((newest, part) => (part.seq > newest.seq ? part : newest));
        }
        throw new Error(`the newest entry of ${entity} was moved away ${newestReadsMax} times`);
      }),

    findHistory: (entity, { afterSeq = 0, beforeSeq = Number.POSITIVE_INFINITY, limit, newestFirst }) =>
      reading(async () => {
        const parts = new Map<number, EntryPart>();
        const take = async (found: Found) => {
          for (const part of await partsOf(found, [entity], { entity })) {
            if (part.seq > afterSeq && part.seq < beforeSeq) parts.set(part.seq, part);
          }
        };
        // A segment and its first entry have one seq: a page that ends between them begins with both again.
        const pageSize = limit + 2;
        let [from, to] = [afterSeq + 1, beforeSeq - 1];
        for (;;) {
          const page = await find(
            { entities: entity, ...between(from, to) },
            {
              sort: { seq: newestFirst ? -1 : 1 },
              limit: pageSize,
            },
          );
          for (const found of page) if (parts.size < limit) await take(found);
          const last = page.at(-1);
          if (page.length < pageSize || !last || parts.size >= limit) break;
          if (newestFirst) to = last.seq;
          else from = last.seq;
        }
        // The segment in which the range begins is found before it. Looked for when the entries were.
        if (afterSeq > 0 && (!newestFirst || parts.size < limit)) {
          const before = { entities: entity, seq: { $lte: afterSeq } };
          for (const found of await find(before, { sort: { seq: -1 }, limit: 1 })) {
            if ((found.lastSeq ?? 0) > afterSeq) await take(found);
          }
        }
        return [...parts.values()]
          .sort((a, b) => (newestFirst ? b.seq - a.seq : a.seq - b.seq))
          .slice(0, limit);
      }),

    findList: (name, position, limit) =>
      reading(async () => {
        const parts = new Map<string, PartWithId>();
        const take = async (found: Found) => {
          for (const part of await partsOf(found, [name], { list: name })) {
            if (!position || isAfter(part, position)) parts.set(part._id, part);
          }
        };
        const listed = () =>
          [...parts.values()].sort((a, b) => (isAfter(a, { at: b.at, id: b._id }) ? 1 : -1));
        if (position) {
          const atMs = position.at.getTime();
          const span = {
            'span.lists': name,
            'span.to': { $gte: position.at, $lte: new Date(atMs + segmentDurationMsMax) },
            'span.from': { $lte: position.at },
          };
          for (const found of await find(span)) await take(found);
        }
        const pageSize = limit + 1;
        for (let from = position; ; ) {
          const page = await find(
            { lists: name, ...(from && olderThan(from)) },
            {
              sort: { at: -1, _id: -1 },
              limit: pageSize,
            },
          );
          const isLast = page.length < pageSize;
          for (const [index, found] of page.entries()) {
            await take(found);
            // A segment stands where its newest entry did: what is newer than what comes next is complete.
            const next = page[index + 1] ?? (isLast ? undefined : found);
            if (!next || parts.size < limit) continue;
            const complete = listed().filter(({ at }) => at > next.at);
            if (complete.length >= limit) return complete.slice(0, limit);
          }
          const last = page.at(-1);
          if (isLast || !last) return listed().slice(0, limit);
          from = { at: last.at, id: last._id };
        }
      }),
  };
}

/** Which of the keys each segment holds: looking for all of them in each would cost as many times more. */
async function heldKeys(
  documents: Collection<EntryDocument | SegmentDocument>,
  found: readonly Found[],
  keys: readonly string[],
  options: { readonly maxTimeMS: number },
): Promise<ReadonlyMap<string, readonly string[]>> {
  const ids = found.flatMap(({ _id, lastSeq }) => (lastSeq === undefined ? [] : [_id]));
  if (ids.length === 0) return new Map();
  const onlyAsked = { $filter: { input: '$keys', cond: { $in: ['$$this', [...keys]] } } };
  const segments = await documents
    .find({ _id: { $in: ids } }, { ...options, batchSize: ids.length + 1 })
    .project<Pick<SegmentDocument, '_id' | 'keys'>>({ keys: onlyAsked })
    .toArray();
  return new Map(segments.map((segment) => [segment._id, segment.keys]));
}

/**
 * The newest entry that stands alone, and the newest segment if it reaches beyond: a scan that was overtaken by a switch may
 * have missed newer entries, and then they are in that segment.
 */
function newestOf(places: readonly Place[]): Place[] {
  const newestIn = (some: readonly Place[]) =>
    some.reduce<Place | undefined>(
      (newest, place) => (newest && endOf(newest) > endOf(place) ? newest : place),
      undefined,
    );
  const alone = newestIn(places.filter(({ lastSeq }) => lastSeq === undefined));
  const segment = newestIn(places.filter(({ lastSeq }) => lastSeq !== undefined));
  const isBeyond = segment && (!alone || endOf(segment) > endOf(alone));
  return [...(alone ? [alone] : []), ...(isBeyond ? [segment] : [])];
}

const endOf = ({ seq, lastSeq }: Place): number => lastSeq ?? seq;

function between(from: number, to: number) {
  const seq = { ...(from > 1 ? { $gte: from } : {}), ...(Number.isFinite(to) ? { $lte: to } : {}) };
  return Object.keys(seq).length > 0 ? { seq } : {};
}

/** The entry as it was handed in: the claim of its place is the store's. */
function withoutPlace(entry: Entry): Entry {
  return { ...entry, keys: entry.keys.filter((key) => !isPlaceKey(key)) };
}

/** Whether it comes after the position in a list, the newest first. */
function isAfter({ _id, at }: PartWithId, position: ListPosition): boolean {
  const [atMs, positionMs] = [at.getTime(), position.at.getTime()];
  return atMs < positionMs || (atMs === positionMs && _id < position.id);
}

function olderThan({ at, id }: ListPosition) {
  return { $or: [{ at: { $lt: at } }, { at, _id: { $lt: id } }] };
}

/**
 * Whatever a read throws means the same to its caller: ask again. Not only the driver's own errors: in the moment in
 * which a server dies, it lets a socket's error through as it is.
 */
export async function reading<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw new JournalUnavailableError('the database did not answer', error);
  }
}
