// From what is recorded of payments to the messages of the proto. Accounts: render-account.ts. Decides nothing.

import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { type PaymentSchema, PaymentStatus } from '../../shared/gen/twicesafe/payment/v1/payment_pb.ts';
import { isTombstone, type PaymentState } from './domain/payment-state.ts';

const money = (amountMinorUnits: bigint, currency: string) => ({ amountMinorUnits, currency });

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
