// Renders recorded orders as proto messages. It decides nothing.

import { create } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import {
  type Order,
  OrderSchema,
  OrderStatus,
  type Saga,
  SagaPhase,
  SagaSchema,
} from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import type { SagaPhase as Phase } from '../../shared/saga/index.ts';
import type { OrderState } from './domain/order.ts';

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
    })),
    ...(order.total ? { total: order.total } : {}),
    accountId: order.accountId,
    paymentId: order.paymentId,
    reservationId: order.reservationId,
    placedAt: timestampFromDate(order.placedAt),
    cancelReason: order.saga.reason?.reason ?? '',
  });
}

/** The order as it was confirmed, whatever became of it since: PlaceOrder's answer never changes. */
export function renderConfirmed(orderId: string, order: OrderState): Order {
  return { ...renderOrder(orderId, order), status: OrderStatus.CONFIRMED, cancelReason: '' };
}

export function renderSaga(orderId: string, order: OrderState): Saga {
  return create(SagaSchema, {
    orderId,
    phase: sagaPhaseOf[order.saga.phase],
    reason: order.saga.reason?.reason ?? '',
    needsAttention: order.saga.attention?.reason ?? '',
    placedAt: timestampFromDate(order.placedAt),
    deadlineAt: timestampFromDate(order.saga.deadlineAt),
    caller: order.caller,
  });
}
