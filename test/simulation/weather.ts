// The weather: how likely each fault is, and how long things take. All of it drawn from the seed.

import type { SeededRandom } from '../support/seeded-random.ts';

/** Each a probability from 0 to 1. */
export interface Weather {
  /** Of a message between two processes, each way. */
  readonly lost: number;
  /** Of a request, to arrive only when its caller has long given up. */
  readonly late: number;
  /** Of a request, to arrive twice, perhaps at two processes. */
  readonly doubled: number;
  /** Of an insert, to be lost, to lose its answer, to be done in part or long after it was given up. */
  readonly insertFault: number;
  /** Of a read, to fail. */
  readonly readFault: number;
  /** Of a failpoint, to hold up whoever reaches it. */
  readonly stall: number;
  /** Of a request to the card provider, to meet one of its misbehaviours. */
  readonly provider: number;
  /** Of an event of the card provider, to come early, late, twice or never, and a forged one beside it. */
  readonly webhook: number;
}

export const calm: Weather = {
  lost: 0,
  late: 0,
  doubled: 0,
  insertFault: 0,
  readFault: 0,
  stall: 0,
  provider: 0,
  webhook: 0,
};

/** A message's way inside one data centre, with the tail that makes messages overtake each other. */
export function messageMs(luck: SeededRandom): number {
  return luck.chance(0.1) ? 5 + luck.fraction() * 95 : 0.2 + luck.fraction() * 3;
}

/** One way to the database; there and back is some 4 ms. */
export function storeMs(luck: SeededRandom): number {
  return luck.chance(0.05) ? 5 + luck.fraction() * 200 : 0.5 + luck.fraction() * 3;
}

/** How long a late message takes: beyond every budget here. */
export function lateMs(luck: SeededRandom): number {
  return 1_000 + luck.fraction() * 20_000;
}

/** How soon a lost connection shows. */
export function brokenMs(luck: SeededRandom): number {
  return luck.fraction() * (luck.chance(0.2) ? 2_000 : 20);
}

/** What a failpoint holds up: mostly a moment, now and then longer than a deadline. */
export function stallMs(luck: SeededRandom): number {
  return luck.chance(0.1) ? luck.fraction() * 40_000 : luck.fraction() * 50;
}
