// Place-order, the one saga of this service: reserve stock, then take the payment (the pivot), then sell the stock. Its
// amendments are refunds by line: take units back, then give their price back.

import type { InventoryService } from '../../shared/gen/twicesafe/inventory/v1/inventory_pb.ts';
import type { PaymentService } from '../../shared/gen/twicesafe/payment/v1/payment_pb.ts';
import type { CallAnswer, ServiceClient } from '../../shared/rpc/index.ts';
import type { SagaDefinition, StepAnswer, StepCall, StepData } from '../../shared/saga/index.ts';
import {
  type Money,
  moneyOf,
  type OpenRefund,
  type OrderLine,
  type OrderState,
} from './domain/order-state.ts';
import { openRefundOf } from './domain/refund.ts';
import { totalOf } from './domain/total.ts';
import { orderReasons } from './order-errors.ts';

export interface PlaceOrderDependencies {
  readonly inventory: ServiceClient<typeof InventoryService>;
  readonly payment: ServiceClient<typeof PaymentService>;
}

/** What is known once every step is done: with it the order is confirmed. */
export function pricedOrder(data: ReadonlyMap<string, StepData>): { lines: OrderLine[]; total: Money } {
  const { lines } = data.get('reserve_stock') as { lines: OrderLine[] };
  const { total } = data.get('create_payment') as { total: Money };
  return { lines, total };
}

export function placeOrderSaga({ inventory, payment }: PlaceOrderDependencies): SagaDefinition<OrderState> {
  return {
    sagaOf: (order) => order.saga,
    tooLate: {
      reason: 'ORDER_TOO_LATE',
      message:
        'the order was not confirmed before its deadline and is undone: place it again under a new request id',
      metadata: {},
    },
    steps: [
      {
        name: 'reserve_stock',
        async run(order, _before, call) {
          const lines = order.lines.map(({ sku, quantity }) => ({ sku, quantity }));
          const request = { reservationId: order.reservationId, lines, reference: order.reservationId };
          const answer = await inventory.call('reserveStock', request, once(call));
          return inKnownWords(
            stepAnswer(answer, ({ reservation }) => ({
              lines: (reservation?.lines ?? []).map(({ sku, quantity, unitPrice }) => ({
                sku,
                quantity,
                unitPrice: unitPrice ? moneyOf(unitPrice) : null,
              })),
            })),
          );
        },
        async undo({ reservationId }, call) {
          return stepAnswer(
            await inventory.call('releaseReservation', { reservationId }, once(call)),
            () => ({}),
          );
        },
      },
      {
        name: 'create_payment',
        async run(order, before, call) {
          const { lines } = before.get('reserve_stock') as { lines: OrderLine[] };
          const priced = totalOf(lines, order.totalMax);
          if ('refusal' in priced) return { answer: 'refused', reason: priced.refusal };
          const { total } = priced;
          // Nothing to take: a payment of nothing is no payment.
          if (total.amountMinorUnits === 0n) return { answer: 'done', data: { total } };
          const request = {
            paymentId: order.paymentId,
            source: sourceOf(order),
            amount: total,
            reference: order.reservationId,
          };
          const answer = await payment.call('createPayment', request, once(call));
          return inKnownWords(stepAnswer(answer, () => ({ total })));
        },
        async undo({ paymentId }, call) {
          return stepAnswer(await payment.call('cancelPayment', { paymentId }, once(call)), () => ({}));
        },
      },
    ],
    finishing: [
      {
        name: 'commit_reservation',
        async run({ reservationId }, call) {
          return stepAnswer(
            await inventory.call('commitReservation', { reservationId }, once(call)),
            () => ({}),
          );
        },
      },
    ],
    amending: [
      {
        // First, because it is ours alone: what somebody else may refuse comes last and leaves nothing undone behind it.
        name: 'return_stock',
        // A cancel must not put back on sale what this refund writes off.
        beforeUndo: true,
        async run(order, refundId, call) {
          const { units, backOnSale } = refundIn(order, refundId);
          const lines = units.map(({ sku, quantity }) => ({ sku, quantity }));
          const request = { reservationId: order.reservationId, lines, backOnSale };
          return stepAnswer(await inventory.call('returnStock', request, once(call)), () => ({}));
        },
      },
      {
        name: 'refund_payment',
        // A cancel gives back all that is left, whether or not this came first.
        beforeUndo: false,
        async run(order, refundId, call) {
          const { amount, reason } = refundIn(order, refundId);
          // Nothing to give back: a refund of nothing is no refund.
          if (amount.amountMinorUnits === 0n) return { answer: 'done', data: {} };
          const request = { paymentId: order.paymentId, amount, reason };
          return stepAnswer(await payment.call('refundPayment', request, once(call)), () => ({}));
        },
      },
    ],
  };
}

function refundIn(order: OrderState, refundId: string): OpenRefund {
  const refund = openRefundOf(order, refundId);
  if (!refund) throw new Error(`refund ${refundId} is taken, but the order has none open of this id`);
  return refund;
}

function sourceOf({ accountId, paymentMethod }: OrderState) {
  return paymentMethod === ''
    ? { case: 'accountId' as const, value: accountId }
    : { case: 'card' as const, value: { paymentMethod } };
}

/** One attempt: the coordinator asks again, so that it can look in between whether the order was cancelled. */
function once({ requestId, budgetMs }: StepCall) {
  return { requestId, budgetMs, attempts: 1 };
}

function stepAnswer<T>(answer: CallAnswer<T>, dataOf: (response: T) => StepData): StepAnswer {
  switch (answer.answer) {
    case 'done':
      return { answer: 'done', data: dataOf(answer.response) };
    case 'refused':
      return { answer: 'refused', reason: answer.refusal };
    case 'unknown':
      return { answer: 'unknown', reason: answer.reason, retryDelayMs: answer.retryDelayMs };
  }
}

/**
 * A step's refusal is recorded as PlaceOrder's. One that callers were never told of (of a service newer than this one)
 * gets a reason that they know. What an undo is refused for is an operator's matter, and stays as it is.
 */
function inKnownWords(answer: StepAnswer): StepAnswer {
  if (answer.answer !== 'refused' || answer.reason.reason in orderReasons) return answer;
  const { reason, metadata, ...words } = answer.reason;
  return {
    answer: 'refused',
    reason: { ...words, reason: 'STEP_REFUSED', metadata: { ...metadata, step_reason: reason } },
  };
}
