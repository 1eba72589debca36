// The provider's books: payments, refunds, remembered idempotency keys and events. Each change is one record, applied
// whole; a record that is on disk is the truth, so a charge and the answer stored for its key are never apart.

import type { Answer } from './answers.ts';

export interface Intent {
  readonly id: string;
  readonly object: 'payment_intent';
  readonly amount: number;
  readonly amount_received: number;
  readonly currency: string;
  /** Seconds, as everything of Stripe's. */
  readonly created: number;
  readonly status: 'requires_payment_method' | 'requires_confirmation' | 'succeeded' | 'canceled';
  readonly payment_method: string | null;
  readonly payment_method_types: readonly string[];
  readonly latest_charge: string | null;
  readonly last_payment_error: Readonly<Record<string, unknown>> | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly livemode: false;
}

export interface Refund {
  readonly id: string;
  readonly object: 'refund';
  readonly amount: number;
  readonly currency: string;
  readonly created: number;
  readonly payment_intent: string;
  readonly status: 'succeeded' | 'pending' | 'failed';
  readonly failure_reason?: string;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface StoredKey {
  readonly key: string;
  /** Method, path and parameters of the request that it was used for. */
  readonly request: string;
  readonly answer: Answer;
  readonly atMs: number;
}

export interface ProviderEvent {
  readonly id: string;
  readonly type: string;
  readonly object: Intent | Refund;
}

export interface BookRecord {
  readonly atMs: number;
  readonly intent?: Intent;
  readonly refund?: Refund;
  readonly event?: ProviderEvent;
  readonly key?: StoredKey;
}

export interface Books {
  /** Applies a record. Whoever may answer from the books waits until it is on disk: see book-file.ts. */
  apply(record: BookRecord): void;
  nextNumber(): number;
  intent(id: string): Intent | undefined;
  /** The newest first. */
  intents(): Intent[];
  /** Those with this metadata, the newest first: search reads no others, however many there are. */
  intentsWith(name: string, value: string): Intent[];
  refunds(): Refund[];
  refundsOf(intentId: string): Refund[];
  key(key: string): StoredKey | undefined;
  /** When the payment was last written: search shows it later. */
  writtenAtMs(intentId: string): number;
}

export function createBooks(): Books {
  const intents = new Map<string, Intent>();
  const refunds = new Map<string, Refund>();
  const refundsByIntent = new Map<string, Refund[]>();
  const idsByMetadata = new Map<string, Set<string>>();
  const keys = new Map<string, StoredKey>();
  const written = new Map<string, number>();
  let number = 0;

  function index({ id, metadata }: Intent): void {
    for (const [name, value] of Object.entries(metadata)) {
      const ids = idsByMetadata.get(`${name}=${value}`) ?? new Set();
      idsByMetadata.set(`${name}=${value}`, ids.add(id));
    }
  }

  const newestFirst = <T>(objects: Map<string, T>): T[] => [...objects.values()].reverse();
  return {
    apply({ atMs, intent, refund, key }) {
      // One object a record, so the records count the ids up, also after a restart.
      number += 1;
      if (intent) {
        intents.set(intent.id, intent);
        index(intent);
        written.set(intent.id, atMs);
      }
      if (refund) {
        refunds.set(refund.id, refund);
        const earlier = refundsByIntent.get(refund.payment_intent) ?? [];
        refundsByIntent.set(refund.payment_intent, [refund, ...earlier]);
      }
      if (key) keys.set(key.key, key);
    },
    nextNumber: () => number + 1,
    intent: (id) => intents.get(id),
    intents: () => newestFirst(intents),
    intentsWith: (name, value) =>
      [...(idsByMetadata.get(`${name}=${value}`) ?? [])].reverse().flatMap((id) => intents.get(id) ?? []),
    refunds: () => newestFirst(refunds),
    refundsOf: (intentId) => [...(refundsByIntent.get(intentId) ?? [])],
    key: (key) => keys.get(key),
    writtenAtMs: (intentId) => written.get(intentId) ?? 0,
  };
}
