// The audit's fold: takes every op of the journal once and says what contradicts the invariants. Pure.
//
// Streams are read one after the other while the service works on. So the audit looks at one moment of the past: of
// every stream it takes the ops before `cutAt`. What an op rests on was recorded before it, so that part of the
// journal is whole.
//
// Memory grows with the number of SKUs and reservations, some 1 KiB each, not with the number of ops.

import { createFold, type RecordedOp } from '../../../shared/journal/index.ts';
import { isReservation, isStock } from '../domain/names.ts';
import { inventoryRules } from '../domain/rules.ts';
import type { Finding, Invariant } from './finding.ts';
import { createReservationAudit, type ReservationFact } from './reservation-audit.ts';
import { createStockAudit } from './stock-audit.ts';

/** The verdict on one invariant, as the API words it. */
export interface Judgement {
  readonly invariant: Invariant;
  readonly verdict: 'holds' | 'broken' | 'cannot tell';
  readonly checkedCount: number;
  /** Why it cannot be told; empty otherwise. */
  readonly reason: string;
}

export interface InventoryAudit {
  /** Takes the next op of its stream. */
  take(op: RecordedOp): readonly Finding[];
  /** After the last op: each reservation, with what only the whole shows. Read it through before `summary`. */
  end(): Iterable<{ readonly fact: ReservationFact; readonly findings: readonly Finding[] }>;
  summary(): {
    readonly judgements: readonly Judgement[];
    readonly entryCount: number;
    readonly opCount: number;
  };
}

/** `streamOf`: the journal's. */
export function createInventoryAudit({
  cutAt,
  streamOf,
}: {
  cutAt: Date;
  streamOf: (entity: string) => string;
}): InventoryAudit {
  const fold = createFold(inventoryRules);
  const stock = createStockAudit();
  const reservations = createReservationAudit({ cutAt, streamOf });
  const findingCounts: Record<Invariant, number> = { journal: 0, I3: 0, I4: 0 };
  let endedStream = '';
  let lastEntry = '';
  let entryCount = 0;
  let opCount = 0;
  let underWayCount = 0;

  function counted(findings: readonly Finding[]): readonly Finding[] {
    for (const { invariant } of findings) findingCounts[invariant] += 1;
    return findings;
  }

  function* end() {
    for (const { fact, findings, isUnderWay } of reservations.verdicts()) {
      if (isUnderWay) underWayCount += 1;
      yield { fact, findings: counted(findings) };
    }
  }

  function judge(invariant: Invariant, checkedCount: number, reason = ''): Judgement {
    const verdict = findingCounts[invariant] > 0 ? 'broken' : reason ? 'cannot tell' : 'holds';
    return { invariant, verdict, checkedCount, reason: verdict === 'cannot tell' ? reason : '' };
  }

  return {
    take(op) {
      if (op.stream === endedStream) return [];
      if (op.at.getTime() >= cutAt.getTime()) {
        // All that follows is left out too: a fold has no holes, even where a clock was set back.
        endedStream = op.stream;
        return [];
      }
      opCount += 1;
      const entry = `${op.stream}#${op.seq}`;
      if (entry !== lastEntry) entryCount += 1;
      lastEntry = entry;
      if (!isStock(op.entity) && !isReservation(op.entity)) {
        return counted([contradiction(op, 'is no entity of the inventory')]);
      }
      const findings: Finding[] = [];
      if (!fold.take(op).equal)
        findings.push(contradiction(op, 'carries another state than its changes give'));
      if (isStock(op.entity)) findings.push(...stock.take(op));
      findings.push(...reservations.take(op));
      return counted(findings);
    },
    end,
    summary: () => ({
      judgements: [
        judge('journal', opCount),
        judge('I3', stock.count()),
        judge(
          'I4',
          reservations.count(),
          underWayCount > 0 ? `${underWayCount} reservations moved while the audit began; ask again` : '',
        ),
      ],
      entryCount,
      opCount,
    }),
  };
}

function contradiction(op: RecordedOp, what: string): Finding {
  return {
    invariant: 'journal',
    entity: op.entity,
    description: `${op.type} at ${op.stream}#${op.seq} ${what}`,
  };
}
