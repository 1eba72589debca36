// ListOpenPayments: for operators, the card payments that are not at rest, and those that need a person.

import type { ServiceImpl } from '@connectrpc/connect';
import type { PaymentService } from '../../shared/gen/twicesafe/payment/v1/payment_pb.ts';
import type { Journal } from '../../shared/journal/index.ts';
import { requireOperator } from '../../shared/rpc/index.ts';
import type { Clock } from '../../shared/runtime/index.ts';
import { callerOfPayment, idOf } from './domain/names.ts';
import type { AskedPayment } from './domain/payment-state.ts';
import { renderPayment } from './render.ts';

/** Payments in one answer when the caller does not say. */
const paymentsDefault = 100;

export function createOpenPaymentsHandler(deps: {
  journal: Pick<Journal, 'follow' | 'openEntities'>;
  clock: Clock;
}): Pick<ServiceImpl<typeof PaymentService>, 'listOpenPayments'> {
  const { journal, clock } = deps;
  return {
    async listOpenPayments({ needsAttentionOnly, ageSecondsMin, limit }, context) {
      requireOperator(context);
      await journal.follow();
      const createdBeforeMs = clock.nowMs() - Number(ageSecondsMin) * 1_000;
      const matching = [...journal.openEntities()]
        // Only payments are ever open, and no tombstone is.
        .map(([entity, { state }]) => ({ entity, payment: state as AskedPayment }))
        .filter(({ payment }) => payment.createdAt.getTime() <= createdBeforeMs)
        .filter(({ payment }) => !needsAttentionOnly || payment.attention !== undefined)
        .sort((a, b) => a.payment.createdAt.getTime() - b.payment.createdAt.getTime());
      return {
        payments: matching.slice(0, limit || paymentsDefault).map(({ entity, payment }) => ({
          payment: renderPayment(idOf(entity), payment),
          caller: callerOfPayment(entity),
          pendingRefundCount: payment.pendingRefunds?.length ?? 0,
        })),
        totalCount: BigInt(matching.length),
      };
    },
  };
}
