// What an order is at some moment, and what its entity is called. How it gets there: order.ts, refund.ts.

import type { Refusal, State } from '../../../shared/journal/decision.ts';
import type { SagaState } from '../../../shared/saga/saga-state.ts';

export type Money = { readonly amountMinorUnits: bigint; readonly currency: string };

/** Only the amount and the currency: a message from the wire carries more, which must not be recorded. */
export function moneyOf({ amountMinorUnits, currency }: Money): Money {
  return { amountMinorUnits, currency };
}

export type OrderLine = {
  readonly sku: string;
  readonly quantity: number;
  /** Null until the stock was held. */
  readonly unitPrice: Money | null;
};

/** Units of a line that a refund gives back. */
export type RefundedUnits = { readonly sku: string; readonly quantity: number };

/** A refund by line whose steps are not all done. */
export type OpenRefund = {
  readonly id: string;
  readonly units: readonly RefundedUnits[];
  /** The price of these units. */
  readonly amount: Money;
  /** Whether the units can be sold again. */
  readonly backOnSale: boolean;
  readonly reason: string;
};

/** What refunds by line have given back, those included that are not done. */
export type OrderRefunds = {
  /** Over all refunds, each SKU once: never more than the line's quantity. */
  readonly units: readonly RefundedUnits[];
  readonly amountMinorUnits: bigint;
  readonly open: readonly OpenRefund[];
};

export type OrderState = {
  /** Who placed it: nobody else sees or cancels it. */
  readonly caller: string;
  readonly lines: readonly OrderLine[];
  /** Empty for a card. */
  readonly accountId: string;
  /** The provider's token for the card; empty for an account. */
  readonly paymentMethod: string;
  readonly totalMax: Money | null;
  readonly total: Money | null;
  readonly reservationId: string;
  readonly paymentId: string;
  readonly placedAt: Date;
  /** Stays when the order is cancelled later: PlaceOrder's answer is given for ever. */
  readonly confirmedAt: Date | null;
  /** Absent: there never was a refund by line. */
  readonly refunds?: OrderRefunds;
  readonly saga: SagaState;
};

export function orderEntity(orderId: string): string {
  return `order/${orderId}`;
}

export function orderIdOf(entity: string): string {
  return entity.slice('order/'.length);
}

/** The state of an order entity, as its own rules wrote it. */
export function asOrder(state: State | undefined): OrderState | undefined {
  return state as OrderState | undefined;
}

/** Also what is said of another caller's order: nobody learns that it is there. */
export function orderNotFound(orderId: string): Refusal {
  return {
    reason: 'ORDER_NOT_FOUND',
    message: `there is no order ${orderId} of yours: its id is in PlaceOrder's answer`,
    metadata: { order_id: orderId },
  };
}
