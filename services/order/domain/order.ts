// An order and its saga, pure: what each command decides and what each change does. No transport, no I/O.

import { type Change, type Decision, refuse, type State, succeed } from '../../../shared/journal/decision.ts';
import {
  askAttention,
  beginSaga,
  completeSaga,
  confirmSaga,
  finishUndo,
  type SagaPhase,
  type SagaReason,
  type SagaState,
  turnSaga,
} from '../../../shared/saga/saga-state.ts';

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

/** Leaves a trace of the operator's hand; driving the saga is no change of the order. */
export function decideRetry(orderId: string, state: OrderState | undefined): Decision {
  const entity = orderEntity(orderId);
  if (!state) return refuse(entity, orderNotFound(orderId));
  return succeed({ entity, type: 'noted', data: { command: 'retry' } });
}

export function orderNotFound(orderId: string) {
  return {
    reason: 'ORDER_NOT_FOUND',
    message: `there is no order ${orderId} of yours: its id is in PlaceOrder's answer`,
    metadata: { order_id: orderId },
  };
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

export function decideAttention(
  orderId: string,
  state: OrderState,
  reason: SagaReason,
  during: SagaPhase,
): Decision {
  const change = { entity: orderEntity(orderId), type: 'needs_attention', data: { reason } };
  return unlessOvertaken(change, state, askAttention(state.saga, reason, during));
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
  const { saga } = state;
  switch (change.type) {
    case 'confirmed': {
      const { lines, total } = change.data as unknown as { lines: OrderLine[]; total: Money };
      return { ...state, lines, total, confirmedAt: at, saga: confirmSaga(saga) };
    }
    case 'compensating':
    case 'cancelled': {
      const turn = change.data as unknown as { reason?: SagaReason; undo?: string[]; from?: SagaPhase[] };
      if (!turn.reason) return { ...state, saga: finishUndo(saga) };
      return { ...state, saga: turnSaga(saga, turn.reason, turn.undo ?? [], turn.from ?? []) };
    }
    case 'completed':
      return { ...state, saga: completeSaga(saga) };
    case 'needs_attention':
      return { ...state, saga: askAttention(saga, change.data['reason'] as SagaReason, saga.phase) };
    default:
      // refused, noted, overtaken: they are history, not state.
      return state;
  }
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
