// From what is recorded to the messages of the proto. Decides nothing.

import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import {
  AccountEntryKind,
  type AccountEntrySchema,
  type AccountSchema,
  type PaymentSchema,
  PaymentStatus,
} from '../../shared/gen/twicesafe/payment/v1/payment_pb.ts';
import type { RecordedOp } from '../../shared/journal/index.ts';
import type { AccountChange, AccountState } from './domain/account.ts';
import { idOf } from './domain/names.ts';
import { isTombstone, type PaymentState } from './domain/payment-state.ts';

const money = (amountMinorUnits: bigint, currency: string) => ({ amountMinorUnits, currency });

export function renderAccount(
  accountId: string,
  account: AccountState,
): MessageInitShape<typeof AccountSchema> {
  return {
    accountId,
    balance: money(account.balance, account.currency),
    openedAt: timestampFromDate(account.openedAt),
  };
}

export const statusMessages = {
  requested: PaymentStatus.REQUESTED,
  captured: PaymentStatus.CAPTURED,
  declined: PaymentStatus.DECLINED,
  unknown: PaymentStatus.UNKNOWN,
  refunded: PaymentStatus.REFUNDED,
  cancelled: PaymentStatus.CANCELLED,
} as const satisfies Record<PaymentState['status'], PaymentStatus>;

/** A tombstone has no amount: nobody has said yet what it would have been. */
export function renderPayment(
  paymentId: string,
  payment: PaymentState,
): MessageInitShape<typeof PaymentSchema> {
  const both = {
    paymentId,
    status: statusMessages[payment.status],
    createdAt: timestampFromDate(payment.createdAt),
  };
  if (isTombstone(payment)) return both;
  return {
    ...both,
    amount: money(payment.amount, payment.currency),
    refunded: money(payment.refunded, payment.currency),
    accountId: payment.accountId ?? '',
    reference: payment.reference,
    declineCode: payment.declineCode ?? '',
    attention: payment.attention ?? '',
    cancelRequested: payment.cancel !== undefined,
    providerPaymentId: payment.providerId ?? '',
  };
}

/** One op of an account as a movement of its balance; undefined when it moved nothing. */
export function renderAccountEntry(op: RecordedOp): MessageInitShape<typeof AccountEntrySchema> | undefined {
  const movement = movementOf(op as RecordedOp & AccountChange);
  const account = op.state as AccountState | undefined;
  if (!movement || !account) return undefined;
  return {
    kind: movement.kind,
    amount: money(movement.amount, account.currency),
    balanceAfter: money(account.balance, account.currency),
    paymentId: movement.payment === undefined ? '' : idOf(movement.payment),
    recordedAt: timestampFromDate(op.at),
  };
}

function movementOf(
  change: AccountChange,
): { kind: AccountEntryKind; amount: bigint; payment?: string } | undefined {
  switch (change.type) {
    case 'opened':
      // An account opened empty: nothing moved.
      return change.data.opening === 0n
        ? undefined
        : { kind: AccountEntryKind.OPENING, amount: change.data.opening };
    case 'deposited':
      return { kind: AccountEntryKind.DEPOSIT, ...change.data };
    case 'withdrawn':
      return { kind: AccountEntryKind.WITHDRAWAL, ...change.data };
    case 'charged':
      return { kind: AccountEntryKind.CHARGE, ...change.data };
    case 'refunded':
      return { kind: AccountEntryKind.REFUND, ...change.data };
    case 'refused':
      return undefined;
    default:
      throw new Error(`unknown change of an account: ${JSON.stringify(change satisfies never)}`);
  }
}
