// The clock: the only place that reads time or waits. Everything else is given one, so that a test can hold it.

import { setTimeout as sleepFor } from 'node:timers/promises';

export interface Clock {
  now(): Date;
  /** Milliseconds since the epoch, for deadlines and ages. */
  nowMs(): number;
  /** Resolves after `durationMs`; at once, without rejecting, when `signal` aborts. */
  sleep(durationMs: number, signal?: AbortSignal): Promise<void>;
}

/** The machine's clock. A pending sleep does not keep the process alive. */
export function createSystemClock(): Clock {
  return {
    now: () => new Date(),
    nowMs: () => Date.now(),
    async sleep(durationMs, signal) {
      try {
        await sleepFor(durationMs, undefined, { ref: false, ...(signal ? { signal } : {}) });
      } catch (error) {
        if (!signal?.aborted) throw error;
      }
    },
  };
}
