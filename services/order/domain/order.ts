// An order and its saga, pure: what each command decides and what each change does. Refunds by line: refund.ts. No
// transport, no I/O.

import { type Change, type Decision, refuse, succeed } from '../../../shared/journal/decision.ts';
import {
  type Asked,
  askAttention,
  beginSaga,
  completeSaga,
  confirmSaga,
  finishUndo,
  isStillAsked,
  openRound,
  roundOf,
  type SagaAttention,
  type SagaPhase,
  type SagaReason,
  type SagaState,
  turnSaga,
} from '../../../shared/saga/saga-state.ts';
import {
  type Money,
  type OrderLine,
  type OrderState,
  orderEntity,
  orderIdOf,
  orderNotFound,
} from './order-state.ts';
import { evolveRefunds, isRefundChange, withoutOpenRefunds } from './refund.ts';

export interface PlaceOrder {
  readonly orderId: string;
  readonly caller: string;
  readonly lines: readonly { readonly sku: string; readonly quantity: number }[];
  readonly accountId: string;
  readonly paymentMethod: string;
  readonly totalMax: Money | null;
  readonly paymentId: string;
  /** From placing to the saga's deadline. */
  readonly deadlineMs: number;
}

/** The order's id is derived from the request, so an order that exists was placed by this very request. */
export function decidePlace(command: PlaceOrder, at: Date): Decision {
  const { orderId, caller, lines, accountId, paymentMethod, totalMax, paymentId, deadlineMs } = command;
  return succeed({
    entity: orderEntity(orderId),
    type: 'placed',
    data: {
      caller,
      lines: lines.map(({ sku, quantity }) => ({ sku, quantity })),
      accountId,
      paymentMethod,
      totalMax,
      paymentId,
      reservationId: orderId,
      deadlineAt: new Date(at.getTime() + deadlineMs),
    },
    lists: [`orders/${caller}`],
  });
}

export const orderCancelled: SagaReason = {
  reason: 'REQUEST_CANCELLED',
  message: 'the order was cancelled',
  metadata: {},
};

const allSteps = ['create_payment', 'reserve_stock'] as const;

/** Undoes what may have been done, whether or not the order is confirmed. Cancelling again changes nothing. */
export function decideCancel(orderId: string, caller: string, state: OrderState | undefined): Decision {
  const entity = orderEntity(orderId);
  if (state?.caller !== caller) return refuse(entity, orderNotFound(orderId));
  const cancelled = decideTurn(orderId, state, orderCancelled, allSteps, [
    'running',
    'confirmed',
    'completed',
  ]);
  return cancelled ?? succeed({ entity, type: 'noted', data: { command: 'cancel' } });
}

/** An operator's cancel: only before the pivot, for any caller's order. */
export function decideAbort(orderId: string, state: OrderState | undefined): Decision {
  const entity = orderEntity(orderId);
  if (!state) return refuse(entity, orderNotFound(orderId));
  const turned = decideTurn(orderId, state, orderCancelled, allSteps, ['running']);
  if (turned) return turned;
  if (state.saga.phase === 'confirmed' || state.saga.phase === 'completed') {
    return refuse(entity, {
      reason: 'SAGA_PAST_PIVOT',
      message: `order ${orderId} is confirmed: cancel it with CancelOrder, which refunds it`,
      metadata: { order_id: orderId },
    });
  }
  return succeed({ entity, type: 'noted', data: { command: 'abort' } });
}

/**
 * Leaves a trace of the operator's hand. Driving the saga is no change of the order; but when a step was refused, for
 * which it would be refused for ever, a new round of it begins.
 */
export function decideRetry(orderId: string, state: OrderState | undefined): Decision {
  const entity = orderEntity(orderId);
  if (!state) return refuse(entity, orderNotFound(orderId));
  const step = state.saga.attention?.refusedStep;
  if (step === undefined) return succeed({ entity, type: 'noted', data: { command: 'retry' } });
  return succeed({ entity, type: 'retried', data: { step, round: roundOf(state.saga, step) + 1 } });
}

/** The saga's decisions. One that comes too late is recorded as overtaken and changes nothing. */
export function decideConfirm(
  orderId: string,
  state: OrderState,
  lines: readonly OrderLine[],
  total: Money,
): Decision {
  const change = { entity: orderEntity(orderId), type: 'confirmed', data: { lines, total } };
  return unlessOvertaken(change, state, confirmSaga(state.saga));
}

export function decideTurnRound(
  orderId: string,
  state: OrderState,
  reason: SagaReason,
  undo: readonly string[],
): Decision {
  return decideTurn(orderId, state, reason, undo, ['running']) ?? overtaken(orderId, 'turned_round');
}

