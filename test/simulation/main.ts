// `npm run sim`: runs seeds until one fails or all have passed. `SEED=7 npm run sim` runs one and prints its history.

import { parseArgs } from 'node:util';
import { createSystemClock } from '../../shared/runtime/index.ts';
import { runSeeds } from './pool.ts';
import { progressLine } from './progress.ts';
import { runSeed, shrink, type Verdict } from './seeds.ts';

const seedsDefault = 1_000;
/** Lines of a failing run that are printed: its end, where it went wrong. */
const printedLinesMax = 400;
/** Between two lines of progress: on a terminal the line is overwritten, in a file each stays. */
const progressEveryMs = process.stdout.isTTY ? 1_000 : 30_000;
/** Not `process.exit`: what was printed must leave first. */
const brokenExitCode = 2;

const { values } = parseArgs({
  options: {
    'no-shrink': { type: 'boolean', default: false },
    seeds: { type: 'string' },
    from: { type: 'string' },
    workers: { type: 'string' },
  },
});
const print = (line: string) => process.stdout.write(`${line}\n`);

/** A whole number of at least 1, or a sentence and the exit code of a wrong call. */
function wholeNumber(name: string, given: string | undefined): number | undefined {
  if (given === undefined || given === '') return undefined;
  if (/^[1-9]\d{0,8}$/.test(given)) return Number(given);
  process.stderr.write(`${name} must be a whole number from 1 to 999999999, not "${given}".\n`);
  process.exit(1);
}

function printFailure({ seed, plan, failures, history }: Verdict): void {
  for (const line of history.slice(-printedLinesMax)) print(line);
  const { wishes, commands, incidents, ...rest } = plan;
  print(JSON.stringify(rest));
  for (const part of [...wishes, ...commands, ...incidents]) print(JSON.stringify(part));
  for (const failure of failures) print(`FAILED  ${failure}`);
  print(`\nseed ${seed}: run it again with SEED=${seed} npm run sim`);
}

async function runOne(seed: number): Promise<void> {
  const verdict = await runSeed(seed);
  if (verdict.failures.length === 0) verdict.history.forEach(print);
  else await fail(verdict);
}

async function fail(verdict: Verdict): Promise<void> {
  process.exitCode = brokenExitCode;
  printFailure(values['no-shrink'] ? verdict : await shrink(verdict));
}

async function runMany(first: number, count: number, workerCount: number | undefined): Promise<void> {
  const clock = createSystemClock();
  const beganAtMs = clock.nowMs();
  let printedAtMs = beganAtMs;
  const { passedCount, counts, failed } = await runSeeds({
    first,
    count,
    ...(workerCount === undefined ? {} : { workerCount }),
    onPassed(soFar) {
      const nowMs = clock.nowMs();
      if (nowMs - printedAtMs < progressEveryMs) return;
      printedAtMs = nowMs;
      const line = progressLine({ doneCount: soFar.passedCount, count, elapsedMs: nowMs - beganAtMs });
      process.stdout.write(process.stdout.isTTY ? `\r\x1b[K${line}` : `${line}\n`);
    },
  });
  if (process.stdout.isTTY) process.stdout.write('\r\x1b[K');
  if (failed) {
    print(`seed ${failed.seed} fails, ${passedCount} others passed`);
    process.exitCode = brokenExitCode;
    for (const failure of failed.failures) print(`FAILED  ${failure}`);
    const verdict = await runSeed(failed.seed);
    if (verdict.failures.length > 0) return fail(verdict);
    print(`seed ${failed.seed}: alone, SEED=${failed.seed} npm run sim, it passes`);
    return;
  }
  const { orders, charges, requests, events } = counts;
  print(
    `${count} seeds passed: ${orders} orders, ${charges} card charges, ${requests} requests, ${events} events`,
  );
}

const seed = wholeNumber('SEED', process.env['SEED']);
if (seed !== undefined) await runOne(seed);
else
  await runMany(
    wholeNumber('--from', values.from) ?? 1,
    wholeNumber('--seeds', values.seeds) ?? seedsDefault,
    wholeNumber('--workers', values.workers),
  );
