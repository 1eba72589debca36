// The figures of the rounds, and all of them in the order of the table. Pure.

import { atLeast, atMost, below, type Figure, finite } from './figure.ts';
import { growthFigures } from './grow/growth-figures.ts';
import type { Measured } from './measured.ts';
import type { PhaseName } from './plan.ts';

/** A value of each round that has all of these measurements. */
function each<const N extends readonly PhaseName[]>(
  names: N,
  read: (...measured: { [K in keyof N]: Measured }) => number | undefined,
): Figure['values'] {
  return ({ rounds }) =>
    rounds.flatMap((round) => {
      const found = names.map((name) => round[name]);
      if (found.includes(undefined)) return [];
      const value = read(...(found as { [K in keyof N]: Measured }));
      return value === undefined || !Number.isFinite(value) ? [] : [value];
    });
}

const rate = (measured: Measured) => measured.perSecond;

export const figures: readonly Figure[] = [
  {
    id: 'orders-32',
    says: 'orders/s, 32 in flight',
    unit: 'a second',
    better: 'higher',
    goal: atLeast(1_200),
    values: each(['closed-32'], rate),
  },
  {
    id: 'orders-128',
    says: 'orders/s, 128 in flight',
    unit: 'a second',
    better: 'higher',
    goal: atLeast(1_450),
    values: each(['closed-128'], rate),
  },
  {
    id: 'p50-32',
    says: 'p50, 32 in flight',
    unit: 'ms',
    better: 'lower',
    goal: below(27),
    values: each(['closed-32'], ({ latency }) => latency?.p50Ms),
  },
  {
    id: 'p99-32',
    says: 'p99, 32 in flight',
    unit: 'ms',
    better: 'lower',
    goal: below(90),
    values: each(['closed-32'], ({ latency }) => latency?.p99Ms),
  },
  {
    id: 'alone-p50',
    says: 'one order alone, p50',
    unit: 'ms',
    better: 'lower',
    goal: below(5.5),
    values: each(['alone'], ({ latency }) => latency?.p50Ms),
  },
  {
    id: 'alone-inserts',
    says: 'one order alone, in durable inserts',
    unit: 'times',
    better: 'lower',
    goal: below(6),
    values: each(
      ['alone', 'insert-small'],
      (alone, insert) => (alone.latency?.p50Ms ?? Number.NaN) / (insert.latency?.p50Ms ?? Number.NaN),
    ),
  },
  {
    id: 'hot-share',
    says: 'orders/s on one hot SKU, of the spread load',
    unit: 'share',
    better: 'higher',
    goal: atLeast(0.8),
    values: each(['hot-128', 'closed-128'], (hot, spread) => hot.perSecond / spread.perSecond),
  },
  {
    id: 'repeats',
    says: 'duplicates/s of finished orders, to new orders/s',
    unit: 'times',
    better: 'higher',
    goal: atLeast(5),
    values: each(['repeats', 'closed-32'], (repeats, orders) => repeats.perSecond / orders.perSecond),
  },
  {
    id: 'old-repeats',
    says: 'the same, of orders finished long ago',
    unit: 'times',
    better: 'higher',
    values: each(['old-repeats', 'closed-32'], (repeats, orders) => repeats.perSecond / orders.perSecond),
  },
  {
    id: 'mix-goodput',
    says: 'new orders among 90 % duplicates, of those offered',
    unit: 'share',
    better: 'higher',
    goal: atLeast(0.9),
    values: each(['mix'], ({ perSecond, offeredPerSecond = 0 }) => perSecond / offeredPerSecond),
  },
  {
    id: 'inserts',
    says: 'inserts one after the other before the answer',
    unit: 'count',
    better: 'lower',
    goal: atMost(4),
    values: ({ inserts }) => finite([Math.max(...(inserts?.chains ?? []).map(({ length }) => length))]),
    short: ({ inserts }) => inserts?.why,
  },
  {
    id: 'documents-32',
    says: 'documents inserted for one order, 32 in flight',
    unit: 'count',
    better: 'lower',
    goal: below(0.5),
    values: each(['closed-32'], ({ documentsPerOrder }) => documentsPerOrder),
  },
  {
    id: 'bare-share-32',
    says: 'orders/s of the bare journals’, 32 in flight',
    unit: 'share',
    better: 'higher',
    goal: atLeast(0.6),
    values: each(['closed-32', 'bare-32'], (orders, bare) => orders.perSecond / bare.perSecond),
  },
  {
    id: 'bare-share-128',
    says: 'orders/s of the bare journals’, 128 in flight',
    unit: 'share',
    better: 'higher',
    goal: atLeast(0.6),
    values: each(['closed-128', 'bare-128'], (orders, bare) => orders.perSecond / bare.perSecond),
  },
  ...growthFigures,
];
