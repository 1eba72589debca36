// What happens to a card payment, whose money moves at a provider that answers late, twice, or not at all:
//
//     (nothing) ─requested─▶ requested ──┬─card_captured─▶ captured ──card_refunded (the rest)───────▶ refunded
//                               │        │                    └───────card_refunded (the cancel's)───▶ cancelled
//                         left_unknown   ├─card_declined─▶ declined
//                               ▼        │
//                            unknown ────┴─not_taken─────▶ cancelled
//
// What the provider is going to be asked is recorded before it is asked (`requested`, `refund_asked`), so that a crash
// at any moment leaves behind what must be asked about. `requested` and `unknown` are told apart for people only:
// after a crash a requested payment may have been taken, too.
//
// `cancel_asked` is a wish. It is granted when the money is back or can never be taken any more, and until then the
// payment stays open.

import type { Posting } from './ledger.ts';
import { type AskedPayment, isTombstone, type OpenCancel, type PaymentState } from './payment-state.ts';

/** What a card payment was asked for. `card` is the provider's payment method. */
export type AskedOfCard = Readonly<{
  card: string;
  amount: bigint;
  currency: string;
  reference: string;
  createdBy: string;
}>;

export type CardChange =
  | { type: 'requested'; data: AskedOfCard }
  | { type: 'left_unknown'; data: { cause: string } }
  | { type: 'card_captured'; data: { amount: bigint; providerId: string } & Partial<Posting> }
  | { type: 'card_declined'; data: { refusal: string; code: string } }
  | { type: 'not_taken'; data: Record<string, never> }
  | { type: 'refund_asked'; data: { refundId: string; amount: bigint; reason: string } }
  | { type: 'card_refunded'; data: { refundId: string; amount: bigint } & Partial<Posting> }
  /** `attention`: what a person is told of it. Absent in what was recorded before refused refunds were listed. */
  | { type: 'refund_refused'; data: { refundId: string; code: string; attention?: string; neverMade?: true } }
  | { type: 'cancel_asked'; data: { cancelId: string } }
  /** A cancel that found another one under way: it waits for the same end. */
  | { type: 'cancel_joined'; data: { cancelId: string } }
  | { type: 'attention_asked'; data: { attention: string } }
  /** The provider told of it unasked. Only where to ask is taken from that, never the outcome. */
  | { type: 'event_received'; data: { event: string; eventType: string; providerId: string } };

const cardChangeTypes: ReadonlySet<string> = new Set([
  'requested',
  'left_unknown',
  'card_captured',
  'card_declined',
  'not_taken',
  'refund_asked',
  'card_refunded',
  'refund_refused',
  'cancel_asked',
  'cancel_joined',
  'attention_asked',
  'event_received',
] satisfies CardChange['type'][]);

export const isCardChange = (change: { type: string }): change is CardChange =>
  cardChangeTypes.has(change.type);

/** The refund of a cancel's current attempt. */
export const refundIdOf = ({ id, attempt }: OpenCancel): string => `${id}.${attempt}`;

/** Whether its outcome is not known yet. */
export const isUndecided = ({ status }: PaymentState): boolean =>
  status === 'requested' || status === 'unknown';

/** Whether it is listed as open: something remains to be asked of the provider, or a person is needed. */
export function isListedOpen(payment: PaymentState): boolean {
  if (isTombstone(payment)) return false;
  return payment.attention !== undefined || isCardOpen(payment);
}

/** Whether something remains to be asked of the provider. */
export function isCardOpen(payment: PaymentState): payment is AskedPayment {
  if (isTombstone(payment)) return false;
  const { cancel, pendingRefunds = [] } = payment;
  return isUndecided(payment) || cancel !== undefined || pendingRefunds.length > 0;
}

export const pendingMinorUnits = ({ pendingRefunds = [] }: AskedPayment): bigint =>
  pendingRefunds.reduce((sum, { amount }) => sum + amount, 0n);

