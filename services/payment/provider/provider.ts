// The port to a payment provider: what this service needs of one, and what an adapter must promise. Knows no provider.

import type { Outcome, RefundOutcome } from '../domain/card-payment.ts';

/** Nobody knows: money may have moved. Ask again. */
export interface Unknown {
  readonly outcome: 'unknown';
  /** For the log and for people: `timeout`, `http 500`. Never branched on. */
  readonly cause: string;
  /** When the provider asked not to be called before. */
  readonly retryDelayMs?: number;
}

/** The provider will not listen to us: a wrong key, a parameter it does not know. A person must repair that. */
export interface Misconfigured {
  readonly outcome: 'misconfigured';
  readonly cause: string;
}

/** The provider knows nothing of it. Only as much as asking at that moment can tell. */
export interface Absent {
  readonly outcome: 'absent';
}

/** A charge, described so that asking twice is asking once: every field is the same on every attempt, for ever. */
export interface Charge {
  /** The payment's entity: whose charge this is. Goes into the provider's books. */
  readonly payment: string;
  /** Derived from the entity alone. */
  readonly key: string;
  readonly paymentMethod: string;
  readonly amountMinorUnits: bigint;
  readonly currency: string;
}

export interface RefundAsk {
  readonly payment: string;
  /** The refund's id. Goes into the provider's books. */
  readonly refund: string;
  /** Derived from the entity and the refund's id. */
  readonly key: string;
  /** The provider's id of the charge. */
  readonly providerId: string;
  readonly amountMinorUnits: bigint;
}

/** One thing in the provider's books, for comparing them with ours. */
export interface ProviderPayment {
  readonly providerId: string;
  /** The payment's entity; undefined for one that this service did not make. */
  readonly payment: string | undefined;
  readonly capturedMinorUnits: bigint;
  readonly currency: string;
  readonly createdAt: Date;
}

/** A payment in the provider's books with what was given back of it, by whomever. */
export interface BookedPayment {
  readonly capturedMinorUnits: bigint;
  readonly refundedMinorUnits: bigint;
  readonly currency: string;
}

export interface ProviderRefund {
  readonly providerId: string;
  readonly ofProviderId: string;
  readonly payment: string | undefined;
  /** The refund's id; undefined for one that this service did not make. */
  readonly refund: string | undefined;
  readonly amountMinorUnits: bigint;
  readonly status: 'succeeded' | 'pending' | 'failed';
  readonly createdAt: Date;
}

export interface BooksPage<T> {
  readonly items: readonly T[];
  /** Undefined after the last page. */
  readonly nextPage: string | undefined;
}

/** What the provider tells unasked. */
export interface ProviderEvent {
  readonly eventId: string;
  readonly eventType: string;
  /** The payment's entity, as the provider repeats it to us. */
  readonly payment: string;
  readonly providerId: string;
}

/**
 * Every method may be called again, by any process, at any time. None throws for a fault of the network or of the
 * provider: that is `unknown`, and the money may have moved. A definite outcome never changes.
 */
export interface PaymentProvider {
  /**
   * Takes the money, once for each key. Only while the provider is sure to remember the key: a key that it has forgotten
   * would be a second charge. `providerId`: the provider's id of it, if known.
   */
  capture(charge: Charge, providerId: string | undefined): Promise<Outcome | Unknown | Misconfigured>;
  /**
   * Finds out what became of a charge without ever taking money, and makes sure that one which was not made can never be:
   * a `capture` of the same key that is still on its way, or in a process that slept, finds the key spent.
   */
  abandon(charge: Charge, providerId: string | undefined): Promise<Outcome | Unknown | Misconfigured>;
  /** Gives money back, once for each key, while the provider is sure to remember it. */
  refund(ask: RefundAsk): Promise<RefundOutcome | Unknown | Misconfigured>;
  /** What became of a refund. Moves nothing. */
  findRefund(ask: RefundAsk): Promise<RefundOutcome | Absent | Unknown | Misconfigured>;
  /** One payment in the books; undefined when it is not there. Rejects when the provider does not answer. */
  readPayment(providerId: string): Promise<BookedPayment | undefined>;
  /** The books, the newest first, from `since` on. Rejects when the provider does not answer: ask for the page again. */
  listPayments(since: Date, page: string | undefined): Promise<BooksPage<ProviderPayment>>;
  listRefunds(since: Date, page: string | undefined): Promise<BooksPage<ProviderRefund>>;
  /** An event, if the provider signed it and it concerns a payment. */
  readEvent(body: Buffer, signature: string): ProviderEvent | 'forged' | 'irrelevant';
}
