// A payment's states and changes:
//
//     (nothing) ─captured─▶ captured ─refunded (the rest)─▶ refunded
//         │                    └─────────cancelled─────────▶ cancelled
//         ├─declined──▶ declined: refused for a reason of the account; no money moved
//         └─tombstoned▶ cancelled, as a tombstone: the undo came before its payment
//
// `requested` and `unknown` belong to card payments, whose provider answers later than the record.

export type PaymentStatus = 'requested' | 'captured' | 'declined' | 'unknown' | 'refunded' | 'cancelled';

/** A payment that was asked for. Amounts are minor units of `currency`; `refunded` never exceeds `amount`. */
export type AskedPayment = Readonly<{
  status: PaymentStatus;
  /** Absent for a card payment. */
  accountId?: string;
  /** The provider's payment method; absent for a payment from an account. */
  card?: string;
  amount: bigint;
  currency: string;
  refunded: bigint;
  reference: string;
  /** The key of the request that created it. */
  createdBy: string;
  createdAt: Date;
  /** The reason it was declined for. */
  refusal?: string;
}>;

/** The mark that an undo leaves when it comes before its payment: the late payment finds it and takes nothing. */
export type Tombstone = Readonly<{ status: 'cancelled'; tombstone: true; createdAt: Date }>;

export type PaymentState = AskedPayment | Tombstone;

export const isTombstone = (payment: PaymentState): payment is Tombstone => 'tombstone' in payment;

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
  /** A cancel that found nothing to do. */
  | { type: 'found_settled'; data: { status: PaymentStatus } }
  | { type: 'refused'; data: { reason: string } };

export function evolvePayment(
  payment: PaymentState | undefined,
  change: PaymentChange,
  at: Date,
): PaymentState | undefined {
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
