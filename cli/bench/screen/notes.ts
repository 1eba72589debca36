// What to know before believing the table: how much others took of the machine, and which answers were none.

import type { Results } from '../figure.ts';
import type { Measured } from '../measured.ts';

/** From here on only ratios are to be believed. */
const othersShareMax = 0.1;

export function notesOf({ rounds }: Pick<Results, 'rounds'>, cores: number): string[] {
  const all = rounds.flatMap((round) => Object.values(round));
  return [...othersNote(all, cores), ...oddNote(all)];
}

function othersNote(all: readonly Measured[], cores: number): string[] {
  const read = all.filter(({ machine }) => machine !== undefined);
  const seconds = read.reduce((sum, measured) => sum + measured.seconds, 0) * cores;
  const others = read.reduce(
    (sum, { machine }) => sum + (machine ? machine.othersSeconds + machine.stolenSeconds : 0),
    0,
  );
  const share = seconds === 0 ? 0 : others / seconds;
  if (share <= othersShareMax) return [];
  const percent = Math.round(share * 100);
  return [`Others used ${percent} % of this machine meanwhile: believe the ratios, not the numbers.`];
}

function oddNote(all: readonly Measured[]): string[] {
  const counts = new Map<string, number>();
  for (const { name, odd } of all) {
    for (const [what, count] of Object.entries(odd)) {
      const where = `${what.replace(/^odd: /, '')} (${name})`;
      counts.set(where, (counts.get(where) ?? 0) + count);
    }
  }
  if (counts.size === 0) return [];
  const words = [...counts].map(([where, count]) => `${count} × ${where}`);
  return [`Answers that were neither a confirmation nor a replay: ${words.join(', ')}.`];
}
