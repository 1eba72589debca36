// Puts the journal together: prepares the database, finds the tails, serves reads, writes checkpoints.
//
// A checkpoint says of a stream: at entry n these entities were open. A start reads from there to the tail and so
// finds the open work, whatever the journal's length. A checkpoint is only a place to begin reading: without one, or
// with an old one, the start reads more and finds the same.

import type { Db } from 'mongodb';
import type { Clock, Failpoints, Logger, Random } from '../runtime/index.ts';
import { noFailpoints } from '../runtime/index.ts';
import type { State } from './decision.ts';
import { type Entry, recordedIn, recordedOp } from './entry.ts';
import { createFlusher } from './flush.ts';
import { journalFormat, requireFormat } from './format.ts';
import type { EntityRules, Journal, RecordedOp } from './journal.ts';
import { defaultJournalLimits, type JournalLimits } from './limits.ts';
import { readList } from './list.ts';
import { createMongoStore } from './mongo-store.ts';
import { streamCountMax, streamNames, streamOf } from './placement.ts';
import type { Checkpoint, JournalStore } from './store.ts';
import { createStreamCache } from './stream-cache.ts';
import { createStreamReader } from './stream-reader.ts';

/** Entries of a history that one read returns unless asked otherwise. */
const historyEntriesDefault = 200;

export interface JournalOptions {
  /** From `connectDatabase`. One journal per database. */
  readonly database: Db;
  readonly rules: EntityRules;
  /** The service whose entities these are, such as `order`. A database that another one has begun is refused. */
  readonly owner: string;
  /** Streams of a new database, 1 to 256. An existing one keeps its number. More streams only help several writers. */
  readonly streamCount: number;
  /** Names this process, such as `order-3f2a`; differs from that of every other process, also after a restart. */
  readonly writer: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly failpoints?: Failpoints;
  readonly limits?: Partial<JournalLimits>;
}

/** Resolves when the indexes exist and every stream was read to its tail. Rejects when either cannot be. */
export function createJournal({ database, ...options }: JournalOptions): Promise<Journal> {
  return createJournalOn(createMongoStore(database), options);
}

