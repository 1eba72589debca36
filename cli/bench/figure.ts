// What a figure is: which number is read from what was measured, and the goal that it is held against. Pure.

import type { Audited } from './audited.ts';
import type { Grown } from './grow/grown.ts';
import type { InsertChains } from './inserts/chains.ts';
import type { Round } from './measured.ts';

/** Everything that a benchmark measured. */
export interface Results {
  readonly rounds: readonly Round[];
  /** Of the suite of the last round, after it. */
  readonly audit?: Audited;
  readonly inserts?: InsertChains;
  readonly grown?: Grown;
}

export type Unit = 'a second' | 'ms' | 'share' | 'times' | 'count' | 'bytes' | 'bytes an order';

export interface Goal {
  readonly kind: 'at least' | 'at most' | 'below';
  readonly value: number;
}

export interface Figure {
  /** Never changes its meaning: files of two runs are compared by it. */
  readonly id: string;
  readonly says: string;
  readonly unit: Unit;
  readonly better: 'higher' | 'lower';
  /** Absent: shown, and compared, but nobody asked for it. */
  readonly goal?: Goal;
  /** One value for each round, or one alone; none where it was not measured. */
  readonly values: (results: Results) => readonly number[];
  /** Why what was found does not answer the goal, such as: it was measured on less than was asked. */
  readonly short?: (results: Results) => string | undefined;
}

export const atLeast = (value: number): Goal => ({ kind: 'at least', value });
export const atMost = (value: number): Goal => ({ kind: 'at most', value });
export const below = (value: number): Goal => ({ kind: 'below', value });

/** What could not be read, or divided, was not measured. */
export function finite(values: readonly number[]): number[] {
  return values.filter(Number.isFinite);
}
