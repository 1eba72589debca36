// The answer OVERLOADED: refused before any work, with a time to come back that differs from call to call.

import type { ConnectError } from '@connectrpc/connect';
import type { Clock, Logger } from '../runtime/index.ts';
import { commonError } from './errors.ts';
import { retryDelays } from './limits.ts';

/** Without a refusal for so long, the next one is the beginning of another overload, and worth a line in the log. */
const calmMs = 10_000;

/** Multiples of it, taken modulo 1, leave the most even gaps of all, however many there are. */
const goldenRatio = 0.618_033_988_749_895;

/** Refusals of new work in a second that cost a process little: a thirtieth of its time at 0.1 ms each, half of that at the door. */
const refusalsPerSecondMax = 300;

/** The longest usual delay: after that an overload has lasted, and most callers have given up. */
const delayMsMax = 20_000;

/** How often the usual delay is thought over, and by how much at once it may change. */
const thinkEveryMs = 1_000;
const changeMax = 2;

/** Different delays at one moment: enough that those refused together come back apart, few enough to encode once each. */
const delayCount = 128;

/** A refusal of new work, which is told the longer to stay away the more is refused; or of what carries on or ends accepted work. */
export interface Refused {
  readonly isNew: boolean;
}

/** Makes the errors of one process: nothing was done or recorded, and the same request may be sent again. */
export function createRefusals(deps: { clock: Clock; log: Logger }): (refused?: Refused) => ConnectError {
  const nextDelayMs = createRefusalDelays(deps);
  return (refused) => overloadedError(nextDelayMs(refused));
}

export function overloadedError(retryDelayMs: number): ConnectError {
  return commonError('OVERLOADED', 'too many calls at once: nothing was done, send the same request again', {
    retryDelayMs,
  });
}

/**
 * Counts the refusals of one process, and says how long each of them is told to stay away.
 *
 * Who is refused comes back, so refused calls pile up as long as an overload lasts, until refusing them takes the time that
 * the admitted ones need. So when more are refused than cost little, all are told to stay away longer, up to the point at
 * which those who listen cost little again. Not those who carry on or end what was accepted (`isNew` false): few are
 * refused, and their order has a deadline.
 */
export function createRefusalDelays(deps: { clock: Clock; log: Logger }): (refused?: Refused) => number {
  const { clock, log } = deps;
  let refusedCount = 0;
  let refusedAtMs = Number.NEGATIVE_INFINITY;
  let delayMs: number = retryDelays.overloadedMs;
  let lately = { sinceMs: clock.nowMs(), count: 0 };

  function thinkOver(nowMs: number): void {
    lately.count += 1;
    const tookMs = nowMs - lately.sinceMs;
    // Also when the wall clock was set back.
    if (tookMs >= 0 && tookMs < thinkEveryMs) return;
    const change = (lately.count * 1_000) / Math.max(1, tookMs) / refusalsPerSecondMax;
    const wanted = delayMs * Math.min(changeMax, Math.max(1 / changeMax, change));
    delayMs = Math.min(delayMsMax, Math.max(retryDelays.overloadedMs, wanted));
    lately = { sinceMs: nowMs, count: 0 };
  }

  return ({ isNew } = { isNew: true }) => {
    const nowMs = clock.nowMs();
    if (nowMs - refusedAtMs >= calmMs) {
      log.warn({ refusedCount }, 'overloaded: calls are refused');
      delayMs = retryDelays.overloadedMs;
      lately = { sinceMs: nowMs, count: 0 };
    }
    refusedAtMs = nowMs;
    refusedCount += 1;
    if (isNew) thinkOver(nowMs);
    return spreadDelayMs(isNew ? delayMs : retryDelays.overloadedMs, refusedCount);
  };
}

/**
 * Half to one and a half times the usual delay, each refusal another, so that those refused together do not come back
 * together. A sequence and no random number: it spreads more evenly, and a test can hold it.
 */
function spreadDelayMs(usualMs: number, refusedCount: number): number {
  return Math.round(usualMs * (0.5 + (((refusedCount % delayCount) * goldenRatio) % 1)));
}