/** The same on any store, for the contract suite and the simulation. */
export async function createJournalOn(
  store: JournalStore,
  options: Omit<JournalOptions, 'database'>,
): Promise<Journal> {
  const { rules, clock, random, log, writer } = options;
  const limits: JournalLimits = { ...defaultJournalLimits, ...options.limits };
  if (
    !Number.isInteger(options.streamCount) ||
    options.streamCount < 1 ||
    options.streamCount > streamCountMax
  ) {
    throw new Error(`JOURNAL_STREAMS must be a whole number from 1 to ${streamCountMax}`);
  }
  const settings = await store.settings({
    streamCount: options.streamCount,
    owner: options.owner,
    format: journalFormat,
  });
  const { streamCount, owner } = settings;
  if (owner !== options.owner) {
    throw new Error(
      `The journal in this database is the ${owner} service's, not the ${options.owner} service's: ` +
        'give each service a MONGODB_DATABASE of its own.',
    );
  }
  // Before anything is made in it: a journal that this version cannot read stays as it is.
  requireFormat(settings);
  await store.prepare();
  const streams = streamNames(streamCount);
  const streamOfEntity = (entity: string) => streamOf(rules.placementOf?.(entity) ?? entity, streamCount);
  const cache = createStreamCache(rules, limits, writer);
  const failpoints = options.failpoints ?? noFailpoints;
  const reader = createStreamReader(store, cache, limits, streamOfEntity);
  const flusher = createFlusher({
    reader,
    log,
    store,
    cache,
    rules,
    streamOfEntity,
    writer,
    clock,
    random,
    failpoints,
    limits,
  });

  const checkpointed = new Map<string, number>();
  for (const stream of streams) {
    const { checkpoint, before } = await usableCheckpoint(store, stream, limits.nearEntries);
    cache.begin(stream, checkpoint, before);
    checkpointed.set(stream, checkpoint?.seq ?? 0);
  }
  await flusher.refresh(streams);

  async function writeCheckpoints(): Promise<void> {
    for (const stream of streams) {
      const seq = cache.tailOf(stream) ?? 0;
      if (seq === checkpointed.get(stream)) continue;
      const open = [...cache.open()].filter(([, openEntity]) => openEntity.stream === stream);
      if (open.length > limits.checkpointOpenMax) {
        log.warn(
          { stream, open: open.length },
          'too many open entities for a checkpoint: the next start reads more',
        );
        continue;
      }
      await store.writeCheckpoint({
        stream,
        seq,
        open: open.map(([entity, { state, openedAt }]) => ({ entity, state, openedAt })),
      });
      checkpointed.set(stream, seq);
    }
  }

  const closing = new AbortController();
  const checkpointing = (async () => {
    while (!closing.signal.aborted) {
      await clock.sleep(limits.checkpointEveryMs, closing.signal);
      await writeCheckpoints().catch((error: unknown) => log.debug({ err: error }, 'checkpoint not written'));
    }
  })();

  return {
    submit: (submission) => flusher.submit(submission),
    streamOf: streamOfEntity,
    knows: (key) => cache.hasKey(key) || flusher.isUnderWay(key),
    delayMs: () => flusher.delayMs(),
    rememberedState: (entity) => cache.entity(entity)?.state,
    async readKey(key) {
      const [part] = await store.findByKeys([key]);
      return part && recordedIn(part).get(key);
    },
    async readState(entity, fromSeq): Promise<State | undefined> {
      const newest = await reader.findNewest(entity, fromSeq);
      return newest?.ops.at(-1)?.state ?? undefined;
    },
    async history(entity, { limit = historyEntriesDefault, newestFirst = false, ...range } = {}) {
      const parts = await store.findHistory(entity, { ...range, limit, newestFirst });
      return parts.flatMap((part) => {
        const ops = part.ops.map((op) => recordedOp(part, op));
        return newestFirst ? ops.reverse() : ops;
      });
    },
    list: (name, page) => readList(store, name, page),
    openEntities: () => cache.open(),
    follow: () => flusher.refresh(streams),
    onOp: (listener) => cache.onOp(listener),
    scan: () => scan(store, streams, limits.readEntriesMax),
    checkpoint: writeCheckpoints,
    async close() {
      closing.abort();
      await checkpointing;
      await flusher.close();
    },
  };
}

/**
 * A checkpoint counts only if its entry is there: one ahead of the stream (a restored backup) would let two
 * processes append at two places, each believing to have seen everything. The entries before it come along: one read finds
 * what is busy, where hundreds of requests right after the start would each look for theirs.
 */
async function usableCheckpoint(
  store: JournalStore,
  stream: string,
  nearEntries: number,
): Promise<{ checkpoint: Checkpoint | undefined; before: readonly Entry[] }> {
  const checkpoint = await store.readCheckpoint(stream);
  if (!checkpoint) return { checkpoint, before: [] };
  const fromSeq = Math.max(1, checkpoint.seq - nearEntries + 1);
  const before = await store.read(stream, fromSeq, checkpoint.seq - fromSeq + 1);
  const isThere = before.at(-1)?.seq === checkpoint.seq;
  if (!isThere) return { checkpoint: undefined, before: [] };
  // With one missing, what is remembered would be older than the tail says, and be decided on.
  const isWhole = before.length === checkpoint.seq - fromSeq + 1;
  return { checkpoint, before: isWhole ? before : [] };
}

async function* scan(
  store: JournalStore,
  streams: readonly string[],
  pageSize: number,
): AsyncIterable<RecordedOp> {
  for (const stream of streams) {
    for (let fromSeq = 1; ; fromSeq += pageSize) {
      const page = await store.read(stream, fromSeq, pageSize);
      for (const entry of page) for (const op of entry.ops) yield recordedOp(entry, op);
      if (page.length < pageSize) break;
    }
  }
}
