// How much longer than they must submissions wait for the database: the journal's part in telling an overload.
//
// A flush carries whatever waits, so under load it takes longer and carries more: that is what makes it fast, and no sign
// of trouble. Past some length it carries hardly more a second, and waiting only grows. A slow database is no overload
// either: there the shortest flush is long already. So what counts is the time above twice the shortest flush of late:
// one for the flush that a submission just missed, one for its own.

import type { Clock } from '../runtime/index.ts';

export interface FlushDelay {
  /** A flush that was inserted: how long the insert took, and for how long its submissions waited in all. */
  note(insertMs: number, waitedMs: readonly number[]): void;
  /**
   * The mean since it was last asked, above what must be; 0 when nothing was recorded. Or how long the oldest has waited that
   * still waits, if that is more: flushes that lose their races show nothing else.
   */
  meanMs(oldestWaitsMs: number): number;
}

/** For how long the shortest flush counts: long enough to have seen a calm moment, short enough for a database that moved. */
const shortestOfMs = 15_000;

export function createFlushDelay(clock: Clock): FlushDelay {
  let since = { waitedMs: 0, count: 0 };
  let shortest = { atMs: clock.nowMs(), nowMs: Number.POSITIVE_INFINITY, beforeMs: Number.POSITIVE_INFINITY };

  function noteShortest(insertMs: number): void {
    const age = clock.nowMs() - shortest.atMs;
    // Also when the wall clock was set back.
    if (age >= shortestOfMs || age < 0) {
      shortest = { atMs: clock.nowMs(), nowMs: Number.POSITIVE_INFINITY, beforeMs: shortest.nowMs };
    }
    shortest.nowMs = Math.min(shortest.nowMs, insertMs);
  }

  return {
    note(insertMs, waitedMs) {
      noteShortest(insertMs);
      for (const ms of waitedMs) since.waitedMs += ms;
      since.count += waitedMs.length;
    },
    meanMs(oldestWaitsMs) {
      const { waitedMs, count } = since;
      since = { waitedMs: 0, count: 0 };
      const meanMs = count === 0 ? 0 : waitedMs / count;
      return Math.max(0, Math.max(meanMs, oldestWaitsMs) - 2 * Math.min(shortest.nowMs, shortest.beforeMs));
    },
  };
}
