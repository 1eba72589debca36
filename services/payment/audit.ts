// The Audit RPC: for operators, since it reads everything of everybody. What is judged: audit/.

import type { ServiceImpl } from '@connectrpc/connect';
import type { PaymentService } from '../../shared/gen/twicesafe/payment/v1/payment_pb.ts';
import type { Journal, RecordedOp } from '../../shared/journal/index.ts';
import { requireOperator } from '../../shared/rpc/index.ts';
import { auditParts } from './audit/audit-parts.ts';
import { withProvider } from './audit/provider-audit.ts';
import type { Reconciler } from './reconcile/pages.ts';
import { beginning } from './reconcile-handlers.ts';

export function createAuditHandler(deps: {
  journal: Journal;
  /** Undefined where no card provider is configured: then only the journal is judged. */
  reconciler: Reconciler | undefined;
}): Pick<ServiceImpl<typeof PaymentService>, 'audit'> {
  const { journal, reconciler } = deps;
  return {
    async *audit(_request, context) {
      requireOperator(context);
      const parts = auditParts(whileAsked(journal.scan(), context.signal));
      yield* reconciler ? withProvider(parts, reconciler, beginning) : parts;
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
