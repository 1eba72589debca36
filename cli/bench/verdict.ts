// From figures to verdicts. Pure.

import type { Figure, Goal, Results } from './figure.ts';
import { figures } from './figures.ts';
import { type Summary, summaryOf } from './statistics.ts';

/** `shown`: nobody set a goal. */
export type Verdict = 'reached' | 'missed' | 'not measured' | 'shown';

export interface Line {
  readonly figure: Figure;
  readonly values: readonly number[];
  readonly summary: Summary | undefined;
  readonly verdict: Verdict;
  /** Why it is not measured though there is a value, or not measured at all. */
  readonly why: string;
}

export const notInRun = 'it was not part of this run';

/** A goal is judged by the median of the rounds. */
export function isReached(goal: Goal, median: number): boolean {
  switch (goal.kind) {
    case 'at least':
      return median >= goal.value;
    case 'at most':
      return median <= goal.value;
    case 'below':
      return median < goal.value;
  }
}

export function lineOf(figure: Figure, results: Results): Line {
  const values = figure.values(results);
  const summary = summaryOf(values);
  const why = figure.short?.(results) ?? (summary ? '' : notInRun);
  return { figure, values, summary, verdict: verdictOf(figure, summary, why), why };
}

function verdictOf({ goal }: Figure, summary: Summary | undefined, why: string): Verdict {
  if (!goal) return 'shown';
  if (!summary || why !== '') return 'not measured';
  return isReached(goal, summary.median) ? 'reached' : 'missed';
}

export function linesOf(results: Results): Line[] {
  return figures.map((figure) => lineOf(figure, results));
}

/** 0 only when every goal is reached: what was not measured is not reached. */
export function exitCodeOf(lines: readonly Line[]): 0 | 1 {
  return lines.every(({ verdict }) => verdict === 'reached' || verdict === 'shown') ? 0 : 1;
}
