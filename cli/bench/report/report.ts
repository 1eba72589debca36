// The report: everything that a benchmark measured, in a form that programs can rely on, and the way back from a file.

import { readFile, writeFile } from 'node:fs/promises';
import type { Audited } from '../audited.ts';
import type { Compared, FigureValues } from '../compare.ts';
import type { Grown } from '../grow/grown.ts';
import type { InsertChains } from '../inserts/chains.ts';
import type { Machine } from '../machine.ts';
import type { Round } from '../measured.ts';
import type { Line } from '../verdict.ts';

export const reportSchema = 'twicesafe-bench-report';
/** Raised when a field changes its meaning or goes away; new fields do not raise it. */
export const reportVersion = 1;

export interface BenchReport {
  readonly schema: typeof reportSchema;
  readonly version: typeof reportVersion;
  readonly startedAt: string;
  /** Of the code, where it is known; `+` when it was changed since. */
  readonly commit: string;
  readonly command: string;
  readonly machine: Machine;
  /** `secantus`, `mongod`, …: which database it was. */
  readonly database: string;
  readonly options: {
    readonly rounds: number;
    readonly seconds: number;
    readonly loadProcesses: number;
    readonly grow: number;
    readonly measured: readonly string[];
  };
  readonly exitCode: 0 | 1 | 3;
  readonly figures: readonly ReportedFigure[];
  readonly compared: readonly ReportedChange[];
  /** As they were measured, by the measurement's name. */
  readonly rounds: readonly Round[];
  /** Of the suite of the last round, after it. */
  readonly audit?: Audited;
  readonly inserts?: InsertChains;
  readonly grown?: Grown;
}

export type ReportedFigure = Omit<Line, 'figure' | 'summary'> &
  Pick<Line['figure'], 'id' | 'says' | 'unit' | 'better' | 'goal'> &
  Partial<NonNullable<Line['summary']>>;

export type ReportedChange = Omit<Compared, 'figure'> & Pick<Compared['figure'], 'id' | 'says' | 'unit'>;

export function reportedFigure({ figure, summary, ...line }: Line): ReportedFigure {
  const { id, says, unit, better, goal } = figure;
  return { id, says, unit, better, ...(goal ? { goal } : {}), ...line, ...summary };
}

export function reportedChange({ figure: { id, says, unit }, ...compared }: Compared): ReportedChange {
  return { id, says, unit, ...compared };
}

export async function writeReport(file: string, report: BenchReport): Promise<void> {
  await writeFile(file, `${JSON.stringify(report, undefined, 2)}\n`);
}

/** The values of an earlier run. Throws one sentence for a file that is none of ours, or of another version. */
export async function readFigureValues(file: string): Promise<FigureValues> {
  let report: Partial<BenchReport>;
  try {
    report = JSON.parse(await readFile(file, 'utf8')) as Partial<BenchReport>;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`--compare cannot read ${file} (${why}): give it a file that --json wrote.`);
  }
  if (report.schema !== reportSchema || report.version !== reportVersion || !report.figures) {
    throw new Error(
      `--compare needs a ${reportSchema} of version ${reportVersion}, which ${file} is not: measure again with --json.`,
    );
  }
  return Object.fromEntries(report.figures.map(({ id, values }) => [id, values]));
}
