// Compares what the three services say of the same orders. Pure: facts in, judgements out.
//
// The services are asked one after the other while orders may go on. So the order service is asked twice, before and
// after the other two: an order is judged only if it was at rest in both answers, and a charge or a hold counts as
// orphaned only if its order is missing from the second.

import {
  type ReservationFact,
  ReservationStatus,
} from '../../shared/gen/twicesafe/inventory/v1/inventory_pb.ts';
import { type OrderFact, SagaPhase } from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import type { PaymentFact } from '../../shared/gen/twicesafe/payment/v1/payment_pb.ts';

export interface Facts {
  readonly ordersBefore: ReadonlyMap<string, OrderFact>;
  /** By id. Ids are their caller's own, so one id may stand for several callers' reservations and payments. */
  readonly reservations: ReadonlyMap<string, readonly ReservationFact[]>;
  readonly payments: ReadonlyMap<string, readonly PaymentFact[]>;
  readonly ordersAfter: ReadonlyMap<string, OrderFact>;
}

export interface CrossFinding {
  readonly invariant: 'I2' | 'I3' | 'I6';
  readonly entity: string;
  readonly description: string;
}

export interface Comparison {
  readonly findings: readonly CrossFinding[];
  /** Orders, payments and reservations that were compared. */
  readonly checkedCounts: Readonly<Record<CrossFinding['invariant'], number>>;
  /** Orders that were not at rest and are therefore not judged. */
  readonly openCount: number;
}

const restPhases: readonly SagaPhase[] = [SagaPhase.COMPLETED, SagaPhase.CANCELLED];

export function compare(facts: Facts): Comparison {
  const findings: CrossFinding[] = [];
  const checkedCounts = { I2: 0, I3: 0, I6: 0 };
  let openCount = 0;

  for (const order of facts.ordersAfter.values()) {
    const before = facts.ordersBefore.get(order.orderId);
    if (!before || !isSameAtRest(before, order)) {
      if (!order.needsAttention) openCount += 1;
      continue;
    }
    checkedCounts.I2 += 1;
    checkedCounts.I3 += 1;
    findings.push(
      ...leastOf(facts.payments.get(order.paymentId), (payment) => moneyFindings(order, payment)),
    );
    findings.push(
      ...leastOf(facts.reservations.get(order.reservationId), (held) => stockFindings(order, held)),
    );
  }
  for (const payment of [...facts.payments.values()].flat()) {
    if (!isOfAnOrder(payment.reference, payment.paymentId)) continue;
    checkedCounts.I6 += 1;
    if (facts.ordersAfter.has(payment.reference) || netOf(payment) === 0n) continue;
    findings.push({
      invariant: 'I6',
      entity: `payment/${payment.paymentId}`,
      description: `took ${netOf(payment)} minor units for order ${payment.reference}, which does not exist`,
    });
  }
  for (const reservation of [...facts.reservations.values()].flat()) {
    if (!isOfAnOrder(reservation.reference, reservation.reservationId)) continue;
    checkedCounts.I6 += 1;
    if (facts.ordersAfter.has(reservation.reference) || unitsOf(reservation) === 0n) continue;
    findings.push({
      invariant: 'I6',
      entity: `reservation/${reservation.reservationId}`,
      description: `has ${unitsOf(reservation)} units for order ${reservation.reference}, which does not exist`,
    });
  }
  return { findings, checkedCounts, openCount };
}

/** Nothing of it was under way, and nothing was asked of it, between the two answers. */
function isSameAtRest(before: OrderFact, after: OrderFact): boolean {
  const isAtRest = restPhases.includes(after.phase) && after.openRefundCount === 0;
  return isAtRest && before.phase === after.phase && before.refundedUnits === after.refundedUnits;
}

/**
 * Judges an order by the one among equally named facts that is its own: another caller who takes an order's id for a
 * payment of its own must not make the order look wrong.
 */
function leastOf<T>(
  facts: readonly T[] | undefined,
  judge: (fact: T | undefined) => CrossFinding[],
): CrossFinding[] {
  const judged = (facts ?? [undefined]).map(judge);
  return judged.find((findings) => findings.length === 0) ?? judged[0] ?? [];
}

/** The order service names what it makes after the order, in the id and in the reference. Other callers' are not ours to judge. */
function isOfAnOrder(reference: string, id: string): boolean {
  return reference !== '' && (id === reference || id.endsWith(`.${reference}`));
}

function netOf({ charged, refunded }: PaymentFact): bigint {
  return (charged?.amountMinorUnits ?? 0n) - (refunded?.amountMinorUnits ?? 0n);
}

function unitsOf({ heldUnits, soldUnits }: ReservationFact): bigint {
  return heldUnits + soldUnits;
}

function moneyFindings(order: OrderFact, payment: PaymentFact | undefined): CrossFinding[] {
  const entity = `order/${order.orderId}`;
  const find = (description: string): CrossFinding[] => [{ invariant: 'I2', entity, description }];
  const charges = payment?.chargeCount ?? 0;
  const net = payment ? netOf(payment) : 0n;
  if (charges > 1) return find(`charged ${charges} times`);
  if (order.phase === SagaPhase.CANCELLED) {
    return net === 0n ? [] : find(`cancelled, but ${net} minor units are still taken`);
  }
  const total = order.total?.amountMinorUnits ?? 0n;
  const wanted = total - (order.refunded?.amountMinorUnits ?? 0n);
  // An order of nothing needs no payment.
  if (total === 0n) return net === 0n ? [] : find(`costs nothing, but ${net} minor units were taken`);
  if (charges !== 1) return find('confirmed, but never charged');
  if (net !== wanted) {
    return find(`costs ${wanted} minor units${afterRefunds(order)}, but ${net} were taken`);
  }
  if (payment?.charged?.currency !== order.total?.currency) {
    return find(`costs ${order.total?.currency}, but was charged in ${payment?.charged?.currency}`);
  }
  return [];
}

const afterRefunds = ({ refundedUnits }: OrderFact): string =>
  refundedUnits > 0n ? ' after its refunds' : '';

function stockFindings(order: OrderFact, reservation: ReservationFact | undefined): CrossFinding[] {
  const entity = `order/${order.orderId}`;
  const find = (description: string): CrossFinding[] => [{ invariant: 'I3', entity, description }];
  const held = reservation?.heldUnits ?? 0n;
  const sold = reservation?.soldUnits ?? 0n;
  if (order.phase === SagaPhase.CANCELLED) {
    return held + sold === 0n ? [] : find(`cancelled, but ${held} units are held and ${sold} sold for it`);
  }
  if (reservation?.status !== ReservationStatus.COMMITTED)
    return find('completed, but its stock was not sold');
  const wanted = order.units - order.refundedUnits;
  if (held !== 0n || sold !== wanted) {
    const has = `has ${wanted} units${afterRefunds(order)}`;
    return find(`${has}, but ${sold} were sold and ${held} are held for it`);
  }
  return [];
}
