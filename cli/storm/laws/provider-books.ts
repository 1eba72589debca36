// I2, I6 from the card provider's side: its own books, asked past all services, against what the callers were told. One
// charge for each confirmed order, nothing kept for any other, no charge that nobody ordered. Pure.

import { answerOf, type Gathered, orderReadKey, type RequestFacts } from '../history/gather.ts';
import type { BookedPayment } from '../provider/control.ts';
import type { Contradiction } from './law.ts';
import { nameOf } from './one-answer.ts';

/** What a person wants to know, each in payments or orders. All of them are 0 when nothing is wrong. */
export interface BooksCounts {
  /** Orders that the provider took money for more than once. */
  readonly chargedTwice: number;
  /** Orders that are not confirmed, and whose money was not given back. */
  readonly keptForNothing: number;
  /** Confirmed orders that the provider has no money for, or not all of it. */
  readonly notCharged: number;
  /** Charges that belong to no order. */
  readonly withoutOrder: number;
}

/** Minor units as decimal strings: a number in JSON would pass through floating point. */
export interface BooksSums {
  readonly chargeCount: number;
  readonly taken: string;
  readonly refundCount: number;
  readonly givenBack: string;
  /** What the confirmed orders cost. Taken less given back, when nothing is wrong. */
  readonly owed: string;
  readonly confirmedCount: number;
}

export interface BooksJudged {
  readonly contradictions: readonly Contradiction[];
  readonly orderCount: number;
  readonly counts: BooksCounts;
  readonly sums: BooksSums;
  readonly unjudged?: string;
}

interface OrderedByCard {
  readonly request: RequestFacts;
  readonly status: string;
  readonly total: bigint;
  readonly charges: BookedPayment[];
}

/** `isWhole`: nobody else uses this provider, so a charge of an order that the history does not know is nobody's. */
export function judgeProviderBooks(
  gathered: Gathered,
  payments: readonly BookedPayment[],
  { isWhole }: { readonly isWhole: boolean },
): BooksJudged {
  const { orders, undecidedCount } = ordersByCard(gathered);
  const contradictions: Contradiction[] = [];
  const counts = { chargedTwice: 0, keptForNothing: 0, notCharged: 0, withoutOrder: 0 };
  const sums = { chargeCount: 0, taken: 0n, refundCount: 0, givenBack: 0n, owed: 0n, confirmedCount: 0 };

  for (const payment of payments) {
    if (payment.taken === 0) continue;
    const order = orders.get(orderOf(payment));
    if (order) order.charges.push(payment);
    else if (isWhole && undecidedCount === 0) {
      counts.withoutOrder += 1;
      contradictions.push({
        invariant: 'I6',
        wrong: 'charged twice',
        where: `${payment.id} at the provider, ${payment.metadata['payment'] ?? 'of unknown origin'}`,
        says: `${payment.taken} minor units were taken for an order that nobody placed`,
      });
    } else continue;
    const refunds = refundsOf(payment);
    sums.chargeCount += 1;
    sums.taken += BigInt(payment.taken);
    sums.refundCount += refunds.length;
    sums.givenBack += sumOf(refunds);
  }

  for (const [id, { request, status, total, charges }] of orders) {
    const find = (count: keyof BooksCounts, wrong: Contradiction['wrong'], says: string) => {
      counts[count] += 1;
      contradictions.push({ invariant: 'I2', wrong, where: `order ${id}, ${nameOf(request)}`, says });
    };
    const kept = charges.reduce((sum, charge) => sum + BigInt(charge.taken) - sumOf(refundsOf(charge)), 0n);
    const owed = status === 'CONFIRMED' ? total : 0n;
    sums.owed += owed;
    if (status === 'CONFIRMED') sums.confirmedCount += 1;
    const ids = charges.map((charge) => charge.id).join(', ');
    const stands = `it is ${status} and ${owed} are owed for it, and the provider keeps ${kept}`;
    // One order is one wrong, in the words that say most.
    if (charges.length > 1)
      find(
        'chargedTwice',
        'charged twice',
        `the provider charged it ${charges.length} times (${ids}): ${stands}`,
      );
    else if (kept > owed)
      find(owed > 0n ? 'chargedTwice' : 'keptForNothing', 'charged twice', `${stands} (${ids})`);
    else if (kept < owed) find('notCharged', 'lost', stands);
  }
  const { taken, givenBack, owed } = sums;
  return {
    contradictions,
    orderCount: orders.size,
    counts,
    sums: { ...sums, taken: String(taken), givenBack: String(givenBack), owed: String(owed) },
    ...(undecidedCount > 0 ? { unjudged: `${undecidedCount} orders by card have no definite answer` } : {}),
  };
}

/** By order id, with what the last read said of each. One that was refused before it was anything has no read, and owes nothing. */
function ordersByCard(gathered: Gathered): { orders: Map<string, OrderedByCard>; undecidedCount: number } {
  const orders = new Map<string, OrderedByCard>();
  let undecidedCount = 0;
  for (const request of gathered.requests.values()) {
    if (request.messages[0]?.asked.card === undefined) continue;
    const found = answerOf(request);
    if (!found) undecidedCount += 1;
    const { order, total = '0' } = found?.answer.told ?? {};
    if (order === undefined) continue;
    const status = gathered.orderReads.get(orderReadKey(request.caller, order))?.after?.status ?? 'MISSING';
    orders.set(order, { request, status, total: BigInt(total), charges: [] });
  }
  return { orders, undecidedCount };
}

/** The order service names a payment after its order: `payment/<caller>/card.<order>`. */
function orderOf({ metadata }: BookedPayment): string {
  const name = metadata['payment'] ?? '';
  return name.slice(name.lastIndexOf('.') + 1);
}

/** One that failed came back to the provider. */
const refundsOf = ({ refunds }: BookedPayment) => refunds.filter(({ status }) => status !== 'failed');

const sumOf = (refunds: BookedPayment['refunds']): bigint =>
  refunds.reduce((sum, { amount }) => sum + BigInt(amount), 0n);
