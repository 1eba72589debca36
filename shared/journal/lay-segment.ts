// Laying: writes the next segment of a stream beside the entries that it will stand for. It deletes nothing.

import type { Collection } from 'mongodb';
import type { Failpoints } from '../runtime/index.ts';
import type { EntryDocument } from './entry-document.ts';
import { readDurationMsMax } from './mongo-reads.ts';
import {
  fittingCount,
  packSegment,
  type RawEntry,
  type SegmentDocument,
  type SegmentLimits,
  segmentDurationMsMax,
  segmentId,
  toRawEntry,
} from './segment.ts';

/** Which entries may be moved at all. */
export interface Cold {
  /** The last entry that may. */
  readonly lastSeq: number;
  /** None that is newer. */
  readonly before: Date;
  /** A shorter run is left for the next time, unless it has ended: no later entry can join it. */
  readonly entriesMin: number;
}

/** Entries in one read, far below what one reply may hold. */
const pageSize = 100;
const duplicateKeyCode = 11000;

/**
 * Lays the segment that begins at `firstSeq` and returns its last seq; undefined when there are not enough cold entries. If
 * it is there already, whoever laid it and however far it is since, nothing is written. Harmless at any moment: it is not
 * read as long as its entries are there, and they never change.
 */
export async function laySegment(
  documents: Collection<EntryDocument | SegmentDocument>,
  place: { readonly stream: string; readonly firstSeq: number },
  cold: Cold,
  limits: SegmentLimits,
  failpoints: Failpoints,
): Promise<number | undefined> {
  const laid = await lastSeqOf(documents, place);
  if (laid !== undefined) return laid;
  const entries = await nextEntries(documents, place, cold, limits);
  const last = entries.at(-1);
  if (!last) return undefined;
  const segment = await packSegment(entries);
  await failpoints.reach('compaction.before_lay');
  try {
    await documents.insertOne(segment);
  } catch (error) {
    // Another compactor laid it, or the answer was lost: what is there counts, not what was wished.
    const found = await lastSeqOf(documents, place);
    if (found === undefined || (error as { code?: unknown }).code !== duplicateKeyCode) throw error;
    return found;
  }
  await failpoints.reach('compaction.after_lay');
  return last.entry.seq;
}

async function lastSeqOf(
  documents: Collection<EntryDocument | SegmentDocument>,
  { stream, firstSeq }: { readonly stream: string; readonly firstSeq: number },
): Promise<number | undefined> {
  const filter = { _id: segmentId(stream, firstSeq) };
  const found = await documents.findOne<Pick<SegmentDocument, 'lastSeq'>>(filter, {
    projection: { lastSeq: 1 },
  });
  return found?.lastSeq;
}

async function nextEntries(
  documents: Collection<EntryDocument | SegmentDocument>,
  { stream, firstSeq }: { readonly stream: string; readonly firstSeq: number },
  cold: Cold,
  limits: SegmentLimits,
): Promise<RawEntry[]> {
  const entries: RawEntry[] = [];
  for (;;) {
    const fromSeq = firstSeq + entries.length;
    const page = await readRaw(documents, stream, fromSeq, Math.min(fromSeq + pageSize - 1, cold.lastSeq));
    const hot = page.findIndex(({ entry }) => entry.at >= cold.before);
    entries.push(...(hot === -1 ? page : page.slice(0, hot)));
    const { count, isFull } = fittingCount(entries, limits);
    if (isFull) return entries.slice(0, count);
    if (page.length === pageSize && hot === -1) continue;
    const firstAtMs = entries[0]?.entry.at.getTime() ?? Number.POSITIVE_INFINITY;
    const hasEnded = cold.before.getTime() - firstAtMs > segmentDurationMsMax;
    return hasEnded || entries.length >= cold.entriesMin ? entries : [];
  }
}

/** The entries that stand alone from `fromSeq` to `lastSeq`, as the bytes that the database holds. Throws at a gap. */
export async function readRaw(
  documents: Collection<EntryDocument | SegmentDocument>,
  stream: string,
  fromSeq: number,
  lastSeq: number,
): Promise<RawEntry[]> {
  if (lastSeq < fromSeq) return [];
  const filter = { stream, seq: { $gte: fromSeq, $lte: lastSeq }, lastSeq: { $exists: false } };
  const options = { raw: true, maxTimeMS: readDurationMsMax };
  const found = (await documents.find(filter, options).toArray()) as unknown as Uint8Array[];
  const entries = found.map(toRawEntry).sort((a, b) => a.entry.seq - b.entry.seq);
  const gap = entries.findIndex(({ entry }, index) => entry.seq !== fromSeq + index);
  if (gap !== -1) throw new Error(`stream ${stream}: entry ${fromSeq + gap} is missing, so nothing is moved`);
  return entries;
}
