// How much a change says that it moved. Read from the changes alone, so that the rules are judged and not believed.

import type { AccountChange } from '../domain/account.ts';
import type { PaymentChange } from '../domain/payment-changes.ts';

/** How an account's change moves its balance, and the payment that it says it belongs to. */
export function accountMovement(change: AccountChange): { balance: bigint; payment?: string } {
  switch (change.type) {
    case 'opened':
      return { balance: minorUnits(change.data.opening) };
    case 'deposited':
      return { balance: minorUnits(change.data.amount) };
    case 'withdrawn':
      return { balance: -minorUnits(change.data.amount) };
    case 'charged':
      return { balance: -minorUnits(change.data.amount), payment: change.data.payment };
    case 'refunded':
      return { balance: minorUnits(change.data.amount), payment: change.data.payment };
    default:
      return { balance: 0n };
  }
}

/** What a payment's change takes from its account or card; below zero when it gives back. */
export function takenBy(change: PaymentChange): bigint {
  switch (change.type) {
    case 'captured':
    case 'card_captured':
      return minorUnits(change.data.amount);
    case 'refunded':
    case 'cancelled':
    case 'card_refunded':
      return -minorUnits(change.data.amount);
    default:
      return 0n;
  }
}

/** A damaged op or state may hold anything here. The fold finds it; an audit that dies of it would find nothing else. */
export function minorUnits(value: unknown): bigint {
  return typeof value === 'bigint' ? value : 0n;
}
