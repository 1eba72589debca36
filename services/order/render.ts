// Renders recorded orders as proto messages. It decides nothing.

import { create } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import {
  type Order,
  type OrderRefund,
  OrderRefundSchema,
  OrderSchema,
  OrderStatus,
  type Saga,
  SagaPhase,
  SagaSchema,
} from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import type { SagaPhase as Phase } from '../../shared/saga/index.ts';
import type { Money, OrderState } from './domain/order-state.ts';
import { openRefundOf, unitsOf } from './domain/refund.ts';

export const statusOf: Record<Phase, OrderStatus> = {
  running: OrderStatus.PLACED,
  confirmed: OrderStatus.CONFIRMED,
  completed: OrderStatus.CONFIRMED,
  compensating: OrderStatus.COMPENSATING,
  cancelled: OrderStatus.CANCELLED,
};

export const sagaPhaseOf: Record<Phase, SagaPhase> = {
  running: SagaPhase.RUNNING,
  confirmed: SagaPhase.CONFIRMED,
  completed: SagaPhase.COMPLETED,
  compensating: SagaPhase.COMPENSATING,
  cancelled: SagaPhase.CANCELLED,
};

/** The order as it is. */
export function renderOrder(orderId: string, order: OrderState): Order {
  return create(OrderSchema, {
    orderId,
    status: statusOf[order.saga.phase],
    lines: order.lines.map(({ sku, quantity, unitPrice }) => ({
      sku,
      quantity,
      ...(unitPrice ? { unitPrice } : {}),
      refundedQuantity: unitsOf(order.refunds?.units ?? [], sku),
    })),
    ...(order.total ? { total: order.total } : {}),
    ...refundedIn(order),
    needsAttention: order.saga.attention?.reason ?? '',
    accountId: order.accountId,
    paymentId: order.paymentId,
    reservationId: order.reservationId,
    placedAt: timestampFromDate(order.placedAt),
    cancelReason: order.saga.reason?.reason ?? '',
  });
}

/** The order as it was confirmed, whatever became of it since: PlaceOrder's answer never changes. */
export function renderConfirmed(orderId: string, order: OrderState): Order {
  const { refunds: _, ...unrefunded } = order;
  const saga = { ...order.saga, attention: null };
  return {
    ...renderOrder(orderId, { ...unrefunded, saga }),
    status: OrderStatus.CONFIRMED,
    cancelReason: '',
  };
}

/** What refunds gave back or are giving back; nothing when there was none. */
export function refundedIn({ refunds, total }: OrderState): { refunded?: Money } {
  if (!refunds || !total) return {};
  return { refunded: { amountMinorUnits: refunds.amountMinorUnits, currency: total.currency } };
}

/** A refund as it was decided, from the order's state right after that. */
export function renderRefund(order: OrderState, refundId: string, askedAt: Date): OrderRefund {
  const refund = openRefundOf(order, refundId);
  if (!refund) throw new Error(`refund ${refundId} was decided, but its order does not have it`);
  return create(OrderRefundSchema, {
    refundId,
    lines: refund.units.map(({ sku, quantity }) => {
      const unitPrice = order.lines.find((line) => line.sku === sku)?.unitPrice;
      return { sku, quantity, ...(unitPrice ? { unitPrice } : {}) };
    }),
    amount: refund.amount,
    backOnSale: refund.backOnSale,
    reason: refund.reason,
    askedAt: timestampFromDate(askedAt),
  });
}

export function renderSaga(orderId: string, order: OrderState): Saga {
  return create(SagaSchema, {
    orderId,
    phase: sagaPhaseOf[order.saga.phase],
    reason: order.saga.reason?.reason ?? '',
    needsAttention: order.saga.attention?.reason ?? '',
    attentionMessage: order.saga.attention?.message ?? '',
    openRefundCount: order.refunds?.open.length ?? 0,
    placedAt: timestampFromDate(order.placedAt),
    deadlineAt: timestampFromDate(order.saga.deadlineAt),
    caller: order.caller,
  });
}
