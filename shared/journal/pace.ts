// Pace: when the next flush begins, and how much it carries. It is what makes several writers of one stream share it.
//
// A writer that lost its race must read before it can write again, and one that won need not: left to themselves, the one that
// won wins for ever, and the other stands still as long as there is work. So whoever knows of another writer gives way after
// each entry, long enough for the other to read and to write, and reads first when its own turn comes. Whoever knows of none
// leaves a gap now and then, in which one that nobody has seen yet can write. And who lost carries less, so that its next
// attempt is a short one.
//
// A writer that is busy lingers a moment when little waits yet, until as many are there as it answered with its last flush:
// what that one answered comes back as the next steps. Those that are patient do not count: they come with whoever goes.

import type { Clock, Logger, Random } from '../runtime/index.ts';
import type { JournalLimits } from './limits.ts';
import type { Queue } from './queue.ts';

export interface Pace {
  /** Resolves when the next flush may begin. */
  turn(queue: Pick<Queue, 'urgentCount' | 'company'>): Promise<void>;
  /** Submissions that the flush may carry. */
  submissionsMax(): number;
  /** Another process has written lately: what the cache has is probably old. */
  isInCompany(): boolean;
  /** A flush was written: it took so long, from its turn on, and carried so many urgent submissions. */
  afterSuccess(tookMs: number, carriedCount: number): void;
  /** The first lost race is answered at once: reading what is newer is all it takes. */
  afterLostRace(): Promise<void>;
  /** Says once that the database is away, and once that it is back. */
  afterFailure(error: unknown): Promise<void>;
}

export interface PaceDependencies {
  /** When the newest entry of another process was written that this one has seen; undefined: none was. */
  readonly othersAtMs: () => number | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly limits: JournalLimits;
}

export function createPace({ othersAtMs, clock, random, log, limits }: PaceDependencies): Pace {
  let lostInRow = 0;
  let failuresInRow = 0;
  let submissionsMax = limits.flushSubmissionsMax;
  let endedAtMs = clock.nowMs();
  let restUntilMs = 0;
  /** The last time at which somebody else could have written. */
  let gapAtMs = clock.nowMs();
  let lastCarried = 0;

  async function sleepUpTo(delayMsMax: number, attempts: number): Promise<void> {
    const ceilingMs = Math.min(delayMsMax, limits.firstDelayMs * 2 ** Math.min(attempts, 16));
    await clock.sleep(Math.ceil(random.fraction() * ceilingMs));
  }

  function isInCompany(): boolean {
    const sinceMs = clock.nowMs() - (othersAtMs() ?? Number.NEGATIVE_INFINITY);
    return Math.abs(sinceMs) < limits.companyMs;
  }

  /** How long the next flush is to wait, from now. */
  function restMs(): number {
    const nowMs = clock.nowMs();
    const idleMs = nowMs - endedAtMs;
    if (isInCompany()) return Math.min(limits.giveWayMsMax, restUntilMs - nowMs);
    const sinceGapMs = nowMs - gapAtMs;
    // Negative when the wall clock was set back.
    if (idleMs >= limits.gapMs || sinceGapMs < 0) gapAtMs = nowMs;
    else if (sinceGapMs >= limits.gapEveryMs) {
      gapAtMs = nowMs;
      return limits.gapMs;
    }
    return 0;
  }

  /** The answers of a flush bring the next submissions a moment later: written together they cost one entry. */
  async function linger(queue: Pick<Queue, 'urgentCount' | 'company'>): Promise<void> {
    if (lastCarried < limits.lingerSubmissionsMin || queue.urgentCount() >= lastCarried) return;
    await new Promise<void>((resolve) => {
      const stop = clock.after(limits.lingerMsMax, resolve);
      void queue.company(lastCarried).then(() => {
        stop();
        resolve();
      });
    });
  }

  return {
    async turn(queue) {
      const ms = restMs();
      if (ms > 0) await clock.sleep(ms);
      else await linger(queue);
    },
    submissionsMax: () => submissionsMax,
    isInCompany,
    afterSuccess(tookMs, carriedCount) {
      if (failuresInRow > 0) log.warn({ attempts: failuresInRow }, 'the database answers again');
      lostInRow = 0;
      failuresInRow = 0;
      submissionsMax = Math.min(limits.flushSubmissionsMax, submissionsMax * 2);
      lastCarried = carriedCount;
      endedAtMs = clock.nowMs();
      restUntilMs = endedAtMs + Math.min(limits.giveWayMsMax, tookMs * limits.giveWayTimes);
    },
    async afterLostRace() {
      lastCarried = 0;
      lostInRow += 1;
      submissionsMax = Math.max(limits.contendedSubmissionsMin, Math.floor(submissionsMax / 2));
      restUntilMs = 0;
      if (lostInRow > 1) await sleepUpTo(limits.contentionDelayMsMax, lostInRow);
    },
    async afterFailure(error) {
      failuresInRow += 1;
      if (failuresInRow === 1) log.warn({ err: error }, 'the database does not answer: submissions wait');
      await sleepUpTo(limits.failureDelayMsMax, failuresInRow);
    },
  };
}
