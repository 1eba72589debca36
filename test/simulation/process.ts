// A simulated process: a clock of its own, randomness of its own, and a life. What is due to a dead one never happens;
// what is due to a paused one happens when it goes on.

import type { Clock, Random } from '../../shared/runtime/index.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import type { Scheduler } from './scheduler.ts';

export interface SimulatedProcess {
  /** `order-1#3`: the third life of order-1. */
  readonly name: string;
  readonly clock: Clock;
  readonly random: Random;
  /** An event of this process: its timer, or something that reaches it. */
  after(delayMs: number, fire: () => void): void;
  isAlive(): boolean;
  /** Its memory is gone: every promise in it waits for ever. `listener`s of `onDeath` are told. */
  kill(): void;
  onDeath(listener: () => void): () => void;
  /** Stops it as SIGSTOP does: time goes on, it does not notice. */
  pauseFor(durationMs: number): void;
  isPaused(): boolean;
  /** How long it sleeps on; 0 while it is awake. */
  pausedMs(): number;
  /** Sets its clock forward or back; its timers run on. */
  jump(byMs: number): void;
  /** What NTP does in the end. */
  setClockRight(): void;
}

/** Node's shortest timer; without it a loop that waits for nothing would stop the time. */
const shortestMs = 1;

export function createProcess(
  name: string,
  deps: { scheduler: Scheduler; luck: SeededRandom; skewMs?: number },
): SimulatedProcess {
  const { scheduler, luck } = deps;
  const own = luck.fork(name);
  const deathListeners = new Set<() => void>();
  let alive = true;
  let skewMs = deps.skewMs ?? 0;
  let goesOnAtMs = 0;

  const nowMs = () => Math.floor(scheduler.nowMs() + skewMs);

  function happen(fire: () => void): void {
    if (!alive) return;
    const pausedMs = goesOnAtMs - scheduler.nowMs();
    if (pausedMs > 0) scheduler.after(pausedMs, () => happen(fire));
    else fire();
  }

  const after = (delayMs: number, fire: () => void) => scheduler.after(delayMs, () => happen(fire));

  return {
    name,
    after,
    clock: {
      now: () => new Date(nowMs()),
      nowMs,
      sleep(durationMs, signal) {
        if (signal?.aborted) return Promise.resolve();
        return new Promise((resolve) => {
          const end = () => {
            signal?.removeEventListener('abort', end);
            resolve();
          };
          signal?.addEventListener('abort', end);
          after(Math.max(shortestMs, durationMs), end);
        });
      },
      after(durationMs, ring) {
        let isStopped = false;
        after(Math.max(shortestMs, durationMs), () => {
          if (!isStopped) ring();
        });
        return () => {
          isStopped = true;
        };
      },
    },
    random: {
      fraction: own.fraction,
      name: (byteCount) =>
        Array.from({ length: byteCount }, () => own.whole(0, 255).toString(16).padStart(2, '0')).join(''),
    },
    isAlive: () => alive,
    kill() {
      alive = false;
      for (const listener of deathListeners) listener();
      deathListeners.clear();
    },
    onDeath(listener) {
      deathListeners.add(listener);
      return () => void deathListeners.delete(listener);
    },
    pauseFor(durationMs) {
      goesOnAtMs = Math.max(goesOnAtMs, scheduler.nowMs() + durationMs);
    },
    isPaused: () => goesOnAtMs > scheduler.nowMs(),
    pausedMs: () => Math.max(0, goesOnAtMs - scheduler.nowMs()),
    jump(byMs) {
      skewMs += byMs;
    },
    setClockRight() {
      skewMs = 0;
    },
  };
}
