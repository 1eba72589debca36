// GetTrialBalance: one pass over the journal, for operators. It believes the postings; the audit is who judges them.

import type { ServiceImpl } from '@connectrpc/connect';
import type { PaymentService } from '../../shared/gen/twicesafe/payment/v1/payment_pb.ts';
import type { Journal } from '../../shared/journal/index.ts';
import { requireOperator } from '../../shared/rpc/index.ts';
import { createLedgerSum, linesOf, postedBy } from './domain/ledger.ts';
import { renderLedgerLine } from './render-account.ts';

/**
 * A posting is one op, so whatever the pass has read is balanced, also while others write. It is not kept up to date
 * in memory: nobody needs it often, and a second account of the same postings would have to be proved as well.
 */
export function createTrialBalanceHandler(deps: {
  journal: Pick<Journal, 'scan'>;
}): Pick<ServiceImpl<typeof PaymentService>, 'getTrialBalance'> {
  const { journal } = deps;
  return {
    async getTrialBalance(_request, context) {
      requireOperator(context);
      const balance = createLedgerSum();
      for await (const op of journal.scan()) {
        // Reading for a caller that has left would help nobody.
        context.signal.throwIfAborted();
        const posted = postedBy(op);
        if (posted) balance.add(linesOf(posted));
      }
      return { lines: balance.lines().map(renderLedgerLine) };
    },
  };
}
