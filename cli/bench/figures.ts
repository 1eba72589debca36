// The figures: what is read from the rounds, and the goal of each. Pure.

import { type Audited, complaintOf } from './audited.ts';
import { type Grown, heapPerOrder, type Pair } from './grow/grown.ts';
import type { InsertChains } from './inserts/chains.ts';
import type { Measured, Round } from './measured.ts';
import type { PhaseName } from './plan.ts';

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

/** Orders, and entries of one stream, that memory and growth are asked about. */
export const grownOrders = 1_000_000;
const megabyte = 1_000_000;
/** Below it a heap's own unrest is more than what one object kept for each order would be. */
const heapOrdersMin = 40_000;

const atLeast = (value: number): Goal => ({ kind: 'at least', value });
const atMost = (value: number): Goal => ({ kind: 'at most', value });
const below = (value: number): Goal => ({ kind: 'below', value });

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

const taskWords = { append: 'appending', 'find-key': 'finding a key', 'read-state': 'reading a state' };

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
  {
    id: 'memory',
    says: 'memory of a service, the largest of the three',
    unit: 'bytes',
    better: 'lower',
    goal: below(200 * megabyte),
    values: ({ grown }) =>
      finite(grown ? [Math.max(...Object.values(grown.rssBytes).map((pair) => pair.grown))] : []),
    short: notGrown,
  },
  {
    id: 'memory-growth',
    says: 'memory that a service keeps of an order',
    unit: 'bytes an order',
    better: 'lower',
    // One reference in a table is more. Nothing at all cannot be measured.
    goal: below(32),
    values: ({ grown }) => perOrder(grown),
    short: ({ grown }) => {
      const [any] = Object.values(grown?.heaps ?? {});
      return any && any.orders < heapOrdersMin ? `over ${any.orders} of ${heapOrdersMin} orders` : undefined;
    },
  },
  {
    id: 'grown-rate',
    says: 'orders/s on a grown database, of an empty one’s',
    unit: 'share',
    better: 'higher',
    goal: atLeast(0.9),
    values: ({ grown }) => grownShares(grown?.rates),
    short: notGrown,
  },
  {
    id: 'grown-cold-rate',
    says: 'the same, right after a start',
    unit: 'share',
    better: 'higher',
    values: ({ grown }) => grownShares(grown?.coldRates && [grown.coldRates]),
  },
  {
    id: 'grown-start',
    says: 'cold start on a grown database, to an empty one’s',
    unit: 'times',
    better: 'lower',
    // The same, as far as starts are alike on a machine that does other things too.
    goal: atMost(1.25),
    values: ({ grown }) => grownShares(grown?.startsMs),
    short: notGrown,
  },
  ...(['append', 'find-key', 'read-state'] as const).map(
    (task): Figure => ({
      id: `stream-${task}`,
      says: `${taskWords[task]}: a stream of ten entries’ time, to a long one’s`,
      unit: 'share',
      better: 'higher',
      goal: atLeast(0.9),
      values: ({ grown }) => grownShares(grown?.stream.tasks[task]).map((times) => 1 / times),
      short: ({ grown }) =>
        grown && grown.stream.entries < grownOrders
          ? `${grown.stream.entries} of ${grownOrders} entries`
          : undefined,
    }),
  ),
];

/** Why the grown database does not answer the goal: it was not that large, or not what services would have left. */
function notGrown({ grown }: Results): string | undefined {
  if (!grown) return undefined;
  const { orders, asked, audit } = grown;
  if (asked.replayed < asked.count) {
    return `of ${asked.count} orders that filled it only ${asked.replayed} were replayed`;
  }
  const complaint = complaintOf(audit);
  if (complaint !== '') return complaint;
  return orders < grownOrders ? `${orders} of ${grownOrders} orders` : undefined;
}

function perOrder(grown: Grown | undefined): number[] {
  const bytes = grown && heapPerOrder(grown);
  return bytes === undefined ? [] : [bytes];
}

function grownShares(pairs: readonly Pair[] = []): number[] {
  return finite(pairs.map((pair) => pair.grown / pair.empty));
}

/** What could not be read, or divided, was not measured. */
function finite(values: readonly number[]): number[] {
  return values.filter(Number.isFinite);
}
