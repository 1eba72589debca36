// The report: how many cases there are, of which kind, what was left out by which rule, and which invariants they showed.

import type { Case, Cases } from './cases.ts';
import { type Invariant, invariants, shownElsewhere } from './invariants.ts';

export interface Told {
  readonly each: Case;
  readonly shown: readonly Invariant[];
}

export function reportOf(told: readonly Told[], all: readonly Cases[]): string[] {
  const count = (by: (each: Case) => string) =>
    Object.entries(Object.groupBy(told, ({ each }) => by(each))).map(([name, some]): [string, number] => [
      name,
      some?.length ?? 0,
    ]);
  return [
    `${told.length} cases`,
    ...table(
      'by fault',
      count(({ fault }) => fault),
    ),
    ...table(
      'by phase',
      count(({ phase }) => phase),
    ),
    ...table(
      'by callers',
      count(({ callerCount }) => (callerCount === 1 ? 'one caller' : 'two callers')),
    ),
    ...table(
      'by scenario',
      count(({ scenario }) => scenario.name),
    ),
    ...table('left out, by rule', excludedIn(all)),
    ...table('invariants, and the cases that show them', shownIn(told)),
    ...Object.entries(shownElsewhere).map(([invariant, why]) => `  ${invariant} is shown by none: ${why}`),
  ];
}

function excludedIn(all: readonly Cases[]): [string, number][] {
  const sums = new Map<string, number>();
  for (const { excluded } of all)
    for (const [rule, count] of excluded) sums.set(rule, (sums.get(rule) ?? 0) + count);
  return [...sums];
}

function shownIn(told: readonly Told[]): [string, number][] {
  return invariants.map((invariant) => [
    invariant,
    told.filter(({ shown }) => shown.includes(invariant)).length,
  ]);
}

function table(title: string, rows: readonly (readonly [string, number])[]): string[] {
  return ['', title, ...rows.map(([name, count]) => `${String(count).padStart(8)}  ${name}`)];
}