export function evolveCard(payment: PaymentState | undefined, change: CardChange, at: Date): PaymentState {
  if (change.type === 'requested') {
    return { ...change.data, status: 'requested', refunded: 0n, createdAt: at };
  }
  if (!payment || isTombstone(payment)) {
    throw new Error(`a card payment that was never requested cannot be ${change.type}`);
  }
  switch (change.type) {
    case 'left_unknown':
      return { ...payment, status: 'unknown' };
    case 'card_captured':
      return { ...calm(payment), status: 'captured', providerId: change.data.providerId };
    case 'card_declined': {
      const { refusal, code: declineCode } = change.data;
      return { ...withoutCancel(calm(payment)), status: 'declined', refusal, declineCode };
    }
    case 'not_taken':
      return { ...withoutCancel(calm(payment)), status: 'cancelled' };
    case 'refund_asked': {
      const { refundId: id, amount } = change.data;
      return { ...payment, pendingRefunds: [...(payment.pendingRefunds ?? []), { id, amount, askedAt: at }] };
    }
    case 'card_refunded':
      return afterRefund(payment, change.data);
    case 'refund_refused':
      return afterRefusedRefund(payment, change.data);
    case 'cancel_asked':
      return { ...payment, cancel: { id: change.data.cancelId, attempt: 1 } };
    case 'cancel_joined':
      return payment;
    case 'attention_asked':
      return { ...payment, attention: change.data.attention };
    case 'event_received':
      return { ...payment, providerId: payment.providerId ?? change.data.providerId };
    default:
      throw new Error(`unknown change of a card payment: ${JSON.stringify(change satisfies never)}`);
  }
}

function afterRefund(
  payment: AskedPayment,
  { refundId, amount }: { refundId: string; amount: bigint },
): AskedPayment {
  const rest = withoutPending(calm(payment), refundId);
  const refunded = rest.refunded + amount;
  if (rest.cancel && refundId === refundIdOf(rest.cancel)) {
    return { ...withoutCancel(rest), refunded, status: 'cancelled' };
  }
  if (refunded < rest.amount) return { ...rest, refunded };
  // Refunds gave all of it back: a cancel that waited for them has nothing left to undo.
  return { ...withoutCancel(rest), refunded, status: 'refunded' };
}

/** Why a refund is refused that the provider knows nothing of and can no longer be asked for safely. */
export const neverMadeCode = 'never_made';

/**
 * The refusal of a refund that was asked for ends that refund: a person must see to it, until a later one gives money back.
 * A cancel goes on until the money is back.
 */
function afterRefusedRefund(
  payment: AskedPayment,
  {
    refundId,
    code,
    attention,
    neverMade = false,
  }: { refundId: string; code: string; attention?: string; neverMade?: boolean },
): AskedPayment {
  const rest = withoutPending(payment, refundId);
  if (!rest.cancel || refundId !== refundIdOf(rest.cancel)) {
    return attention === undefined ? rest : { ...rest, attention };
  }
  const next = { ...rest.cancel, attempt: rest.cancel.attempt + 1 };
  // The provider lost it and refused nothing: no person is needed, it is asked for again under a new key.
  if (neverMade) return { ...rest, cancel: next };
  const cancel = { ...next, refusedFor: code };
  return { ...rest, cancel, attention: `the provider refuses to refund it: ${code}` };
}

/** What became definite just now is no reason any more to call a person. */
function calm({ attention: _, ...payment }: AskedPayment): AskedPayment {
  return payment;
}

function withoutCancel({ cancel: _, ...payment }: AskedPayment): AskedPayment {
  return payment;
}

function withoutPending({ pendingRefunds = [], ...payment }: AskedPayment, refundId: string): AskedPayment {
  const others = pendingRefunds.filter(({ id }) => id !== refundId);
  return others.length === 0 ? payment : { ...payment, pendingRefunds: others };
}
