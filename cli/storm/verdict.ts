// The verdict of a storm: what the callers saw (the history) and what the services say of themselves (the audit), joined to
// one line for each invariant, four counts, and an exit code. Pure.

import type { Asked as Audited } from '../audit/ask.ts';
import type { Comparison } from '../audit/compare.ts';
import type { InvariantLine } from '../audit/verdicts.ts';
import type { HistoryVerdict } from './check-history.ts';
import { type Contradiction, type Wrong, wrongs } from './laws/law.ts';
import type { Percentiles } from './load/samples.ts';
import type { Goals } from './options.ts';
import type { Recovery } from './phases.ts';
import type { BooksCompared } from './provider/compare.ts';
import type { Settled } from './settle.ts';

export interface VerdictLine {
  readonly invariant: string;
  readonly says: string;
  readonly verdict: 'holds' | 'broken' | 'cannot tell' | 'not examined';
  readonly checkedCount: number;
  readonly reason: string;
}

export interface GoalLine {
  readonly goal: string;
  readonly wanted: string;
  readonly found: string;
  readonly met: boolean;
}

export interface Finding {
  readonly invariant: string;
  readonly wrong: Wrong;
  readonly where: string;
  readonly says: string;
  /** `provider`: the card provider's books, asked directly or compared. */
  readonly foundBy: 'history' | 'audit' | 'provider';
}

export interface Verdict {
  readonly lines: readonly VerdictLine[];
  readonly counts: Readonly<Record<Wrong, number>>;
  readonly findings: readonly Finding[];
  readonly goals: readonly GoalLine[];
  readonly exitCode: 0 | 1 | 2 | 3;
}

export interface Evidence {
  readonly history: HistoryVerdict;
  /** The provider's books and the payment service's; undefined without cards. */
  readonly compared: BooksCompared | undefined;
  readonly audit: {
    readonly lines: readonly InvariantLine[];
    readonly asked: Audited;
    readonly comparison: Comparison;
  };
  readonly settle: Pick<Settled, 'tookMs' | 'openSagas' | 'unanswered'>;
  readonly callerCount: number;
  readonly recovery: Recovery;
  readonly goals: Goals;
  readonly latency: Percentiles;
  readonly answeredPerSecond: number;
}

const order = ['I1', 'I2', 'I3', 'I4', 'I5', 'I6', 'I7', 'I8', 'I9', 'I10', 'I11'] as const;

/** Only of a storm with cards. */
const cardLines = ['cards', 'books'] as const;

const ownWords: Readonly<Record<string, string>> = {
  cards: 'the card provider charged each confirmed order once, and kept nothing of any other',
  books: 'the card provider’s books and the payment service’s say the same',
  I7: 'every answer under one request id is the same, across restarts',
  I8: 'an acknowledged success stays, a refusal left no effect',
  I9: 'nobody saw another caller’s answer',
  I11: 'after an excess, goodput comes back without a restart',
};

/** What is promised: this long after everything is up again, every saga is definite. */
const settleMsMax = 30_000;

/** Whom it hurts when the services themselves find an invariant broken. */
const auditWrongs: Readonly<Record<string, Wrong>> = {
  I1: 'charged twice',
  I2: 'charged twice',
  I3: 'sold twice',
  I4: 'sold twice',
  I5: 'lost',
  I6: 'charged twice',
  I10: 'charged twice',
  journal: 'lied',
  ledger: 'lied',
};

export function verdictOf(evidence: Evidence): Verdict {
  const { history, audit, settle, goals } = evidence;
  const findings: Finding[] = [
    ...history.contradictions.map((found: Contradiction) => ({ ...found, foundBy: 'history' as const })),
    ...[...audit.asked.findings, ...audit.comparison.findings].map(({ invariant, entity, description }) => ({
      invariant,
      wrong: auditWrongs[invariant] ?? 'lied',
      where: entity,
      says: description,
      foundBy: 'audit' as const,
    })),
  ];
  findings.push(...providerFindings(evidence));
  if (settle.openSagas > 0) {
    findings.push({
      invariant: 'I5',
      wrong: 'lost',
      where: 'ListSagas',
      says: `${settle.openSagas} sagas were still open ${Math.round(settle.tookMs / 1_000)} s after the storm`,
      foundBy: 'history',
    });
  }
  const lines = ['journal', 'ledger', ...order, ...(history.provider ? cardLines : [])].map((invariant) =>
    lineOf(invariant, evidence, findings),
  );
  const goalLines = goalLinesOf(goals, evidence);
  return {
    lines,
    findings,
    counts: Object.fromEntries(wrongs.map((wrong) => [wrong, countOf(wrong, findings)])) as Record<
      Wrong,
      number
    >,
    goals: goalLines,
    exitCode: exitCodeOf(lines, goalLines),
  };
}

