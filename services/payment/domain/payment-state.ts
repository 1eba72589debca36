// What a payment is at some moment. How it gets there: payment-changes.ts, and card-changes.ts for cards.

export type PaymentStatus = 'requested' | 'captured' | 'declined' | 'unknown' | 'refunded' | 'cancelled';

/** A refund whose intent is recorded and whose outcome is not. `id` names it at the provider, too. */
export type PendingRefund = Readonly<{ id: string; amount: bigint; askedAt: Date }>;

/**
 * A cancel under way. `attempt` counts its refunds: one that the provider refused is never asked for again.
 * `refusedFor` is why it refused the last one.
 */
export type OpenCancel = Readonly<{ id: string; attempt: number; refusedFor?: string }>;

/** A payment that was asked for. Amounts are minor units of `currency`; `refunded` never exceeds `amount`. */
export type AskedPayment = Readonly<{
  status: PaymentStatus;
  /** Absent for a card payment. */
  accountId?: string;
  /** The provider's payment method; absent for a payment from an account, like everything below `refusal`. */
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
  /** Why the card was declined, in the provider's word. */
  declineCode?: string;
  /** The provider's id of it, once known. */
  providerId?: string;
  /** Refunds that the provider was, or is about to be, asked for. */
  pendingRefunds?: readonly PendingRefund[];
  /** The wish to undo it, until it is undone. */
  cancel?: OpenCancel;
  /** Why it cannot go on without a person. */
  attention?: string;
}>;

/** The mark that an undo leaves when it comes before its payment: the late payment finds it and takes nothing. */
export type Tombstone = Readonly<{ status: 'cancelled'; tombstone: true; createdAt: Date }>;

export type PaymentState = AskedPayment | Tombstone;

export const isTombstone = (payment: PaymentState): payment is Tombstone => 'tombstone' in payment;
