// Which invariants a run shows: those that something of it was checked against. Of the others it says nothing, and says so.

import type { InvariantLine } from '../../cli/audit/verdicts.ts';

export const invariants = ['I1', 'I2', 'I3', 'I4', 'I5', 'I6', 'I7', 'I8', 'I9', 'I10', 'I11'] as const;
export type Invariant = (typeof invariants)[number];

/** Why no case shows it, and what does. */
export const shownElsewhere: Partial<Record<Invariant, string>> = {
  I11: 'nothing here is overloaded; test/integration/rpc-admission.test.ts and docs/overload.md are about it',
};

export function shownBy(run: {
  /** What the audits had to look at. */
  lines: readonly InvariantLine[];
  /** Requests that were answered twice or more, so that answers could differ. */
  askedAgain: number;
  /** Things of one caller that another one tried to read. */
  spiedOn: number;
  /** Something was undone, on purpose. */
  hasUndone: boolean;
}): Invariant[] {
  const audited = new Set(
    run.lines.filter(({ checkedCount }) => checkedCount > 0).map(({ invariant }) => invariant),
  );
  return invariants.filter((invariant) => {
    switch (invariant) {
      case 'I7':
      case 'I8':
        return run.askedAgain > 0;
      case 'I9':
        return run.spiedOn > 0;
      case 'I10':
        return run.hasUndone && audited.has(invariant);
      default:
        return audited.has(invariant);
    }
  });
}
