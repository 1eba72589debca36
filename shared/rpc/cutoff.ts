// A cutoff: one AbortSignal that ends with another one or when a time is up, whichever comes first.

import type { Clock } from '../runtime/index.ts';

export interface Cutoff {
  /** Aborts with the reason of the first outer signal that aborts, or with `lateReason` when the time is up. */
  readonly signal: AbortSignal;
  /** Rejects with the signal's reason when it aborts; for racing. Never an unhandled rejection. */
  readonly ended: Promise<never>;
  /** Stops the timer and the listening. Afterwards the signal never aborts. */
  release(): void;
}

// A reason for stopping a timer: without one, each abort makes a DOMException with its stack.
const released = Symbol('released');

export function createCutoff(
  clock: Clock,
  durationMs: number,
  outerSignals: readonly AbortSignal[],
  lateReason: () => unknown,
): Cutoff {
  const cut = new AbortController();
  const timer = new AbortController();
  const { promise: ended, reject } = Promise.withResolvers<never>();
  ended.catch(() => undefined);
  const onOuter = () => end(outerSignals.find((outer) => outer.aborted)?.reason);
  const release = () => {
    timer.abort(released);
    // Some outer signals live as long as the server: what stayed attached to them would never be freed.
    for (const outer of outerSignals) outer.removeEventListener('abort', onOuter);
  };
  const end = (reason: unknown) => {
    release();
    cut.abort(reason);
    reject(cut.signal.reason);
  };
  if (outerSignals.some((outer) => outer.aborted)) {
    onOuter();
  } else {
    for (const outer of outerSignals) outer.addEventListener('abort', onOuter);
    void clock.sleep(durationMs, timer.signal).then(() => {
      if (!timer.signal.aborted) end(lateReason());
    });
  }
  return { signal: cut.signal, ended, release };
}
