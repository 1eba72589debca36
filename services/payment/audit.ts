// The Audit RPC: for operators, since it reads everything of everybody. What is judged: audit/.

import type { ServiceImpl } from '@connectrpc/connect';
import type { PaymentService } from '../../shared/gen/twicesafe/payment/v1/payment_pb.ts';
import type { Journal, RecordedOp } from '../../shared/journal/index.ts';
import { requireOperator } from '../../shared/rpc/index.ts';
import { auditParts } from './audit/audit-parts.ts';

export function createAuditHandler(deps: {
  journal: Journal;
}): Pick<ServiceImpl<typeof PaymentService>, 'audit'> {
  return {
    async *audit(_request, context) {
      requireOperator(context);
      yield* auditParts(whileAsked(deps.journal.scan(), context.signal));
    },
  };
}

/** Hours of reading for a caller that has left would help nobody. */
async function* whileAsked(ops: AsyncIterable<RecordedOp>, signal: AbortSignal): AsyncIterable<RecordedOp> {
  for await (const op of ops) {
    signal.throwIfAborted();
    yield op;
  }
}
