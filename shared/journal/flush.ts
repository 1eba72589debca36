// The flush: how submissions become entries. The only code that appends.
//
// One flush is in flight at a time. What arrives meanwhile waits and goes out with the next one: for each stream
// touched one entry, all entries in one insert. So an idle service answers after one round trip, and under load the
// batch grows instead of the queue.
//
// A flush goes through these stages, and a submission that cannot be finished goes back to the head of the queue:
//   known     Keys seen lately are answered from memory. Keys that were contested, and every key while duplicates
//             are being seen, are looked up by one read: a storm of retries costs reads, not failed writes.
//   refresh   A stream that lost a race, or whose last insert has an unknown outcome, is read from its tail on.
//   load      Entities not remembered are read. Those that are likely new are not.
//   draft     Each submission decides on the state that the one before left.
//   insert    One insert. Inserted: the answer leaves. Duplicate: somebody else claimed the entry's place or one
//             of its keys; no matter which, the submissions go back marked as contested.
//
// Why nothing happens twice: an entry claims its place in the stream, the keys of its submissions, and `first/…` for
// entities that begin, all under unique indexes, in one insert. Whoever drafted from an old tail loses; whoever repeats a
// key loses. After an insert whose answer was lost the submission goes the same way: if the key is found, it had happened; if
// the old insert arrives later, it finds its place taken, or takes it, and we find the key then. A submission that its state
// proves claims no key and is safe by its place alone, which nobody else can have: reading on from the tail shows whether its
// insert happened, and decided again on what it left it changes nothing.

import type { Clock, Failpoints, Logger, Random } from '../runtime/index.ts';
import { createBatchDrafter, type Draft, type Fault, withFollowers } from './draft-batch.ts';
import { recordedIn } from './entry.ts';
import { createFlushDelay } from './flush-delay.ts';
import {
  type EntityRules,
  JournalUnavailableError,
  KeyReusedError,
  type Recorded,
  type RecordedKey,
  type Submission,
} from './journal.ts';
import type { JournalLimits } from './limits.ts';
import { createPace } from './pace.ts';
import { createQueue } from './queue.ts';
import type { JournalStore } from './store.ts';
import type { StreamCache } from './stream-cache.ts';
import type { StreamReader } from './stream-reader.ts';
import { createUnderWay } from './under-way.ts';
import { expire, type Waiting } from './waiting.ts';

export interface FlushDependencies {
  readonly store: JournalStore;
  readonly cache: StreamCache;
  readonly reader: StreamReader;
  readonly rules: EntityRules;
  readonly streamOfEntity: (entity: string) => string;
  /** Names this process in every entry it writes. */
  readonly writer: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly failpoints: Failpoints;
  readonly limits: JournalLimits;
}

export interface Flusher {
  submit(submission: Submission): Promise<Recorded>;
  isUnderWay(key: string): boolean;
  /** How much longer than it must a submission waited, on average since this was last asked. */
  delayMs(): number;
  /** Reads what others appended to the stream. In turn with the flushes, so that the cache has one writer. */
  refresh(streams: readonly string[]): Promise<void>;
  /** Refuses new submissions and waits for those under way. */
  close(): Promise<void>;
}

const nobody: ReadonlySet<Waiting> = new Set();

