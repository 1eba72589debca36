// One verdict per invariant from what each service judged alone and what comparing them showed. Pure.

import { Verdict } from '../../shared/gen/twicesafe/audit/v1/audit_pb.ts';
import type { Asked } from './ask.ts';
import type { Comparison } from './compare.ts';

export interface InvariantLine {
  readonly invariant: string;
  readonly says: string;
  readonly verdict: 'holds' | 'broken' | 'cannot tell';
  readonly checkedCount: number;
  readonly reason: string;
}

const invariants: readonly (readonly [name: string, says: string])[] = [
  ['journal', 'every recorded state is what its history gives'],
  ['ledger', 'every movement is debited and credited, and balances in its currency'],
  ['I1', 'every balance is the sum of its movements'],
  ['I2', 'an order is charged once if confirmed, net nothing if cancelled'],
  ['I3', 'every unit received is on hand, held or sold'],
  ['I4', 'a reservation holds once and settles once'],
  ['I5', 'every saga has a definite end'],
  ['I6', 'no charge and no hold without its order'],
  ['I10', 'what is undone is undone once, after it was decided'],
];

export function verdicts({ summaries, findings }: Asked, comparison: Comparison): InvariantLine[] {
  return invariants.map(([invariant, says]) => {
    const told = summaries.flatMap((summary) =>
      summary.verdicts.filter((line) => line.invariant === invariant),
    );
    const compared = comparison.checkedCounts[invariant as keyof Comparison['checkedCounts']];
    const broken =
      told.some(({ verdict }) => verdict === Verdict.BROKEN) ||
      findings.some((finding) => finding.invariant === invariant) ||
      comparison.findings.some((finding) => finding.invariant === invariant);
    const untold = told.find(({ verdict }) => verdict !== Verdict.HOLDS && verdict !== Verdict.BROKEN);
    // Nobody looked: that is not the same as nothing found.
    const unseen = told.length === 0 && compared === undefined;
    const checkedCount = told.reduce((sum, line) => sum + Number(line.checkedCount), 0) + (compared ?? 0);
    return {
      invariant,
      says,
      verdict: broken ? 'broken' : untold || unseen ? 'cannot tell' : 'holds',
      checkedCount,
      reason: broken ? '' : unseen ? 'no service judged it' : (untold?.reason ?? ''),
    };
  });
}

/** 0: every invariant holds. 2: one is broken. 3: none is broken, but one cannot be told. */
export function exitCodeOf(lines: readonly InvariantLine[]): 0 | 2 | 3 {
  if (lines.some(({ verdict }) => verdict === 'broken')) return 2;
  return lines.some(({ verdict }) => verdict === 'cannot tell') ? 3 : 0;
}