/** Named after the two lines that they break, so that a reader finds them there. */
function providerFindings({ history, compared }: Evidence): Finding[] {
  const foundBy = 'provider' as const;
  const asked = history.provider?.contradictions ?? [];
  const lasting = compared?.differences.filter(({ isPassing }) => !isPassing) ?? [];
  return [
    ...asked.map((found) => ({ ...found, invariant: 'cards', foundBy })),
    ...lasting.map(({ kind, payment, provider, says, action }) => ({
      invariant: 'books',
      wrong:
        kind === 'charged_here_only' || kind === 'refund_there_only'
          ? ('lost' as const)
          : ('charged twice' as const),
      where: `${payment} ${provider}`,
      says: `${kind}: ${says}; ${action}`,
      foundBy,
    })),
  ];
}

/** What history, audit and provider all found is one wrong, not three. */
function countOf(wrong: Wrong, findings: readonly Finding[]): number {
  const by = (foundBy: Finding['foundBy']) =>
    findings.filter((finding) => finding.wrong === wrong && finding.foundBy === foundBy).length;
  return Math.max(by('history'), by('audit'), by('provider'));
}

function lineOf(invariant: string, evidence: Evidence, findings: readonly Finding[]): VerdictLine {
  const { history, audit, callerCount, recovery } = evidence;
  const told = audit.lines.find((line) => line.invariant === invariant);
  const seenCount = seenCountOf(invariant, evidence);
  const base = {
    invariant,
    says: told?.says ?? ownWords[invariant] ?? '',
    checkedCount: (told?.checkedCount ?? 0) + seenCount,
  };
  const found = findings.filter((finding) => finding.invariant === invariant);
  if (found.length > 0) return { ...base, verdict: 'broken', reason: found[0]?.says ?? '' };
  if (invariant === 'I11') return { ...base, verdict: recovery.verdict, reason: recovery.reason };
  if (invariant === 'I9' && callerCount < 2)
    return { ...base, verdict: 'not examined', reason: 'there was one caller only' };
  if (told?.verdict === 'broken') return { ...base, verdict: 'broken', reason: told.reason };
  if (told?.verdict === 'cannot tell') return { ...base, verdict: 'cannot tell', reason: told.reason };
  const unjudgedAtProvider = unjudgedOf(invariant, evidence);
  if (unjudgedAtProvider) return { ...base, verdict: 'cannot tell', reason: unjudgedAtProvider };
  const [unjudged] = history.unjudged;
  const needsHistory = ['I1', 'I2', 'I3', 'I7', 'I8', 'I9'].includes(invariant);
  if (needsHistory && unjudged) return { ...base, verdict: 'cannot tell', reason: unjudged };
  return { ...base, verdict: 'holds', reason: '' };
}

function seenCountOf(invariant: string, { history, compared }: Evidence): number {
  if (invariant === 'cards') return history.provider?.orderCount ?? 0;
  if (invariant === 'books') return compared?.checkedCount ?? 0;
  return history.checked[invariant as keyof typeof history.checked] ?? 0;
}

function unjudgedOf(invariant: string, { history, compared }: Evidence): string | undefined {
  if (invariant === 'cards') return history.provider?.unjudged;
  const open = compared?.differences.length ?? 0;
  return invariant === 'books' && open > 0 ? `${open} payments are still being asked about` : undefined;
}

function goalLinesOf(
  { p99MsMax, goodputMin }: Goals,
  { latency, answeredPerSecond, settle }: Evidence,
): GoalLine[] {
  const lines: GoalLine[] = [
    {
      goal: 'at rest',
      wanted: `within ${settleMsMax / 1_000} s`,
      found: `${(settle.tookMs / 1_000).toFixed(1)} s`,
      met: settle.tookMs <= settleMsMax,
    },
  ];
  if (p99MsMax !== undefined) {
    lines.push({
      goal: 'p99',
      wanted: `at most ${p99MsMax} ms`,
      found: `${Math.round(latency.p99Ms)} ms`,
      met: latency.p99Ms <= p99MsMax,
    });
  }
  if (goodputMin !== undefined) {
    lines.push({
      goal: 'goodput',
      wanted: `at least ${goodputMin} requests a second`,
      found: `${Math.round(answeredPerSecond)} requests a second`,
      met: answeredPerSecond >= goodputMin,
    });
  }
  return lines;
}

function exitCodeOf(lines: readonly VerdictLine[], goals: readonly GoalLine[]): 0 | 1 | 2 | 3 {
  if (lines.some(({ verdict }) => verdict === 'broken')) return 2;
  if (lines.some(({ verdict }) => verdict === 'cannot tell')) return 3;
  return goals.every(({ met }) => met) ? 0 : 1;
}
