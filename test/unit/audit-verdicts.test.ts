// From findings to one verdict for each invariant, and to the exit code.

import { create } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import type { Asked } from '../../cli/audit/ask.ts';
import type { Comparison } from '../../cli/audit/compare.ts';
import { exitCodeOf, verdicts } from '../../cli/audit/verdicts.ts';
import { AuditSummarySchema, FindingSchema, Verdict } from '../../shared/gen/twicesafe/audit/v1/audit_pb.ts';

const summary = (...lines: [invariant: string, verdict: Verdict, reason?: string][]) =>
  create(AuditSummarySchema, {
    verdicts: lines.map(([invariant, verdict, reason = '']) => ({
      invariant,
      verdict,
      checkedCount: 10n,
      reason,
    })),
  });

const { HOLDS, BROKEN, CANNOT_TELL } = Verdict;
const everything = [
  summary(['journal', HOLDS], ['I5', HOLDS], ['I10', HOLDS]),
  summary(['journal', HOLDS], ['I3', HOLDS], ['I4', HOLDS]),
  summary(['journal', HOLDS], ['ledger', HOLDS], ['I1', HOLDS], ['I2', HOLDS]),
];
const compared: Comparison = { findings: [], checkedCounts: { I2: 3, I3: 3, I6: 6 }, openCount: 0 };

function judge(said: Partial<Asked>, comparison = compared) {
  const asked: Asked = {
    facts: {} as Asked['facts'],
    findings: [],
    summaries: everything,
    ledger: [],
    ...said,
  };
  const lines = verdicts(asked, comparison);
  return {
    of: (invariant: string) => lines.find((line) => line.invariant === invariant),
    doubts: lines
      .filter(({ verdict }) => verdict !== 'holds')
      .map(({ invariant, verdict, reason }) => `${invariant} ${verdict} ${reason}`.trim()),
    exitCode: exitCodeOf(lines),
  };
}

describe('the verdicts', () => {
  test('hold, each with all that was looked at, and the exit code is 0', () => {
    const { doubts, exitCode, of } = judge({});
    expect(doubts).toEqual([]);
    expect(exitCode).toBe(0);
    expect(of('journal')?.checkedCount).toBe(30);
    expect(of('I2')?.checkedCount).toBe(13);
    expect(of('I6')?.checkedCount).toBe(6);
  });

  test('are broken where one service says so, and the exit code is 2', () => {
    const { doubts, exitCode } = judge({ summaries: [...everything, summary(['I1', BROKEN])] });
    expect(doubts).toEqual(['I1 broken']);
    expect(exitCode).toBe(2);
  });

  test('are broken where a service found something, whatever its verdict says', () => {
    const findings = [create(FindingSchema, { invariant: 'I4', entity: 'reservation/r', description: '' })];
    expect(judge({ findings }).doubts).toEqual(['I4 broken']);
  });

  test('are broken where comparing found something', () => {
    const findings = [{ invariant: 'I6', entity: 'payment/p', description: '' }] as const;
    expect(judge({}, { ...compared, findings })).toMatchObject({ doubts: ['I6 broken'], exitCode: 2 });
  });

  test('cannot be told while work is under way, with the reason, and the exit code is 3', () => {
    const open = summary(['I5', CANNOT_TELL, '2 sagas are not at rest']);
    const { doubts, exitCode } = judge({ summaries: [...everything, open] });
    expect(doubts).toEqual(['I5 cannot tell 2 sagas are not at rest']);
    expect(exitCode).toBe(3);
  });

  test('cannot be told when no service judged an invariant', () => {
    const [order, , payment] = everything;
    const { doubts, exitCode } = judge({ summaries: [order, payment].flatMap((one) => one ?? []) });
    expect(doubts).toEqual(['I4 cannot tell no service judged it']);
    expect(exitCode).toBe(3);
  });

  test('cannot be told of a verdict that this version does not know', () => {
    const newer = summary(['I1', 99 as Verdict, 'a newer word']);
    expect(judge({ summaries: [...everything, newer] }).doubts).toEqual(['I1 cannot tell a newer word']);
  });

  test('are broken rather than untold: one that is broken makes the exit code 2 whatever cannot be told', () => {
    const both = summary(['I1', BROKEN], ['I5', CANNOT_TELL, 'busy']);
    expect(judge({ summaries: [...everything, both] })).toMatchObject({
      doubts: ['I1 broken', 'I5 cannot tell busy'],
      exitCode: 2,
    });
  });
});
