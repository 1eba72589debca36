// Compaction: moves cold entries into segments (segment.ts), off the order's path. It decides which are cold, keeps the pace,
// and may be killed at any moment: what it left is laid or switched, and the next run goes on from there.
//
//   cold    Older than an age, before the stream's checkpoint, and not among its newest entries.
//   lay     A segment is written beside its entries, claiming nothing of theirs (lay-segment.ts).
//   wait    Until every read that began before has ended: from then on no read can miss both (mongo-reads.ts).
//   switch  One transaction for each segment, in the order of the stream (switch-segment.ts).

import type { Db } from 'mongodb';
import type { Clock, Failpoints } from '../runtime/index.ts';
import { requireFormat } from './format.ts';
import { ensureIndexes } from './indexes.ts';
import { laySegment } from './lay-segment.ts';
import { checkpointsOf, journalOf, settingsOf } from './mongo-store.ts';
import { streamNames } from './placement.ts';
import {
  defaultSegmentLimits,
  placeKey,
  type SegmentDocument,
  type SegmentLimits,
  segmentId,
} from './segment.ts';
import { switchToSegment } from './switch-segment.ts';

export interface CompactionLimits {
  readonly segment: SegmentLimits;
  /** Fewer cold entries than this are left for the next run: a segment of a few hardly packs. */
  readonly entriesMin: number;
  /** Between laying segments and deleting their entries. Reads are bounded by 10 s at the database (`readDurationMsMax`). */
  readonly graceMs: number;
  /** Segments laid before one such wait: their entries and they are on disk together for so long, 100 MB at the most. */
  readonly laidMax: number;
  /** Rest after each step, as a multiple of what the step took: two means a third of one connection's work. */
  readonly restFactor: number;
  /** Attempts at one switch, a little over two minutes: a dead compactor's transaction is ended after one. */
  readonly attemptsMax: number;
}

export const defaultCompactionLimits: CompactionLimits = {
  segment: defaultSegmentLimits,
  entriesMin: 32,
  graceMs: 15_000,
  laidMax: 200,
  restFactor: 2,
  attemptsMax: 20,
};

export interface CompactionOptions {
  /** From `connectDatabase`. Services may write and read it meanwhile, and other compactors work on it. */
  readonly database: Db;
  readonly clock: Clock;
  readonly failpoints: Failpoints;
  /** Older than this is cold. Younger entries are those that callers ask for again, and are cheaper to read alone. */
  readonly olderThanMs: number;
  /** Of each stream, before its checkpoint. What a service that was away for a while reads to catch up stands alone. */
  readonly newestKept: number;
  /** Only these, so that several compactors can share a large journal. Left out: all. */
  readonly streams?: readonly string[];
  readonly limits?: Partial<CompactionLimits>;
  /** Aborting it ends the run after the step under way. */
  readonly signal?: AbortSignal;
  /** Told after each segment what was moved in its stream so far. */
  onSegment?(stream: string, moved: Moved): void;
}

/** What a run moved. Bytes are BSON, before the database's own compression. */
export interface Moved {
  readonly entryCount: number;
  readonly segmentCount: number;
  readonly bytesBefore: number;
  readonly bytesAfter: number;
}

const nothing: Moved = { entryCount: 0, segmentCount: 0, bytesBefore: 0, bytesAfter: 0 };

/**
 * Moves what is cold and returns what it moved. Running it again, in the middle, several times at once, or after a kill is as
 * safe as running it once. Throws when the journal is damaged or the database does not answer; then nothing is half done.
 */
export async function compactJournal(options: CompactionOptions): Promise<Moved> {
  const { database } = options;
  const settings = await settingsOf(database).findOne({ _id: 'journal' });
  if (!settings) throw new Error(`There is no journal in database "${database.databaseName}".`);
  requireFormat(settings, database.databaseName);
  await ensureIndexes(journalOf(database));
  let moved = nothing;
  const streams = streamNames(settings.streamCount);
  const unknown = options.streams?.find((stream) => !streams.includes(stream));
  if (unknown !== undefined) {
    throw new Error(
      `"${database.databaseName}" has no stream ${unknown}: its are s0 to s${streams.length - 1}.`,
    );
  }
  for (const stream of options.streams ?? streams) {
    moved = sum(moved, await compactStream(options, stream));
    if (options.signal?.aborted) break;
  }
  return moved;
}

async function compactStream(options: CompactionOptions, stream: string): Promise<Moved> {
  const { database, clock, failpoints, signal } = options;
  const documents = journalOf(database);
  const limits = { ...defaultCompactionLimits, ...options.limits };
  const checkpoint = await checkpointsOf(database).findOne({ _id: stream });
  const cold = {
    lastSeq: (checkpoint?.seq ?? 0) - options.newestKept,
    before: new Date(clock.nowMs() - options.olderThanMs),
    entriesMin: limits.entriesMin,
  };
  const pace = createPace(clock, limits.restFactor, signal);
  let moved = nothing;
  let nextSeq = (await lastMovedSeq(options, stream, cold.lastSeq)) + 1;
  while (!signal?.aborted) {
    const laid: string[] = [];
    while (laid.length < limits.laidMax && !signal?.aborted) {
      const place = { stream, firstSeq: nextSeq };
      const lastSeq = await pace(() => laySegment(documents, place, cold, limits.segment, failpoints));
      if (lastSeq === undefined) break;
      laid.push(segmentId(stream, nextSeq));
      nextSeq = lastSeq + 1;
    }
    if (laid.length === 0) return moved;
    await clock.sleep(limits.graceMs, signal);
    const deps = { client: database.client, documents, clock, failpoints, attemptsMax: limits.attemptsMax };
    for (const id of laid) {
      // What is laid and not switched waits for the next run.
      if (signal?.aborted) return moved;
      const switched = await pace(() => switchToSegment(deps, id));
      if (!switched) continue;
      moved = sum(moved, { ...switched, segmentCount: 1 });
      options.onSegment?.(stream, moved);
    }
  }
  return moved;
}

/** Segments are switched to in the order of the stream, so what is moved is its beginning: it is found by halving. */
async function lastMovedSeq(
  { database }: CompactionOptions,
  stream: string,
  endSeq: number,
): Promise<number> {
  let [moved, end] = [0, endSeq + 1];
  while (end - moved > 1) {
    const middle = Math.floor((moved + end) / 2);
    const filter = { keys: placeKey(stream, middle) };
    const holder = await journalOf(database).findOne<Partial<Pick<SegmentDocument, 'lastSeq'>>>(filter, {
      projection: { lastSeq: 1 },
    });
    if (holder?.lastSeq === undefined) end = middle;
    else moved = holder.lastSeq;
  }
  return moved;
}

/** Each step is followed by a rest, so that services feel little of it. */
function createPace(clock: Clock, restFactor: number, signal: AbortSignal | undefined) {
  return async <T>(step: () => Promise<T>): Promise<T> => {
    const beganAtMs = clock.nowMs();
    const result = await step();
    await clock.sleep(Math.max(0, clock.nowMs() - beganAtMs) * restFactor, signal);
    return result;
  };
}

function sum(a: Moved, b: Moved): Moved {
  return {
    entryCount: a.entryCount + b.entryCount,
    segmentCount: a.segmentCount + b.segmentCount,
    bytesBefore: a.bytesBefore + b.bytesBefore,
    bytesAfter: a.bytesAfter + b.bytesAfter,
  };
}
