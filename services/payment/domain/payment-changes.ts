// A payment's changes:
//
//     (nothing) ─captured─▶ captured ─refunded (the rest)─▶ refunded
//         │                    └─────────cancelled─────────▶ cancelled
//         ├─declined──▶ declined: refused for a reason of the account; no money moved
//         └─tombstoned▶ cancelled, as a tombstone: the undo came before its payment
//
// A card's money moves at its provider, so a card payment has changes of its own: card-changes.ts.

import { type CardChange, evolveCard, isCardChange } from './card-changes.ts';
import { type AskedPayment, isTombstone, type PaymentState, type PaymentStatus } from './payment-state.ts';

/** What a payment was asked for, recorded with its first change. */
export type Asked = Readonly<{
  accountId: string;
  amount: bigint;
  currency: string;
  reference: string;
  createdBy: string;
}>;

export type PaymentChange =
  | { type: 'captured'; data: Asked }
  | { type: 'declined'; data: Asked & { refusal: string } }
  | { type: 'refunded'; data: { amount: bigint; reason: string } }
  /** `amount`: what the cancel gave back, the part that no refund had given back before. */
  | { type: 'cancelled'; data: { amount: bigint } }
  | { type: 'tombstoned'; data: Record<string, never> }
  /** A command that found nothing to do. */
  | { type: 'found_settled'; data: { status: PaymentStatus } }
  | { type: 'refused'; data: { reason: string } }
  | CardChange;

export function evolvePayment(
  payment: PaymentState | undefined,
  change: PaymentChange,
  at: Date,
): PaymentState | undefined {
  if (isCardChange(change)) return evolveCard(payment, change, at);
  switch (change.type) {
    case 'refused':
    case 'found_settled':
      return payment;
    case 'captured':
    case 'declined':
      return { ...change.data, status: change.type, refunded: 0n, createdAt: at };
    case 'tombstoned':
      return { status: 'cancelled', tombstone: true, createdAt: at };
    case 'refunded': {
      const asked = moneyIn(payment, change.type);
      const refunded = asked.refunded + change.data.amount;
      return { ...asked, refunded, status: refunded === asked.amount ? 'refunded' : asked.status };
    }
    case 'cancelled': {
      const asked = moneyIn(payment, change.type);
      return { ...asked, refunded: asked.refunded + change.data.amount, status: 'cancelled' };
    }
    default:
      throw new Error(`unknown change of a payment: ${JSON.stringify(change satisfies never)}`);
  }
}

function moneyIn(payment: PaymentState | undefined, changeType: string): AskedPayment {
  if (!payment || isTombstone(payment))
    throw new Error(`a payment that took nothing cannot be ${changeType}`);
  return payment;
}
