// Randomness of a storm: every decision is a function of the seed and of where it is taken, never of time. So the same
// seed asks the same questions again, on whichever worker and however the machine was scheduled.

export interface Draws {
  /** In [0, 1). */
  fraction(): number;
  /** A whole number from `min` to `max`, both included. */
  whole(min: number, max: number): number;
  chance(probability: number): boolean;
  pick<T>(choices: readonly [T, ...T[]]): T;
  shuffled<T>(items: readonly T[]): T[];
}

/** A sequence of its own for each place: `drawsAt(seed, 'request', 17)` does not disturb any other. */
export function drawsAt(seed: number, ...place: readonly (string | number)[]): Draws {
  let state = seed | 0;
  for (const char of place.join('/')) state = Math.imul(state ^ char.charCodeAt(0), 0x01000193);
  // Neighbouring places differ in a few bits only; these rounds spread them.
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);

  /** Mulberry32: tiny, and good enough to choose moments and victims. */
  const fraction = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const whole = (min: number, max: number) => min + Math.floor(fraction() * (max - min + 1));
  return {
    fraction,
    whole,
    chance: (probability) => fraction() < probability,
    pick: (choices) => choices[whole(0, choices.length - 1)] ?? choices[0],
    shuffled(items) {
      const rest = [...items];
      return items.flatMap(() => rest.splice(whole(0, rest.length - 1), 1));
    },
  };
}