export function createFlusher(deps: FlushDependencies): Flusher {
  const { store, cache, clock, failpoints, limits, reader } = deps;
  const underWay = createUnderWay(enqueue);
  const drafter = createBatchDrafter(deps, underWay);
  const pace = createPace({ ...deps, othersAtMs: cache.othersAtMs });
  const delay = createFlushDelay(clock);
  const queue = createQueue();
  const staleStreams = new Set<string>();
  let turn: Promise<unknown> = Promise.resolve();
  let scheduled = false;
  let hasAlarm = false;
  let closed = false;
  let flushing: ReadonlySet<Waiting> = nobody;
  // Right after a start the retries of what a crash interrupted arrive, so the first keys are looked up.
  let lookUpUntilMs = clock.nowMs() + limits.lookUpDurationMs;

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = turn.then(work);
    turn = result.catch(() => undefined);
    return result;
  }

  function schedule(): void {
    if (scheduled || !(queue.hasDue(clock.nowMs()) || (closed && queue.size() > 0))) return;
    scheduled = true;
    void inTurn(async () => {
      await pace.turn(queue);
      scheduled = false;
      await flush();
      schedule();
    });
  }

  /** One alarm for all the patient ones: whoever came later than the first waits for the next. */
  function wakeAfter(patienceMs: number): void {
    if (hasAlarm) return;
    hasAlarm = true;
    void clock.sleep(patienceMs).then(() => {
      hasAlarm = false;
      schedule();
      if (queue.size() > 0) wakeAfter(patienceMs);
    });
  }

  function enqueue(submission: Submission): Promise<Recorded> {
    if (closed) return Promise.reject(new JournalUnavailableError('the journal is closed'));
    if (queue.size() >= limits.queuedSubmissionsMax) {
      return Promise.reject(new JournalUnavailableError('too many submissions wait for the database'));
    }
    const stream = deps.streamOfEntity(submission.entities[0] ?? '');
    if (
      submission.entities.length === 0 ||
      submission.entities.some((name) => deps.streamOfEntity(name) !== stream)
    ) {
      return Promise.reject(new Error(`submission ${submission.key} needs entities of exactly one stream`));
    }
    return new Promise<Recorded>((resolve, reject) => {
      const patienceMs = submission.patienceMs ?? 0;
      const waiting: Waiting = {
        submission,
        stream,
        deadlineAtMs: clock.nowMs() + limits.submitDurationMsMax,
        patientUntilMs: patienceMs > 0 ? clock.nowMs() + patienceMs : 0,
        likelyNew: [...(submission.likelyNew ?? []), ...(submission.derivedNew ?? [])],
        contested: false,
        writers: [],
        resolve,
        reject,
      };
      const recorded = cache.recentKey(submission.key);
      if (recorded) return answer(waiting, recorded);
      queue.push(waiting);
      if (patienceMs > 0) wakeAfter(patienceMs);
      else schedule();
    });
  }

  async function flush(): Promise<void> {
    const beganAtMs = clock.nowMs();
    const waitedCount = queue.urgentCount();
    const open = new Set(queue.take(pace.submissionsMax()));
    const carriedCount = waitedCount - queue.urgentCount();
    expire(open, clock.nowMs(), undefined);
    const batch = [...open];
    if (batch.length === 0) return;
    flushing = open;
    try {
      let rest = answerFromMemory(batch, open);
      rest = await lookUp(rest, open);
      await refreshStreams(new Set(rest.map(({ stream }) => stream)));
      rest = answerFromMemory(rest, open);
      const states = await reader.load(rest.flatMap(withFollowers));
      const { drafts, faults } = drafter.draft(rest, states);
      await judgeFaults(faults, open);
      const lostRaces = await insert(drafts, open);
      if (lostRaces > 0) await pace.afterLostRace();
      else if (drafts.length > 0) pace.afterSuccess(clock.nowMs() - beganAtMs, carriedCount);
    } catch (error) {
      for (const waiting of open) contest(waiting);
      await pace.afterFailure(error);
      expire(open, clock.nowMs(), error);
    }
    flushing = nobody;
    queue.putBack(open);
  }

  /** Of those under way or next; the patient ones wait because they may. */
  function oldestWaitsMs(): number {
    const oldest = [...flushing, queue.oldest()].find((waiting) => waiting && !waiting.submission.patienceMs);
    return oldest ? clock.nowMs() - sinceMs(oldest) : 0;
  }

  const sinceMs = ({ deadlineAtMs }: Waiting): number => deadlineAtMs - limits.submitDurationMsMax;

  function contest(waiting: Waiting): void {
    waiting.contested = true;
    waiting.likelyNew = [];
    waiting.patientUntilMs = 0;
    staleStreams.add(waiting.stream);
  }

  function answer(waiting: Waiting, recorded: RecordedKey): void {
    const { key, fingerprint } = waiting.submission;
    if (fingerprint !== '' && recorded.fingerprint !== fingerprint) waiting.reject(new KeyReusedError(key));
    else waiting.resolve({ ...recorded, replayed: !waiting.writers.includes(recorded.writer) });
  }

  function answerFromMemory(batch: readonly Waiting[], open: Set<Waiting>): Waiting[] {
    return batch.filter((waiting) => {
      const recorded = cache.recentKey(waiting.submission.key);
      if (recorded && open.delete(waiting)) answer(waiting, recorded);
      return !recorded;
    });
  }

  async function lookUp(batch: Waiting[], open: Set<Waiting>): Promise<Waiting[]> {
    const everyKey = clock.nowMs() < lookUpUntilMs;
    const asked = batch.filter((waiting) => everyKey || waiting.contested);
    if (asked.length === 0) return batch;
    const found = await store.findByKeys(asked.map(({ submission }) => submission.key));
    found.forEach(cache.rememberKeys);
    const known = new Map(found.flatMap((part) => [...recordedIn(part)]));
    for (const waiting of asked) {
      const recorded = known.get(waiting.submission.key);
      if (!recorded) continue;
      open.delete(waiting);
      answer(waiting, recorded);
      lookUpUntilMs = clock.nowMs() + limits.lookUpDurationMs;
    }
    return batch.filter((waiting) => open.has(waiting));
  }

  async function refreshStreams(touched: ReadonlySet<string>): Promise<void> {
    for (const stream of touched) {
      if (!staleStreams.has(stream) && !pace.isInCompany()) continue;
      await reader.readNewer(stream);
      staleStreams.delete(stream);
    }
  }

  /**
   * A decision that throws takes nobody along, and is a fault of its rules only if it was taken on what is recorded. Its
   * state may be old, while it knows better from a key that another process recorded: it is read and decided again, as
   * if it had lost a race. Or its state may be newer than the look-up of its own key, which has moved it meanwhile.
   */
  async function judgeFaults(faults: readonly Fault[], open: Set<Waiting>): Promise<void> {
    const fresh = faults.filter(({ waiting }) => waiting.contested);
    for (const { waiting } of faults) contest(waiting);
    await lookUp(
      fresh.map(({ waiting }) => waiting),
      open,
    );
    for (const { waiting, error } of fresh) if (open.delete(waiting)) waiting.reject(error);
  }

  /** Returns how many entries lost their race. */
  async function insert(drafts: readonly Draft[], open: Set<Waiting>): Promise<number> {
    if (drafts.length === 0) return 0;
    const types = drafts.flatMap(({ entry }) => entry.ops.map(({ type }) => type));
    await failpoints.reach('journal.before_insert', types);
    const beganAtMs = clock.nowMs();
    const answers = await store.insert(drafts.map(({ entry }) => entry));
    const endedAtMs = clock.nowMs();
    await failpoints.reach('journal.after_insert', types);
    for (const [index, { entry, included }] of drafts.entries()) {
      if (answers[index] !== 'inserted') {
        for (const waiting of included) contest(waiting);
        continue;
      }
      const recordedKeys = cache.apply(entry);
      delay.note(
        endedAtMs - beganAtMs,
        included.flatMap(({ deadlineAtMs, submission }) =>
          submission.patienceMs ? [] : [endedAtMs - (deadlineAtMs - limits.submitDurationMsMax)],
        ),
      );
      for (const waiting of included) {
        const recorded = recordedKeys.get(waiting.submission.key);
        if (!recorded) throw new Error(`entry ${entry._id} lacks the op that was drafted into it`);
        open.delete(waiting);
        waiting.resolve({ ...recorded, replayed: false });
      }
    }
    return answers.filter((answer) => answer === 'duplicate').length;
  }

  return {
    submit: underWay.submit,
    isUnderWay: underWay.has,
    delayMs: () => delay.meanMs(oldestWaitsMs()),
    refresh: (streams) =>
      inTurn(async () => {
        for (const stream of streams) await reader.readNewer(stream);
      }),
    async close() {
      closed = true;
      schedule();
      while (queue.size() > 0 || scheduled) await inTurn(async () => undefined);
      await turn;
    },
  };
}
