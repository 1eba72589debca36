// The rules that the journal is given for this service's entities. The one place where states change.

import type { State } from '../../../shared/journal/decision.ts';
import { type AccountChange, type AccountState, evolveAccount } from './account.ts';
import { isAccount, placementOf } from './names.ts';
import { evolvePayment, type PaymentChange, type PaymentState } from './payment-state.ts';

/** The casts are safe because only this folder's decisions write changes and states. */
function evolve(
  entity: string,
  state: State | undefined,
  change: { type: string; data: Readonly<Record<string, unknown>> },
  at: Date,
): State | undefined {
  return isAccount(entity)
    ? evolveAccount(state as AccountState | undefined, change as AccountChange, at)
    : evolvePayment(state as PaymentState | undefined, change as PaymentChange, at);
}

/** Only a card payment can be left open: its provider's answer may come after the record, or never. */
function isOpen(entity: string, state: State): boolean {
  if (isAccount(entity)) return false;
  const { status } = state as PaymentState;
  return status === 'requested' || status === 'unknown';
}

export const paymentRules = { evolve, isOpen, placementOf };
