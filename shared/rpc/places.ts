// Places: how many calls may be at work at once, by how long ready work has to queue. It knows no call.
//
// The rule is Breakwater's (OSDI 2020) on the signal of DAGOR (SoCC 2018): grow while nothing queues, cut in proportion
// to how far the queueing delay is above its target. Not a gradient of the latency (Vegas, Gradient2): a flush grows with
// the load, so latency rises long before throughput ends, and such a limit would settle far below the ceiling. And
// latency contains waiting for other services, which is not this one's overload; queueing delay does not.
//
// A look waits until calls have ended. While a database or a service that we wait for stands still, nothing ends, so the
// limit neither grows into the stall nor shrinks because of it, and is right when the stall is over.

import type { Clock, Logger } from '../runtime/index.ts';
import type { AdmissionLimits } from './admission-limits.ts';
import { type Precedence, shareOfLimit } from './precedence.ts';

/** What shows an overload. Each is read at every look, and is about the time since the one before. */
export interface LoadSignals {
  /** How long ready work waited in the queues of this process: for its thread, for room in a flush. */
  delayMs(): number;
  /** Whether a service behind this one refused a call as overloaded: then this is where to shed, not there. */
  wasPushedBack(): boolean;
}

export interface Places {
  hasRoomFor(precedence: Precedence): boolean;
  /** Takes a place. Whether there was room is the caller's to ask before. */
  take(): Place;
}

export interface Place {
  /** Gives it back, once. `worked` is false for a call that did nothing here: it shows no progress. */
  leave(how: { worked: boolean }): void;
}

export interface PlacesDependencies {
  readonly limits: AdmissionLimits;
  /** Never more, whatever is measured; what settles sagas may take as many again. */
  readonly placesMax: number;
  readonly signals: LoadSignals;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly log: Logger;
}

export function createPlaces({ limits, placesMax, signals, clock, log }: PlacesDependencies): Places {
  const initial = Math.min(limits.placesInitial, placesMax);
  let limit = initial;
  let takenCount = 0;
  let looked = { atMs: clock.nowMs(), usedMax: 0, endedCount: 0 };
  /** Of the look before; 0 when nothing queued then, or when it was answered by a cut. */
  let lastOvershoot = 0;

  /** No timer: it looks when calls come and go, and without calls there is nothing to limit. */
  function look(): void {
    const nowMs = clock.nowMs();
    const passedMs = nowMs - looked.atMs;
    // Negative when the wall clock was set back, which must not freeze the limit for so long.
    if (passedMs >= 0 && passedMs < limits.lookEveryMs) return;
    const { usedMax, endedCount } = looked;
    const isEnough = endedCount >= usedMax * limits.endedFraction || passedMs >= limits.lookLatestMs;
    if (endedCount === 0 || !isEnough) return;
    looked = { atMs: nowMs, usedMax: takenCount, endedCount: 0 };
    const delayMs = signals.delayMs();
    const pushedBack = signals.wasPushedBack();
    adapt(overshootOf(delayMs, pushedBack), usedMax, endedCount);
    log.debug({ places: Math.floor(limit), usedMax, endedCount, delayMs, pushedBack }, 'places');
  }

  function adapt(overshoot: number, usedMax: number, endedCount: number): void {
    // A queue is one that stands (CoDel): over one look a stall or a busy neighbour looks the same.
    const standing = Math.min(overshoot, lastOvershoot);
    lastOvershoot = standing > 0 ? 0 : overshoot;
    if (overshoot === 0) {
      // Beyond where it began it must be used to grow: a limit that was not reached shows nothing of more.
      const most = usedMax >= limit * limits.usedFraction ? placesMax : initial;
      if (limit < most) limit = Math.min(most, limit + Math.min(endedCount, limit * limits.growth));
    } else if (standing > 0) {
      const part = Math.min(limits.cutMax, Math.max(limits.cutMin, limits.cutPerOvershoot * standing));
      // From what was in use: a limit that nobody had reached would take many cuts to matter.
      limit = Math.max(Math.min(limits.placesMin, placesMax), Math.min(limit, usedMax) * (1 - part));
    }
  }

  /** How far the delay is above its target, as a part of it; 0 when it is not. */
  function overshootOf(delayMs: number, pushedBack: boolean): number {
    const overshoot = Math.max(0, delayMs / limits.delayMsTarget - 1);
    return pushedBack ? Math.max(overshoot, 1) : overshoot;
  }

  function placesFor(precedence: Precedence): number {
    // As many again as all others may take: else a crowd of steps could keep out what settles their own sagas.
    if (precedence === 'settle') return 2 * placesMax;
    return Math.min(placesMax, limit * shareOfLimit[precedence]);
  }

  return {
    hasRoomFor(precedence) {
      look();
      looked.usedMax = Math.max(looked.usedMax, takenCount + 1);
      return takenCount + 1 <= placesFor(precedence);
    },
    take() {
      takenCount += 1;
      return {
        leave({ worked }) {
          takenCount -= 1;
          if (worked) looked.endedCount += 1;
          look();
        },
      };
    },
  };
}
