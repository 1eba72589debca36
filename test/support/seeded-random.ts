// Randomness that a failing test can have again: everything is drawn from one seed, which the failure prints.

import { createSystemRandom } from '../../shared/runtime/index.ts';

export interface SeededRandom {
  readonly seed: number;
  /** In [0, 1). */
  fraction(): number;
  /** A whole number from `min` to `max`, both included. */
  whole(min: number, max: number): number;
  pick<T>(choices: readonly [T, ...T[]]): T;
  shuffled<T>(items: readonly T[]): T[];
  chance(probability: number): boolean;
  /** Another sequence of the same seed, so that two concurrent users do not take from one another. */
  fork(name: string): SeededRandom;
}

/** `SEED=123` repeats a run as far as the machine's timing allows. */
export function randomFromEnvironment(): SeededRandom {
  const given = process.env['SEED'];
  return seededRandom(given ? Number(given) : Math.floor(createSystemRandom().fraction() * 2 ** 31));
}

/** Runs the body; what it throws begins with the seed that leads there again. */
export async function underSeed(body: (random: SeededRandom) => Promise<void>): Promise<void> {
  const random = randomFromEnvironment();
  try {
    await body(random);
  } catch (error) {
    if (error instanceof Error) error.message = `SEED=${random.seed}: ${error.message}`;
    throw error;
  }
}

/** Mulberry32: tiny, and good enough to choose moments and victims. */
export function seededRandom(seed: number): SeededRandom {
  let state = seed | 0;
  const fraction = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const whole = (min: number, max: number) => min + Math.floor(fraction() * (max - min + 1));
  return {
    seed,
    fraction,
    whole,
    pick: (choices) => choices[whole(0, choices.length - 1)] ?? choices[0],
    shuffled(items) {
      const rest = [...items];
      return items.flatMap(() => rest.splice(whole(0, rest.length - 1), 1));
    },
    chance: (probability) => fraction() < probability,
    fork: (name) =>
      seededRandom([...name].reduce((sum, char) => Math.imul(sum, 31) + char.charCodeAt(0), seed)),
  };
}
