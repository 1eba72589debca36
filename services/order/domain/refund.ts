// Refunds of an order by line, pure. A refund is decided once, in the order's own stream, before anything of it is done:
//
//     (completed order) ──refund_asked──▶ open: take the units back, then give their price back ──refunded──▶ done
//                                          │ the order is cancelled: everything goes back, this too
//                                          ▼
//                                         (cancelled order)
//
// What was decided counts from that moment: no two refunds give back the same unit, however many are asked for at once.
// A cancel that comes meanwhile overtakes the money of an open refund, because it gives back all that is left; the units
// of the refund are still taken back as it said, before the rest is released.

import { type Decision, type Refusal, refuse, succeed } from '../../../shared/journal/decision.ts';
import { amendSaga, finishAmendment } from '../../../shared/saga/saga-state.ts';
import {
  type Money,
  type OpenRefund,
  type OrderRefunds,
  type OrderState,
  orderEntity,
  orderNotFound,
  type RefundedUnits,
} from './order-state.ts';

/** Refunds of one order that may be open at once. They are in its state, which every op carries. */
export const openRefundsMax = 20;

/** More would be open than an order may carry. Nothing is recorded: some of them end soon. */
export class TooManyOpenRefundsError extends Error {
  constructor() {
    super(`${openRefundsMax} refunds of this order are under way: ask again when one of them has ended`);
    this.name = 'TooManyOpenRefundsError';
  }
}

export interface RefundLines {
  readonly refundId: string;
  readonly caller: string;
  /** Each SKU once. */
  readonly units: readonly RefundedUnits[];
  readonly backOnSale: boolean;
  readonly reason: string;
}

export type RefundChange =
  | { readonly type: 'refund_asked'; readonly data: Omit<OpenRefund, 'id'> & { readonly refundId: string } }
  | { readonly type: 'refunded'; readonly data: { readonly refundId: string } };

/** Decides what goes back, and what it is worth. Over all refunds never more units than the order has. */
export function decideRefundLines(
  orderId: string,
  state: OrderState | undefined,
  { refundId, caller, units, backOnSale, reason }: RefundLines,
): Decision {
  const entity = orderEntity(orderId);
  if (state?.caller !== caller) return refuse(entity, orderNotFound(orderId));
  if (state.saga.phase !== 'completed') return refuse(entity, orderNotConfirmed(orderId, state));
  for (const { sku, quantity } of units) {
    const left = refundableUnits(state, sku);
    if (quantity > left) return refuse(entity, refundExceedsOrdered(orderId, sku, left, quantity));
  }
  if ((state.refunds?.open.length ?? 0) >= openRefundsMax) throw new TooManyOpenRefundsError();
  const amount = priceOf(state, units);
  const change: RefundChange = {
    type: 'refund_asked',
    data: { refundId, units, amount, backOnSale, reason },
  };
  return succeed({ entity, ...change });
}

/** Every step of the refund is done. One that a cancel overtook is over already. */
export function decideRefunded(orderId: string, state: OrderState, refundId: string): Decision {
  const entity = orderEntity(orderId);
  const saga = finishAmendment(state.saga, refundId);
  if (saga === state.saga) return succeed({ entity, type: 'overtaken', data: { decision: 'refunded' } });
  const change: RefundChange = { type: 'refunded', data: { refundId } };
  return succeed({ entity, ...change });
}

export const openRefundOf = ({ refunds }: OrderState, refundId: string): OpenRefund | undefined =>
  refunds?.open.find(({ id }) => id === refundId);

export const isRefundChange = (change: { type: string }): change is RefundChange =>
  change.type === 'refund_asked' || change.type === 'refunded';

export function evolveRefunds(state: OrderState, change: RefundChange): OrderState {
  const { refundId } = change.data;
  const refunds = state.refunds ?? { units: [], amountMinorUnits: 0n, open: [] };
  if (change.type === 'refunded') {
    const open = refunds.open.filter(({ id }) => id !== refundId);
    return { ...state, refunds: { ...refunds, open }, saga: finishAmendment(state.saga, refundId) };
  }
  const { units, amount, backOnSale, reason } = change.data;
  return {
    ...state,
    refunds: {
      units: sumOf(refunds, units),
      amountMinorUnits: refunds.amountMinorUnits + amount.amountMinorUnits,
      open: [...refunds.open, { id: refundId, units, amount, backOnSale, reason }],
    },
    saga: amendSaga(state.saga, refundId),
  };
}

/** A cancelled order gave everything back, whatever a refund had still to do. */
export function withoutOpenRefunds(state: OrderState): OrderState {
  return state.refunds ? { ...state, refunds: { ...state.refunds, open: [] } } : state;
}

/** Units of a line that no refund has given back or is about to. */
export function refundableUnits({ lines, refunds }: OrderState, sku: string): number {
  const ordered = lines.find((line) => line.sku === sku)?.quantity ?? 0;
  return ordered - unitsOf(refunds?.units ?? [], sku);
}

export const unitsOf = (units: readonly RefundedUnits[], sku: string): number =>
  units.find((each) => each.sku === sku)?.quantity ?? 0;

function priceOf({ lines, total }: OrderState, units: readonly RefundedUnits[]): Money {
  if (!total) throw new Error('an order is completed without a total');
  const amountMinorUnits = units.reduce((sum, { sku, quantity }) => {
    const unitPrice = lines.find((line) => line.sku === sku)?.unitPrice;
    if (!unitPrice) throw new Error(`line ${sku} of a completed order has no price`);
    return sum + unitPrice.amountMinorUnits * BigInt(quantity);
  }, 0n);
  return { amountMinorUnits, currency: total.currency };
}

/** In the order of the first refund of each SKU, so that a fold gives the same state. */
function sumOf({ units }: OrderRefunds, more: readonly RefundedUnits[]): RefundedUnits[] {
  const sums = new Map(units.map(({ sku, quantity }) => [sku, quantity]));
  for (const { sku, quantity } of more) sums.set(sku, (sums.get(sku) ?? 0) + quantity);
  return [...sums].map(([sku, quantity]) => ({ sku, quantity }));
}

function orderNotConfirmed(orderId: string, { saga }: OrderState): Refusal {
  return {
    reason: 'ORDER_NOT_CONFIRMED',
    message: `order ${orderId} is ${saga.phase}: only of a confirmed order lines are refunded`,
    metadata: { order_id: orderId, phase: saga.phase },
  };
}

function refundExceedsOrdered(orderId: string, sku: string, left: number, asked: number): Refusal {
  return {
    reason: 'REFUND_EXCEEDS_ORDERED',
    message: `order ${orderId} has ${left} units of ${sku} left to refund, ${asked} were asked for`,
    metadata: { order_id: orderId, sku, refundable: String(left), asked: String(asked) },
  };
}
