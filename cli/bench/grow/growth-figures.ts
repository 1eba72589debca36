// The figures of growth and memory. Pure.

import { complaintOf } from '../audited.ts';
import { atLeast, atMost, below, type Figure, finite, type Results } from '../figure.ts';
import { type Grown, heapPerOrder, type Pair } from './grown.ts';

/** Orders, and entries of one stream, that memory and growth are asked about. */
export const grownOrders = 1_000_000;
const megabyte = 1_000_000;
/** Below it a heap's own unrest is more than what one object kept for each order would be. */
const heapOrdersMin = 40_000;

const taskWords = { append: 'appending', 'find-key': 'finding a key', 'read-state': 'reading a state' };

export const growthFigures: readonly Figure[] = [
  {
    id: 'memory',
    says: 'memory of a service, the largest of the three',
    unit: 'bytes',
    better: 'lower',
    goal: below(200 * megabyte),
    values: ({ grown }) =>
      finite(grown ? [Math.max(...Object.values(grown.rssBytes).map((pair) => pair.grown))] : []),
    short: (results) => notGrown(results) ?? notServed(results),
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

function notServed({ grown }: Results): string | undefined {
  if (!grown || grown.served >= grown.toServe) return undefined;
  return `only ${grown.served} of ${grown.toServe} orders got through the services`;
}

function perOrder(grown: Grown | undefined): number[] {
  const bytes = grown && heapPerOrder(grown);
  return bytes === undefined ? [] : [bytes];
}

function grownShares(pairs: readonly Pair[] = []): number[] {
  return finite(pairs.map((pair) => pair.grown / pair.empty));
}
