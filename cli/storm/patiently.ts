// Asks again what may be asked twice: after a storm a process has just come back, and the machine may be busy with others.
// It knows nobody who is asked.

import { setTimeout as sleep } from 'node:timers/promises';

/**
 * How long whoever is asked may go without an answer, from its first failure on, before a storm cannot be judged. As long as
 * a process that was killed gets to come back: all were up before, so this is for a machine that has no time for them.
 */
export const patienceMsMax = 60_000;
const pauseMs = 500;

/** Resolves with the first answer; rejects with the last failure when patience is over, or at once with a lasting one. */
export async function patiently<T>(
  ask: () => Promise<T>,
  options: {
    readonly isPassing?: (error: unknown) => boolean;
    readonly patienceMs?: number;
    readonly nowMs?: () => number;
    readonly pause?: () => Promise<unknown>;
  } = {},
): Promise<T> {
  const {
    isPassing = () => true,
    patienceMs = patienceMsMax,
    nowMs = () => performance.now(),
    pause = () => sleep(pauseMs),
  } = options;
  let untilMs: number | undefined;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      // From the first failure: an audit of a long storm takes minutes, and gets another chance all the same.
      untilMs ??= nowMs() + patienceMs;
      if (!isPassing(error) || nowMs() >= untilMs) throw error;
    }
    await pause();
  }
}
