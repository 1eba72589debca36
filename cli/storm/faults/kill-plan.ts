// When which process dies or freezes: a function of the seed. Pure.

import { drawsAt } from '../draws.ts';

export interface Blow {
  /** After the storm's begin. */
  readonly atMs: number;
  /** `order`, `order-2`, `database`, … */
  readonly target: string;
  /** `kill` is kill -9. `pause` is SIGSTOP, and SIGCONT after `pauseMs`. */
  readonly kind: 'kill' | 'pause';
  readonly pauseMs: number;
}

export interface KillPlanOptions {
  readonly seed: number;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly everyMs: number;
  /** Every process of the suite, in any order. */
  readonly targets: readonly string[];
  /** Those among them that drive orders. */
  readonly coordinators: readonly string[];
  /** How long an order has. A coordinator that sleeps longer than this wakes up in a world that went on without it. */
  readonly orderDeadlineMs: number;
}

/** Of four blows, one is a pause: it takes longer than a kill, and nothing restarts. */
const pauseEvery = 4;
/** A pause of anything else: longer than an impatient client, shorter than an order's deadline. */
const shortPauseMs = { min: 500, max: 1_500 };
/** Past the deadline by so much that the sweeper of another process had its turn. */
const beyondDeadlineMs = { min: 500, max: 1_500 };

/** Whoever is killed last is back before the time is over: what comes after it is not about kills. */
const aftermathMs = 2_000;

/** Each process in turn, in an order drawn anew for each round: so all are killed about equally often. */
export function killPlan(options: KillPlanOptions): Blow[] {
  const { seed, fromMs, untilMs, everyMs, orderDeadlineMs } = options;
  // By name: whoever asks knows them in the order in which they came up, which is another one each time.
  const targets = [...options.targets].sort();
  const coordinators = [...options.coordinators].sort();
  const draws = drawsAt(seed, 'kills');
  const blows: Blow[] = [];
  let round: string[] = [];
  let pauseRound: string[] = [];
  for (let number = 0; ; number += 1) {
    const atMs = Math.round(fromMs + (number + 0.2 + 0.6 * draws.fraction()) * everyMs);
    if (atMs >= untilMs - aftermathMs) return blows;
    // The second one, so that also a short storm has a coordinator that slept.
    if (number % pauseEvery === 1) {
      // Every other pause is a coordinator's, because that one can do harm when it wakes up.
      if (pauseRound.length === 0) {
        pauseRound = draws
          .shuffled(targets)
          .flatMap((target) => [draws.shuffled(coordinators)[0] ?? target, target]);
      }
      const target = pauseRound.shift();
      if (target === undefined) continue;
      const { min, max } = shortPauseMs;
      const pauseMs = coordinators.includes(target)
        ? orderDeadlineMs + draws.whole(beyondDeadlineMs.min, beyondDeadlineMs.max)
        : draws.whole(min, max);
      if (atMs + pauseMs < untilMs) blows.push({ atMs, target, kind: 'pause', pauseMs });
      continue;
    }
    if (round.length === 0) round = draws.shuffled(targets);
    const target = round.shift();
    if (target !== undefined) blows.push({ atMs, target, kind: 'kill', pauseMs: 0 });
  }
}
