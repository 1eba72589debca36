// The decisions about a card payment: what is going to be asked of its provider, and what its answers mean. Each answer
// is recorded once, under a key of its own, so whoever asked second adopts what was recorded first.

import { type Decision, refuse, type State, succeed } from '../../../shared/journal/decision.ts';
import { type CardChange, isUndecided, neverMadeCode, refundIdOf } from './card-changes.ts';
import { postingOf } from './ledger.ts';
import type { Money } from './money.ts';
import { cardPaymentsList, idOf, paymentEntity, paymentsList } from './names.ts';
import { type AskedPayment, isTombstone, type PaymentState } from './payment-state.ts';
import { paymentAlreadyExists, paymentDeclined, refundRefused, requestCancelled } from './refusals.ts';

export type RequestCardPayment = Readonly<{
  caller: string;
  paymentId: string;
  card: string;
  amount: Money;
  reference: string;
  /** The key of this request. */
  requestKey: string;
}>;

/** States: the payment. The intent: from here on the provider may be asked, and must be until its answer is definite. */
export function decideRequestCardPayment(
  states: readonly (State | undefined)[],
  command: RequestCardPayment,
): Decision {
  const payment = states[0] as PaymentState | undefined;
  const { caller, paymentId, card, reference, requestKey: createdBy } = command;
  const { amountMinorUnits: amount, currency } = command.amount;
  const entity = paymentEntity(caller, paymentId);
  if (payment) {
    const refusal = isTombstone(payment) ? requestCancelled(paymentId) : paymentAlreadyExists(paymentId);
    return refuse(entity, refusal);
  }
  const asked: CardChange = { type: 'requested', data: { card, amount, currency, reference, createdBy } };
  return succeed({ entity, ...asked, lists: [paymentsList(caller), cardPaymentsList] });
}

/** What is definite about a payment: nothing that happens later can change it. */
export type Outcome =
  | { readonly outcome: 'captured'; readonly providerId: string }
  | { readonly outcome: 'declined'; readonly code: string }
  /** It was not taken, and can never be. */
  | { readonly outcome: 'not_taken' };

/** Why a payment was declined that nobody cancelled and the provider will never take: it knows nothing of it. */
export const neverTakenCode = 'never_taken';

/** States: the payment. Its refusal, if it is one, is CreatePayment's answer for ever. */
export function decideOutcome(
  states: readonly (State | undefined)[],
  entity: string,
  outcome: Outcome,
): Decision {
  const payment = states[0] as AskedPayment;
  if (!isUndecided(payment)) return foundSettled(entity, payment);
  const paymentId = idOf(entity);
  switch (outcome.outcome) {
    case 'captured': {
      const { providerId } = outcome;
      const { amount, currency } = payment;
      const posting = postingOf('card_captured', entity, currency);
      return recorded(entity, { type: 'card_captured', data: { amount, providerId, ...posting } });
    }
    case 'declined':
      return declined(entity, outcome.code);
    case 'not_taken': {
      if (!payment.cancel) return declined(entity, neverTakenCode);
      const change: CardChange = { type: 'not_taken', data: {} };
      const refusal = requestCancelled(paymentId);
      return { outcome: { succeeded: false, refusal }, changes: [{ entity, ...change }] };
    }
    default:
      throw new Error(`unknown outcome of a payment: ${JSON.stringify(outcome satisfies never)}`);
  }
}

function declined(entity: string, code: string): Decision {
  const refusal = paymentDeclined(idOf(entity), code);
  const change: CardChange = { type: 'card_declined', data: { refusal: refusal.reason, code } };
  return { outcome: { succeeded: false, refusal }, changes: [{ entity, ...change }] };
}

/** States: the payment. For people: it was asked about and nobody knows. */
export function decideUnknown(
  states: readonly (State | undefined)[],
  entity: string,
  cause: string,
): Decision {
  const payment = states[0] as AskedPayment;
  if (payment.status !== 'requested') return foundSettled(entity, payment);
  return recorded(entity, { type: 'left_unknown', data: { cause } });
}

/** States: the payment. Nothing but a person changes what is in the way. */
export function decideAttention(
  states: readonly (State | undefined)[],
  entity: string,
  attention: string,
): Decision {
  const payment = states[0] as AskedPayment;
  if (payment.attention === attention) return foundSettled(entity, payment);
  return recorded(entity, { type: 'attention_asked', data: { attention } });
}

export type RefundAsked = Readonly<{ refundId: string; amount: bigint; reason: string }>;

