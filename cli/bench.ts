// `twicesafe bench`: what the services do on this machine, several rounds of it, held against the goals.

import { createSystemClock } from '../shared/runtime/index.ts';
import { complaintOf } from './bench/audited.ts';
import { compareRuns } from './bench/compare.ts';
import { thisMachine } from './bench/machine.ts';
import { measureAll } from './bench/measure-all.ts';
import type { BenchOptions } from './bench/options.ts';
import { planOf } from './bench/plan.ts';
import { writePage } from './bench/report/page.ts';
import {
  type BenchReport,
  readFigureValues,
  reportedChange,
  reportedFigure,
  reportSchema,
  reportVersion,
  writeReport,
} from './bench/report/report.ts';
import { notesOf } from './bench/screen/notes.ts';
import { closingTable, comparedTable } from './bench/screen/table.ts';
import { exitCodeOf, linesOf } from './bench/verdict.ts';
import { dim, reportProblem, report as say, yellow } from './console.ts';
import { commitNow } from './storm/report/provenance.ts';

/** Returns the exit code: 0 every goal reached, 1 one missed or not measured, 3 it could not be run, or its books are wrong. */
export async function runBench(options: BenchOptions): Promise<number> {
  const stopping = new AbortController();
  const stop = () => stopping.abort(new Error('The benchmark was stopped: nothing is kept of it.'));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop);
  try {
    // Read first: a file that cannot be read must not be found out after minutes.
    const before = options.compareFile ? await readFigureValues(options.compareFile) : undefined;
    const plan = planOf(options.only);
    const startedAt = createSystemClock().now().toISOString();
    const machine = thisMachine();
    say(
      dim(
        `${machine.cores} cores (${machine.cpu}), Node ${machine.node}, load ${machine.loadBefore.toFixed(2)}`,
      ),
    );
    const { results, database, failure } = await measureAll({ ...options, plan, signal: stopping.signal });
    const lines = linesOf(results);
    const compared = before
      ? compareRuns(before, Object.fromEntries(lines.map(({ figure, values }) => [figure.id, values])))
      : [];
    const complaint = results.audit ? complaintOf(results.audit) : '';
    const report: BenchReport = {
      schema: reportSchema,
      version: reportVersion,
      startedAt,
      commit: await commitNow(),
      command: ['npm run bench --', ...process.argv.slice(3)].join(' '),
      machine,
      database,
      options: {
        rounds: options.rounds,
        seconds: options.seconds,
        loadProcesses: options.loadProcesses,
        grow: options.grow,
        measured: [...plan.phases.map(({ name }) => name), ...plan.once],
      },
      exitCode: complaint === '' && !failure ? exitCodeOf(lines) : 3,
      figures: lines.map(reportedFigure),
      compared: compared.map(reportedChange),
      ...results,
    };
    if (options.jsonFile) await writeReport(options.jsonFile, report);
    if (options.htmlFile) await writePage(options.htmlFile, report);
    say(`\n${closingTable(lines)}`);
    for (const note of notesOf(results, machine.cores)) say(yellow(`\n${note}`));
    if (options.compareFile) say(`\n${comparedTable(compared, options.compareFile)}`);
    if (failure) throw failure;
    if (complaint !== '') throw new Error(`What was measured cannot be believed: ${complaint}.`);
    return report.exitCode;
  } catch (error) {
    reportProblem(error);
    return 3;
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, stop);
  }
}
