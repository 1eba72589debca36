// The order domain without a database: runs decisions on folded states, once per key, and keeps the ops as a journal would.

import {
  decideAbort,
  decideAttention,
  decideCancel,
  decideCancelled,
  decideCompleted,
  decideConfirm,
  decidePlace,
  decideRetry,
  decideTurnRound,
  type PlaceOrder,
} from '../../services/order/domain/order.ts';
import {
  asOrder,
  type Money,
  type OrderLine,
  type OrderState,
  orderEntity,
  type RefundedUnits,
} from '../../services/order/domain/order-state.ts';
import { decideRefunded, decideRefundLines, type RefundLines } from '../../services/order/domain/refund.ts';
import { orderRules } from '../../services/order/domain/rules.ts';
import type { Decision, Outcome, State } from '../../shared/journal/decision.ts';
import type { RecordedOp } from '../../shared/journal/journal.ts';
import type { Asked, SagaPhase } from '../../shared/saga/saga-state.ts';

export const eur = (amountMinorUnits: bigint): Money => ({ amountMinorUnits, currency: 'EUR' });
export const placedAt = new Date('2026-11-24T12:00:00Z');
export const because = (reason: string) => ({ reason, message: `${reason} it is`, metadata: {} });

export const placeTea: PlaceOrder = {
  orderId: 'o1',
  caller: 'alice',
  lines: [{ sku: 'tea', quantity: 2 }],
  accountId: 'purse',
  paymentMethod: '',
  totalMax: null,
  paymentId: 'purse.o1',
  deadlineMs: 30_000,
};
export const pricedTea = [{ sku: 'tea', quantity: 2, unitPrice: eur(450n) }];

export type OrderBook = ReturnType<typeof openOrderBook>;

/** The orders' own decisions are recorded once each, as the saga's log does it; requests under the key given. */
export function openOrderBook() {
  const states = new Map<string, State>();
  const outcomes = new Map<string, Outcome>();
  const ops: RecordedOp[] = [];

  function submit(
    key: string,
    orderId: string,
    decide: (order: OrderState | undefined) => Decision,
  ): Outcome {
    const recorded = outcomes.get(key);
    if (recorded) return recorded;
    const before = states.get(orderEntity(orderId));
    const { outcome, changes } = decide(asOrder(before));
    for (const { entity, type, data } of changes) {
      const state = orderRules.evolve(entity, states.get(entity), { type, data }, placedAt);
      if (state) states.set(entity, state);
      const seq = ops.length + 1;
      ops.push({ stream: 's0', seq, writer: 'w', at: placedAt, entity, key, type, data, outcome, state });
    }
    outcomes.set(key, outcome);
    return outcome;
  }

  function sagaDecision(orderId: string, name: string, decide: (order: OrderState) => Decision): Outcome {
    return submit(`saga/${orderId}/${name}`, orderId, (order) => {
      if (!order) throw new Error(`${orderId} is driven but was not placed`);
      return decide(order);
    });
  }

  const id = 'o1';
  const book = {
    ops,
    state: (orderId = id) => asOrder(states.get(orderEntity(orderId))),
    phase: (orderId = id) => book.state(orderId)?.saga.phase,
    types: (orderId = id) =>
      ops.filter(({ entity }) => entity === orderEntity(orderId)).map(({ type }) => type),
    place: (more: Partial<PlaceOrder> = {}) =>
      submit(`place/${more.orderId ?? id}`, more.orderId ?? id, () =>
        decidePlace({ ...placeTea, ...more }, placedAt),
      ),
    confirm: (lines: readonly OrderLine[] = pricedTea, total = eur(900n), orderId = id) =>
      sagaDecision(orderId, 'confirmed', (order) => decideConfirm(orderId, order, lines, total)),
    turnRound: (reason: string, undo: string[], orderId = id) =>
      sagaDecision(orderId, 'turned_round', (order) =>
        decideTurnRound(orderId, order, because(reason), undo),
      ),
    cancelled: (orderId = id) =>
      sagaDecision(orderId, 'cancelled', (order) => decideCancelled(orderId, order)),
    completed: (orderId = id) =>
      sagaDecision(orderId, 'completed', (order) => decideCompleted(orderId, order)),
    attention: (reason: string, during: SagaPhase, orderId = id) =>
      sagaDecision(orderId, `needs_attention/${reason}`, (order) =>
        decideAttention(
          orderId,
          order,
          because(reason),
          { phase: during, step: 'a_step', round: 0 },
          'unknown',
        ),
      ),
    /** A step was refused in a round; `key` differs for each time that it is said. */
    refusedStep: (key: string, asked: Asked, orderId = id) =>
      sagaDecision(orderId, `needs_attention/${key}`, (order) =>
        decideAttention(orderId, order, because('REFUND_REFUSED'), asked, 'refused'),
      ),
    refund: (refundId: string, units: RefundedUnits[], more: Partial<RefundLines> = {}, orderId = id) =>
      submit(`refund/${refundId}`, orderId, (order) =>
        decideRefundLines(orderId, order, {
          refundId,
          caller: 'alice',
          units,
          backOnSale: true,
          reason: '',
          ...more,
        }),
      ),
    refunded: (refundId: string, orderId = id) =>
      sagaDecision(orderId, `amended/${refundId}`, (order) => decideRefunded(orderId, order, refundId)),
    cancel: (key: string, caller = 'alice', orderId = id) =>
      submit(key, orderId, (order) => decideCancel(orderId, caller, order)),
    abort: (key: string, orderId = id) => submit(key, orderId, (order) => decideAbort(orderId, order)),
    retry: (key: string, orderId = id) => submit(key, orderId, (order) => decideRetry(orderId, order)),
  };
  return book;
}