/** Refunds of one payment that may be under way. They are in its state, which every op carries. */
export const pendingRefundsMax = 20;

/** More would be under way than a payment may carry. Nothing is recorded: some of them end soon. */
export class TooManyRefundsError extends Error {
  constructor() {
    super(`${pendingRefundsMax} refunds of this payment are under way: ask again when one of them has ended`);
    this.name = 'TooManyRefundsError';
  }
}

/** The intent of a refund, recorded before the provider hears of it. Throws `TooManyRefundsError`. */
export function askForRefund(entity: string, payment: AskedPayment, refund: RefundAsked): Decision {
  if ((payment.pendingRefunds?.length ?? 0) >= pendingRefundsMax) throw new TooManyRefundsError();
  return recorded(entity, { type: 'refund_asked', data: refund });
}

/** The wish to undo a card payment; a second one joins the first. */
export function askForCancel(entity: string, payment: AskedPayment, cancelId: string): Decision {
  const { cancel } = payment;
  return cancel
    ? recorded(entity, { type: 'cancel_joined', data: { cancelId: cancel.id } })
    : recorded(entity, { type: 'cancel_asked', data: { cancelId } });
}

/** States: the payment. The refund that grants a cancel: what no refund has given back. */
export function decideCancelRefund(
  states: readonly (State | undefined)[],
  entity: string,
  refundId: string,
): Decision {
  const payment = states[0] as AskedPayment;
  const { status, cancel, amount, refunded, pendingRefunds = [] } = payment;
  // Refunds under way come first: only then is it known what is left.
  const isDue = status === 'captured' && cancel && pendingRefunds.length === 0;
  if (!isDue || refundIdOf(cancel) !== refundId) return foundSettled(entity, payment);
  return askForRefund(entity, payment, { refundId, amount: amount - refunded, reason: 'cancelled' });
}

export type RefundOutcome =
  | { readonly outcome: 'refunded' }
  /** `nothingLeft`: because all of the money is back already, by other hands than ours. */
  | { readonly outcome: 'refused'; readonly code: string; readonly nothingLeft?: true };

/** States: the payment. Its refusal, if it is one, is RefundPayment's answer for ever. */
export function decideRefundOutcome(
  states: readonly (State | undefined)[],
  entity: string,
  refundId: string,
  outcome: RefundOutcome,
): Decision {
  const payment = states[0] as AskedPayment;
  const pending = payment.pendingRefunds?.find(({ id }) => id === refundId);
  if (!pending) return foundSettled(entity, payment);
  // A cancel wants the money back, whoever gave it; the comparison with the provider's books shows who did.
  const isCancel = payment.cancel !== undefined && refundIdOf(payment.cancel) === refundId;
  if (outcome.outcome === 'refunded' || (outcome.nothingLeft && isCancel)) {
    const { amount } = pending;
    const posting = postingOf('card_refunded', entity, payment.currency);
    return recorded(entity, { type: 'card_refunded', data: { refundId, amount, ...posting } });
  }
  const { code } = outcome;
  // A cancel goes on by itself, and says so in its state.
  const asked = `${pending.amount} minor units of ${payment.currency}`;
  const attention = isCancel ? {} : { attention: `the provider refuses to refund ${asked}: ${code}` };
  const neverMade = code === neverMadeCode ? { neverMade: true as const } : {};
  const change: CardChange = { type: 'refund_refused', data: { refundId, code, ...attention, ...neverMade } };
  const refusal = refundRefused(idOf(entity), code);
  return { outcome: { succeeded: false, refusal }, changes: [{ entity, ...change }] };
}

/** What a provider's event says, which is only where to ask. */
export type ReceivedEvent = Readonly<{ event: string; eventType: string; providerId: string }>;

/** States: the payment, if it is ours. */
export function decideEvent(
  states: readonly (State | undefined)[],
  entity: string,
  event: ReceivedEvent,
): Decision {
  const payment = states[0] as PaymentState | undefined;
  // Somebody else's payment at the same provider, or one that was cancelled before it was asked for.
  if (!payment || isTombstone(payment)) {
    return succeed({ entity, type: 'refused', data: { reason: 'EVENT_OF_NO_PAYMENT' } });
  }
  return recorded(entity, { type: 'event_received', data: event });
}

const recorded = (entity: string, change: CardChange): Decision => succeed({ entity, ...change });

const foundSettled = (entity: string, { status }: PaymentState): Decision =>
  succeed({ entity, type: 'found_settled', data: { status } });
