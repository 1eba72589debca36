// The Audit RPC: one pass over the journal, streamed in parts, the summary last. What is judged: audit/.

import type { ServiceImpl } from '@connectrpc/connect';
import { Verdict } from '../../shared/gen/twicesafe/audit/v1/audit_pb.ts';
import type { InventoryService } from '../../shared/gen/twicesafe/inventory/v1/inventory_pb.ts';
import type { Journal } from '../../shared/journal/index.ts';
import { requireOperator } from '../../shared/rpc/index.ts';
import type { Clock } from '../../shared/runtime/index.ts';
import type { Finding } from './audit/finding.ts';
import { createInventoryAudit, type Judgement } from './audit/inventory-audit.ts';
import type { ReservationFact } from './audit/reservation-audit.ts';
import { callerOfReservation, reservationIdOf } from './domain/names.ts';
import { wireStatus } from './render.ts';

/** Findings or facts in one part of the answer: some 50 KB, below every reader's message limit. */
const partSizeMax = 500;
/** Findings in all: a journal with more is not understood by reading further ones. */
const findingsMax = 10_000;

const verdicts: Readonly<Record<Judgement['verdict'], Verdict>> = {
  holds: Verdict.HOLDS,
  broken: Verdict.BROKEN,
  'cannot tell': Verdict.CANNOT_TELL,
};

export function createAuditHandler(deps: {
  journal: Journal;
  clock: Clock;
}): Pick<ServiceImpl<typeof InventoryService>, 'audit'> {
  const { journal, clock } = deps;
  return {
    async *audit(_request, context) {
      requireOperator(context);
      const audit = createInventoryAudit({ cutAt: clock.now(), streamOf: journal.streamOf });
      const findings: Finding[] = [];
      const facts: ReservationFact[] = [];
      let findingsLeft = findingsMax;

      function collect(found: readonly Finding[]): void {
        const kept = found.slice(0, findingsLeft);
        findingsLeft -= kept.length;
        findings.push(...kept);
      }

      for await (const op of journal.scan()) {
        context.signal.throwIfAborted();
        collect(audit.take(op));
        if (findings.length >= partSizeMax) yield { findings: findings.splice(0, partSizeMax) };
      }
      for (const { fact, findings: found } of audit.end()) {
        collect(found);
        facts.push(fact);
        if (facts.length >= partSizeMax || findings.length >= partSizeMax) yield part();
      }
      while (findings.length > 0 || facts.length > 0) yield part();

      const { judgements, entryCount, opCount } = audit.summary();
      yield {
        summary: {
          verdicts: judgements.map(({ invariant, verdict, checkedCount, reason }) => ({
            invariant,
            verdict: verdicts[verdict],
            checkedCount: BigInt(checkedCount),
            reason,
          })),
          entryCount: BigInt(entryCount),
          opCount: BigInt(opCount),
        },
      };

      function part() {
        return {
          findings: findings.splice(0, partSizeMax),
          reservations: facts.splice(0, partSizeMax).map((fact) => ({
            reservationId: reservationIdOf(fact.scoped),
            caller: callerOfReservation(fact.scoped),
            reference: fact.reference,
            status: wireStatus[fact.status],
            heldUnits: BigInt(fact.heldUnits),
            soldUnits: BigInt(fact.soldUnits),
          })),
        };
      }
    },
  };
}
