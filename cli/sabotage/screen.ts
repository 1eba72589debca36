// What the screen shows of a run: one line as each sabotage ends, a table of all of them at the end.

import { bold, dim, green, red, yellow } from '../console.ts';
import type { Sabotage } from './sabotage.ts';

/** What became of a sabotage. `says` is the test's own first line. */
export interface Ending {
  readonly sabotage: Sabotage;
  readonly ending: 'caught' | 'NOT CAUGHT' | 'no verdict';
  /** The test that caught it; else what was run, or why there is no verdict. */
  readonly by: string;
  readonly says: string;
  readonly tookMs: number;
}

const paint = { caught: green, 'NOT CAUGHT': red, 'no verdict': yellow };
const endingWidth = 'NOT CAUGHT'.length;

export function liveLine({ sabotage, ending, by, tookMs }: Ending, place: string): string {
  return `${dim(place)} ${paint[ending](ending.padEnd(endingWidth))} ${sabotage.name}  ${dim(`${seconds(tookMs)}  ${by}`)}`;
}

export function table(endings: readonly Ending[]): string[] {
  const width = (of: (ending: Ending) => string) => Math.max(...endings.map((ending) => of(ending).length));
  const nameWidth = width(({ sabotage }) => sabotage.name);
  const invariantWidth = width(({ sabotage }) => sabotage.invariant);
  return endings.map(({ sabotage, ending, by, says, tookMs }) =>
    [
      paint[ending](ending.padEnd(endingWidth)),
      bold(sabotage.name.padEnd(nameWidth)),
      sabotage.invariant.padEnd(invariantWidth),
      dim(seconds(tookMs).padStart(7)),
      `${by}${ending === 'caught' ? dim(`  ${says}`) : ''}`,
    ].join('  '),
  );
}

export function listLine({ name, invariant, file, caughtBy }: Sabotage): string {
  return `${bold(name)}  ${invariant}  ${file}  ${dim(caughtBy.join(', '))}`;
}

export const seconds = (durationMs: number): string => `${(durationMs / 1_000).toFixed(1)} s`;
