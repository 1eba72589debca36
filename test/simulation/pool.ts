// The pool: seeds over the machine's cores, each in a worker thread that shares nothing with the others, so a seed gives what
// it gives alone. A worker that dies or falls silent is a failure of the seed that it was running.

import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { createSystemClock } from '../../shared/runtime/index.ts';
import type { Counts } from './simulation.ts';

export interface SeedRange {
  readonly first: number;
  readonly count: number;
}

/** What a worker tells of a seed. Empty failures: everything held. */
export interface SeedReport {
  readonly seed: number;
  readonly counts: Counts;
  readonly failures: readonly string[];
}

export interface PoolOutcome {
  readonly passedCount: number;
  readonly counts: Counts;
  /** The smallest seed that was found to fail. */
  readonly failed: { readonly seed: number; readonly failures: readonly string[] } | undefined;
}

export interface PoolOptions extends SeedRange {
  readonly workerCount?: number;
  /** Called after every seed that passed. */
  onPassed?(soFar: Pick<PoolOutcome, 'passedCount' | 'counts'>): void;
  /** Another script than the simulation's, for tests of the pool. */
  readonly script?: URL;
}

/** Seeds that a worker is given at once: enough that handing them out costs nothing, few enough that all end together. */
const rangeLength = 20;
/** What a seed leaves behind is garbage at once: in the usual sixteen it is collected, and copied, three times as often. */
const maxYoungGenerationSizeMb = 96;
/** Of one seed, in real time: it takes some hundredths of a second, so this is a loop that never waits. */
const silenceMsMax = 120_000;

/** Resolves when every seed has passed, or when one has failed and no smaller one is under way any more. */
export async function runSeeds(options: PoolOptions): Promise<PoolOutcome> {
  const { first, count, workerCount = availableParallelism(), onPassed } = options;
  const script = options.script ?? new URL('./worker.ts', import.meta.url);
  const counts = { events: 0, requests: 0, orders: 0, charges: 0 };
  const failed = new Map<number, readonly string[]>();
  let passedCount = 0;
  let next = first;

  function nextRange(): SeedRange | undefined {
    const left = first + count - next;
    if (left <= 0 || failed.size > 0) return undefined;
    const range = { first: next, count: Math.min(rangeLength, left) };
    next += range.count;
    return range;
  }

  function note({ counts: counted, failures, seed }: SeedReport): void {
    if (failures.length > 0) {
      failed.set(seed, failures);
      return;
    }
    passedCount += 1;
    for (const name of Object.keys(counts) as (keyof Counts)[]) counts[name] += counted[name];
    onPassed?.({ passedCount, counts });
  }

  /** Works until there is nothing left to do. Never rejects. */
  async function work(): Promise<void> {
    // Not the flags of whoever runs this, a test runner for one.
    const worker = new Worker(script, { execArgv: [], resourceLimits: { maxYoungGenerationSizeMb } });
    try {
      for (let range = nextRange(); range; range = nextRange()) await runRange(worker, range, note);
    } catch (error) {
      if (!(error instanceof LostSeed)) throw error;
      failed.set(error.seed, [error.message]);
    } finally {
      await worker.terminate();
    }
  }

  await Promise.all(Array.from({ length: Math.max(1, Math.min(workerCount, count)) }, work));
  const [smallest] = [...failed].sort(([a], [b]) => a - b);
  return {
    passedCount,
    counts,
    failed: smallest && { seed: smallest[0], failures: smallest[1] },
  };
}

/** A seed whose worker did not live to tell of it. */
class LostSeed extends Error {
  readonly seed: number;
  constructor(seed: number, what: string) {
    super(`its worker ${what}`);
    this.seed = seed;
  }
}

/** Resolves after the last seed of the range, or the first that fails. Rejects with `LostSeed`. */
function runRange(worker: Worker, range: SeedRange, note: (report: SeedReport) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    let seed = range.first;
    let silence = new AbortController();

    function end(finish: () => void): void {
      silence.abort();
      worker.off('message', onReport).off('error', onError).off('exit', onExit);
      finish();
    }
    const lose = (what: string) => end(() => reject(new LostSeed(seed, what)));

    function listen(): void {
      silence.abort();
      silence = new AbortController();
      const { signal } = silence;
      void createSystemClock()
        .sleep(silenceMsMax, signal)
        .then(() => {
          if (!signal.aborted) lose(`said nothing for ${silenceMsMax} ms`);
        });
    }

    function onReport(report: SeedReport): void {
      note(report);
      seed = report.seed + 1;
      if (report.failures.length > 0 || seed === range.first + range.count) end(resolve);
      else listen();
    }
    const onError = (error: unknown) => lose(`threw ${error instanceof Error ? error.stack : error}`);
    const onExit = (code: number) => lose(`ended with code ${code}`);

    worker.on('message', onReport).on('error', onError).on('exit', onExit);
    listen();
    worker.postMessage(range);
  });
}
