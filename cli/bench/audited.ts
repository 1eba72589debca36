// What an audit of a measured suite said. Pure.

export type Audited =
  | {
      readonly asked: true;
      /** By invariant. */
      readonly verdicts: Readonly<Record<string, string>>;
      readonly findings: number;
      readonly orders: number;
    }
  /** There are more orders than an audit keeps in memory. */
  | { readonly asked: false };

/** One sentence when an invariant does not hold; empty when all do, or nobody asked. */
export function complaintOf(audited: Audited): string {
  if (!audited.asked) return '';
  const broken = Object.entries(audited.verdicts).filter(([, verdict]) => verdict !== 'holds');
  const words = broken.map(([invariant, verdict]) => `${invariant} ${verdict}`);
  return words.length === 0 ? '' : `the audit says ${words.join(', ')}`;
}
