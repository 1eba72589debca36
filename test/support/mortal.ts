// What a service in this process is given so that a test can stop it at a named place, for a while or for ever.

import { type Clock, createSystemClock, type Failpoints } from '../../shared/runtime/index.ts';

export interface Mortal {
  readonly failpoints: Failpoints;
  /** Real time, moved on by what `jump` added. */
  readonly clock: Clock;
  /** From the moment it reaches the place it writes and calls nothing any more. */
  dieAt(place: string, detail?: string): Promise<void>;
  /** Dies now. */
  die(): void;
  holdAt(place: string, detail: string): Hold;
  jump(durationMs: number): void;
}

/** Who reaches the place waits there until `release`. */
export interface Hold {
  /** Resolves when somebody does. */
  readonly reached: Promise<void>;
  /** How many have so far. */
  count(): number;
  release(): void;
}

interface Trap {
  readonly place: string;
  readonly detail: string | undefined;
  spring(): void | Promise<void>;
}

/** Longer than anything waits for the database, so that what a dead service had queued is given up at once. */
const deadMs = 60_000;

export function createMortal(): Mortal {
  const system = createSystemClock();
  const traps = new Set<Trap>();
  let dead = false;
  let aheadMs = 0;

  function die(): void {
    dead = true;
    aheadMs += deadMs;
  }
  function throwIfDead(): void {
    // Every write and every call passes a failpoint, so none leaves after this.
    if (dead) throw new Error('this process is dead');
  }

  return {
    die,
    failpoints: {
      async reach(place, details = []) {
        throwIfDead();
        for (const trap of traps) {
          if (trap.place !== place || (trap.detail !== undefined && !details.includes(trap.detail))) continue;
          await trap.spring();
        }
        throwIfDead();
      },
    },
    clock: {
      now: () => new Date(system.nowMs() + aheadMs),
      nowMs: () => system.nowMs() + aheadMs,
      sleep: system.sleep,
      after: system.after,
    },
    dieAt(place, detail) {
      const { promise, resolve } = Promise.withResolvers<void>();
      traps.add({
        place,
        detail,
        spring() {
          if (!dead) die();
          resolve();
        },
      });
      return promise;
    },
    holdAt(place, detail) {
      const reached = Promise.withResolvers<void>();
      const released = Promise.withResolvers<void>();
      let count = 0;
      const trap: Trap = {
        place,
        detail,
        spring() {
          count += 1;
          reached.resolve();
          return released.promise;
        },
      };
      traps.add(trap);
      return {
        reached: reached.promise,
        count: () => count,
        release() {
          traps.delete(trap);
          released.resolve();
        },
      };
    },
    jump(durationMs) {
      aheadMs += durationMs;
    },
  };
}
