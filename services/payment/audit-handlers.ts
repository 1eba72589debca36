// The Audit RPC: for operators, since it reads everything of everybody.

import type { ServiceImpl } from '@connectrpc/connect';
import type { PaymentService } from '../../shared/gen/twicesafe/payment/v1/payment_pb.ts';
import type { Journal } from '../../shared/journal/index.ts';
import { requireOperator } from '../../shared/rpc/index.ts';
import { auditParts } from './audit.ts';

export function createAuditHandlers(deps: {
  journal: Journal;
}): Pick<ServiceImpl<typeof PaymentService>, 'audit'> {
  return {
    async *audit(_request, context) {
      requireOperator(context);
      yield* auditParts(deps.journal.scan());
    },
  };
}
