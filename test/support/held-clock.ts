// A clock that stands still until a test moves it, and randomness that always says the same.

import type { Clock, Random } from '../../shared/runtime/index.ts';

export interface HeldClock extends Clock {
  /** Moves on; every sleep that is over by then ends, in the order of their ends. */
  pass(durationMs: number): Promise<void>;
  /** How long each pending sleep lasts from now, the shortest first. */
  sleepsMs(): number[];
}

const startMs = Date.UTC(2026, 10, 24, 12);

/** `skipping`: a sleep ends at once and takes its time with it, so that whoever only waits is done in no time. */
export function createHeldClock({ skipping = false } = {}): HeldClock {
  let nowMs = startMs;
  const sleeps = new Set<{ untilMs: number; end: () => void }>();

  function after(durationMs: number, ring: () => void): () => void {
    if (skipping) {
      nowMs += durationMs;
      let isStopped = false;
      void settled().then(() => {
        if (!isStopped) ring();
      });
      return () => {
        isStopped = true;
      };
    }
    const sleep = {
      untilMs: nowMs + durationMs,
      end() {
        sleeps.delete(sleep);
        ring();
      },
    };
    sleeps.add(sleep);
    return () => void sleeps.delete(sleep);
  }

  return {
    now: () => new Date(nowMs),
    nowMs: () => nowMs,
    after,
    sleep(durationMs, signal) {
      if (signal?.aborted) return Promise.resolve();
      return new Promise((resolve) => {
        const stop = after(durationMs, resolve);
        const onAbort = () => {
          stop();
          resolve();
        };
        signal?.addEventListener('abort', onAbort, { once: true });
      });
    },
    async pass(durationMs) {
      const untilMs = nowMs + durationMs;
      for (;;) {
        const [next] = [...sleeps].sort((a, b) => a.untilMs - b.untilMs);
        if (!next || next.untilMs > untilMs) break;
        nowMs = next.untilMs;
        next.end();
        await settled();
      }
      nowMs = untilMs;
      await settled();
    },
    sleepsMs: () => [...sleeps].map(({ untilMs }) => untilMs - nowMs).sort((a, b) => a - b),
  };
}

/** Everything that could go on without time passing has gone on. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Jitter in the middle of its range, so that delays are literals in a test. */
export const evenRandom: Random = { fraction: () => 0.5, name: (byteCount) => '00'.repeat(byteCount) };
