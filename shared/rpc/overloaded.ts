// The answer OVERLOADED: refused before any work, with a time to come back that differs from call to call.

import type { ConnectError } from '@connectrpc/connect';
import type { Clock, Logger } from '../runtime/index.ts';
import { commonError } from './errors.ts';
import { retryDelays } from './limits.ts';

/** Without a refusal for so long, the next one is the beginning of another overload, and worth a line in the log. */
const calmMs = 10_000;

/** Multiples of it, taken modulo 1, leave the most even gaps of all, however many there are. */
const goldenRatio = 0.618_033_988_749_895;

/** Makes the errors of one process: nothing was done or recorded, and the same request may be sent again. */
export function createRefusals(deps: { clock: Clock; log: Logger }): () => ConnectError {
  const { clock, log } = deps;
  let refusedCount = 0;
  let refusedAtMs = Number.NEGATIVE_INFINITY;
  return () => {
    const nowMs = clock.nowMs();
    if (nowMs - refusedAtMs >= calmMs) log.warn({ refusedCount }, 'overloaded: calls are refused');
    refusedAtMs = nowMs;
    refusedCount += 1;
    return commonError(
      'OVERLOADED',
      'too many calls at once: nothing was done, send the same request again',
      {
        retryDelayMs: spreadDelayMs(refusedCount),
      },
    );
  };
}

/**
 * Half to one and a half times the usual delay, each refusal another, so that those refused together do not come back
 * together. A sequence and no random number: it spreads more evenly, and a test can hold it.
 */
export function spreadDelayMs(refusedCount: number): number {
  return Math.round(retryDelays.overloadedMs * (0.5 + ((refusedCount * goldenRatio) % 1)));
}
