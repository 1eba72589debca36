// The rules that the journal is given for this service's entities. The one place where states change.

import type { State } from '../../../shared/journal/decision.ts';
import { type AccountChange, type AccountState, evolveAccount } from './account.ts';
import { isListedOpen } from './card-changes.ts';
import { isAccount, placementOf } from './names.ts';
import { evolvePayment, type PaymentChange } from './payment-changes.ts';
import type { PaymentState } from './payment-state.ts';

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

/** Only a card payment can be left open: its provider's answers come after the record, and may need a person. */
function isOpen(entity: string, state: State): boolean {
  return !isAccount(entity) && isListedOpen(state as PaymentState);
}

export const paymentRules = { evolve, isOpen, placementOf };
