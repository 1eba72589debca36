// The closing table: figure, goal, what was measured, verdict; and below it what changed since another run.

import { bold, dim, green, red, yellow } from '../../console.ts';
import type { Compared } from '../compare.ts';
import { type Line, notInRun, type Verdict } from '../verdict.ts';
import { sayChange, sayGoal, sayValue } from './words.ts';

const paint: Readonly<Record<Verdict, (text: string) => string>> = {
  reached: green,
  missed: red,
  'not measured': yellow,
  shown: dim,
};

const changePaint = { better: green, worse: red, 'within the noise': dim, 'cannot tell': yellow };

export function closingTable(all: readonly Line[]): string {
  const lines = all.filter(({ why }) => why !== notInRun);
  const rows = lines.map(({ figure, summary, verdict, why }) => ({
    cells: [
      figure.says,
      figure.goal ? sayGoal(figure.goal, figure.unit) : '',
      summary ? sayValue(summary.median, figure.unit) : '',
      summary && summary.min < summary.max
        ? `${sayValue(summary.min, figure.unit)} to ${sayValue(summary.max, figure.unit)}`
        : '',
    ],
    end: paint[verdict](verdict === 'shown' ? '' : why ? `${verdict}: ${why}` : verdict),
  }));
  const table = tableOf(['figure', 'goal', 'median', 'rounds', 'verdict'], rows);
  const left = all.length - lines.length;
  return left === 0 ? table : `${table}\n  ${dim(`and ${left} figures that were not part of this run`)}`;
}

export function comparedTable(compared: readonly Compared[], file: string): string {
  const rows = compared.map(({ figure, before, now, change, moved, beyondNoise }) => ({
    cells: [
      figure.says,
      sayValue(before.median, figure.unit),
      sayValue(now.median, figure.unit),
      sayChange(moved),
    ],
    end: changePaint[change](
      beyondNoise === 0 ? change : `${change}, ${sayChange(beyondNoise)} beyond the noise`,
    ),
  }));
  return `${dim(`compared with ${file}`)}\n${tableOf(['figure', 'before', 'now', 'median', ''], rows)}`;
}

interface Row {
  readonly cells: readonly string[];
  /** Painted, and so not measured: it stands last. */
  readonly end: string;
}

function tableOf(heads: readonly string[], rows: readonly Row[]): string {
  const widths = heads
    .slice(0, -1)
    .map((head, column) => Math.max(head.length, ...rows.map(({ cells }) => (cells[column] ?? '').length)));
  // Words to the left, numbers to the right.
  const line = (cells: readonly string[]) =>
    widths
      .map((width, column) => {
        const cell = cells[column] ?? '';
        return column === 0 ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  ');
  return [
    `  ${bold(line(heads))}  ${bold(heads.at(-1) ?? '')}`,
    ...rows.map(({ cells, end }) => `  ${line(cells)}  ${end}`.trimEnd()),
  ].join('\n');
}
