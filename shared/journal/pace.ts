// Pace: how long the next flush waits after one that got nowhere. Full jitter, so that writers that met once part.

import type { Clock, Logger, Random } from '../runtime/index.ts';
import type { JournalLimits } from './limits.ts';

export interface Pace {
  afterSuccess(): void;
  /** The first lost race is answered at once: reading what is newer is all it takes. */
  afterLostRace(): Promise<void>;
  /** Says once that the database is away, and once that it is back. */
  afterFailure(error: unknown): Promise<void>;
}

export interface PaceDependencies {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly limits: JournalLimits;
}

export function createPace({ clock, random, log, limits }: PaceDependencies): Pace {
  let lostInRow = 0;
  let failuresInRow = 0;

  async function sleepUpTo(delayMsMax: number, attempts: number): Promise<void> {
    const ceilingMs = Math.min(delayMsMax, limits.firstDelayMs * 2 ** Math.min(attempts, 16));
    await clock.sleep(Math.ceil(random.fraction() * ceilingMs));
  }

  return {
    afterSuccess() {
      if (failuresInRow > 0) log.warn({ attempts: failuresInRow }, 'the database answers again');
      lostInRow = 0;
      failuresInRow = 0;
    },
    async afterLostRace() {
      lostInRow += 1;
      if (lostInRow > 1) await sleepUpTo(limits.contentionDelayMsMax, lostInRow);
    },
    async afterFailure(error) {
      failuresInRow += 1;
      if (failuresInRow === 1) log.warn({ err: error }, 'the database does not answer: submissions wait');
      await sleepUpTo(limits.failureDelayMsMax, failuresInRow);
    },
  };
}
