// A cutoff: one AbortSignal that ends with an outer signal or when a time is up, whichever comes first.

import type { Clock } from '../runtime/index.ts';

export interface Cutoff {
  /** Aborts with the outer signal's reason, or with `lateReason` when the time is up. */
  readonly signal: AbortSignal;
  /** Rejects with the signal's reason when it aborts; for racing. Never an unhandled rejection. */
  readonly ended: Promise<never>;
  /** Stops the timer and the listening. Afterwards the signal never aborts. */
  release(): void;
}

export function createCutoff(
  clock: Clock,
  durationMs: number,
  outer: AbortSignal | undefined,
  lateReason: () => unknown,
): Cutoff {
  const cut = new AbortController();
  const timer = new AbortController();
  const { promise: ended, reject } = Promise.withResolvers<never>();
  ended.catch(() => undefined);
  const release = () => {
    timer.abort();
    outer?.removeEventListener('abort', onOuter);
  };
  const end = (reason: unknown) => {
    release();
    cut.abort(reason);
    reject(cut.signal.reason);
  };
  const onOuter = () => end(outer?.reason);
  if (outer?.aborted) {
    onOuter();
  } else {
    outer?.addEventListener('abort', onOuter);
    void clock.sleep(durationMs, timer.signal).then(() => {
      if (!timer.signal.aborted) end(lateReason());
    });
  }
  return { signal: cut.signal, ended, release };
}