export function decideCancelled(orderId: string, state: OrderState): Decision {
  const change = { entity: orderEntity(orderId), type: 'cancelled', data: {} };
  return unlessOvertaken(change, state, finishUndo(state.saga));
}

export function decideCompleted(orderId: string, state: OrderState): Decision {
  const change = { entity: orderEntity(orderId), type: 'completed', data: {} };
  return unlessOvertaken(change, state, completeSaga(state.saga));
}

/** `found`: whether the step was refused, for which a round may be opened, or its outcome stays unknown. */
export function decideAttention(
  orderId: string,
  state: OrderState,
  reason: SagaReason,
  asked: Asked,
  found: 'refused' | 'unknown',
): Decision {
  const refusedStep = found === 'refused' ? { refusedStep: asked.step } : {};
  const change = { entity: orderEntity(orderId), type: 'needs_attention', data: { reason, ...refusedStep } };
  if (!isStillAsked(state.saga, asked)) return overtaken(orderId, change.type);
  return unlessOvertaken(change, state, askAttention(state.saga, { ...reason, ...refusedStep }, asked.phase));
}

function decideTurn(
  orderId: string,
  state: OrderState,
  reason: SagaReason,
  undo: readonly string[],
  from: readonly SagaPhase[],
): Decision | undefined {
  const turned = turnSaga(state.saga, reason, undo, from);
  if (turned === state.saga) return undefined;
  // With nothing to undo it is cancelled at once: the refused step left nothing behind.
  const type = turned.phase === 'cancelled' ? 'cancelled' : 'compensating';
  return succeed({ entity: orderEntity(orderId), type, data: { reason, undo, from } });
}

function unlessOvertaken(change: Change, before: OrderState, saga: SagaState): Decision {
  return saga === before.saga ? overtaken(orderIdOf(change.entity), change.type) : succeed(change);
}

function overtaken(orderId: string, decision: string): Decision {
  return succeed({ entity: orderEntity(orderId), type: 'overtaken', data: { decision } });
}

export function evolveOrder(
  state: OrderState | undefined,
  change: { type: string; data: Readonly<Record<string, unknown>> },
  at: Date,
): OrderState | undefined {
  if (change.type === 'placed') return placed(change.data as unknown as PlacedData, at);
  if (!state) return undefined;
  if (isRefundChange(change)) return evolveRefunds(state, change);
  const { saga } = state;
  switch (change.type) {
    case 'confirmed': {
      const { lines, total } = change.data as unknown as { lines: OrderLine[]; total: Money };
      return { ...state, lines, total, confirmedAt: at, saga: confirmSaga(saga) };
    }
    case 'compensating':
    case 'cancelled': {
      const turn = change.data as unknown as { reason?: SagaReason; undo?: string[]; from?: SagaPhase[] };
      if (!turn.reason) return { ...withoutOpenRefunds(state), saga: finishUndo(saga) };
      return { ...state, saga: turnSaga(saga, turn.reason, turn.undo ?? [], turn.from ?? []) };
    }
    case 'completed':
      return { ...state, saga: completeSaga(saga) };
    case 'needs_attention':
      return { ...state, saga: askAttention(saga, attentionOf(change.data), saga.phase) };
    case 'retried':
      return { ...state, saga: openRound(saga) };
    default:
      // refused, noted, overtaken: they are history, not state.
      return state;
  }
}

/** What was recorded before rounds were opened names no step. */
function attentionOf(data: Readonly<Record<string, unknown>>): SagaAttention {
  const { reason, refusedStep } = data as { reason: SagaReason; refusedStep?: string };
  return refusedStep === undefined ? reason : { ...reason, refusedStep };
}

interface PlacedData extends Omit<PlaceOrder, 'orderId' | 'deadlineMs'> {
  readonly reservationId: string;
  readonly deadlineAt: Date;
}

function placed(data: PlacedData, at: Date): OrderState {
  return {
    caller: data.caller,
    lines: data.lines.map(({ sku, quantity }) => ({ sku, quantity, unitPrice: null })),
    accountId: data.accountId,
    paymentMethod: data.paymentMethod,
    totalMax: data.totalMax,
    total: null,
    reservationId: data.reservationId,
    paymentId: data.paymentId,
    placedAt: at,
    confirmedAt: null,
    saga: beginSaga(data.deadlineAt),
  };
}

/** PlaceOrder can be answered: confirmed once, or undone for good. */
export function isPlaceAnswered(state: OrderState): boolean {
  return state.confirmedAt !== null || state.saga.phase === 'cancelled';
}
