// ReconcilePayments: for operators, since it shows everybody's payments. What is compared: reconcile/.

import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampDate } from '@bufbuild/protobuf/wkt';
import type { ServiceImpl } from '@connectrpc/connect';
import {
  PaymentDifferenceKind,
  type PaymentDifferenceSchema,
  type PaymentService,
} from '../../shared/gen/twicesafe/payment/v1/payment_pb.ts';
import { JournalUnavailableError, PageTokenError } from '../../shared/journal/index.ts';
import { fieldInvalid, requireOperator } from '../../shared/rpc/index.ts';
import type { Logger } from '../../shared/runtime/index.ts';
import { callerOfPayment, idOf } from './domain/names.ts';
import { cardPaymentsUnavailable, providerUnavailable } from './payment-errors.ts';
import type { Difference } from './reconcile/difference.ts';
import type { Reconciler } from './reconcile/pages.ts';

const kinds = {
  charged_unknown_here: PaymentDifferenceKind.CHARGED_UNKNOWN_HERE,
  charged_there_only: PaymentDifferenceKind.CHARGED_THERE_ONLY,
  charged_here_only: PaymentDifferenceKind.CHARGED_HERE_ONLY,
  charged_twice: PaymentDifferenceKind.CHARGED_TWICE,
  amount_differs: PaymentDifferenceKind.AMOUNT_DIFFERS,
  refund_unknown_here: PaymentDifferenceKind.REFUND_UNKNOWN_HERE,
  refund_there_only: PaymentDifferenceKind.REFUND_THERE_ONLY,
  refund_here_only: PaymentDifferenceKind.REFUND_HERE_ONLY,
  open: PaymentDifferenceKind.OPEN,
} as const satisfies Record<Difference['kind'], PaymentDifferenceKind>;

export function createReconcileHandler(deps: {
  /** Undefined where no provider is configured. */
  reconciler: Reconciler | undefined;
  log: Logger;
}): Pick<ServiceImpl<typeof PaymentService>, 'reconcilePayments'> {
  const { reconciler, log } = deps;
  return {
    async reconcilePayments({ since, pageToken }, context) {
      requireOperator(context);
      if (!reconciler) throw cardPaymentsUnavailable();
      const from = since ? timestampDate(since) : beginning;
      try {
        const { differences, checkedCount, nextPageToken } = await reconciler.page(from, pageToken);
        return { differences: differences.map(renderDifference), checkedCount, nextPageToken };
      } catch (error) {
        if (error instanceof PageTokenError) throw fieldInvalid('page_token', 'not a token of this service');
        if (error instanceof JournalUnavailableError) throw error;
        log.warn({ err: error }, 'the provider does not show its books');
        throw providerUnavailable();
      }
    },
  };
}

/** Before any payment. Not epoch 0, which some providers take for unset. */
export const beginning = new Date(1_000_000_000_000);

function renderDifference({
  kind,
  payment,
  providerId,
  description,
  action,
}: Difference): MessageInitShape<typeof PaymentDifferenceSchema> {
  const ours = payment === undefined ? {} : { paymentId: idOf(payment), caller: callerOfPayment(payment) };
  return { kind: kinds[kind], ...ours, providerId, description, action };
}
