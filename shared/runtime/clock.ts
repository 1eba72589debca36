// The clock: the only place that reads time or waits. Everything else is given one, so that a test can hold it.

export interface Clock {
  now(): Date;
  /** Milliseconds since the epoch, for deadlines and ages. */
  nowMs(): number;
  /** Resolves after `durationMs`; at once, without rejecting, when `signal` aborts. */
  sleep(durationMs: number, signal?: AbortSignal): Promise<void>;
  /** Calls `ring` once, after `durationMs`, unless what it returns was called before. For what is nearly always stopped. */
  after(durationMs: number, ring: () => void): () => void;
}

/** The machine's clock. A pending sleep does not keep the process alive. */
export function createSystemClock(): Clock {
  return {
    now: () => new Date(),
    nowMs: () => Date.now(),
    // Not node:timers/promises: its sleep rejects when aborted, and making that error costs each call that is answered
    // before its deadline, so nearly every one, more than the timer does.
    sleep(durationMs, signal) {
      if (signal?.aborted) return Promise.resolve();
      return new Promise((resolve) => {
        const end = () => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', end);
          resolve();
        };
        const timer = setTimeout(end, durationMs).unref();
        signal?.addEventListener('abort', end);
      });
    },
    after(durationMs, ring) {
      const timer = setTimeout(ring, durationMs).unref();
      return () => clearTimeout(timer);
    },
  };
}
