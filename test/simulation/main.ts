// `npm run sim`: runs seeds until one fails or all have passed. `SEED=7 npm run sim` runs one and prints its history.

import { parseArgs } from 'node:util';
import { runSeed, shrink, type Verdict } from './seeds.ts';

const seedsDefault = 1_000;
/** Lines of a failing run that are printed: its end, where it went wrong. */
const printedLinesMax = 400;

const { values } = parseArgs({
  options: {
    'no-shrink': { type: 'boolean', default: false },
    seeds: { type: 'string' },
    from: { type: 'string' },
  },
});
const print = (line: string) => process.stdout.write(`${line}\n`);

function printFailure({ seed, plan, failures, history }: Verdict): void {
  for (const line of history.slice(-printedLinesMax)) print(line);
  const { wishes, commands, incidents, ...rest } = plan;
  print(JSON.stringify(rest));
  for (const part of [...wishes, ...commands, ...incidents]) print(JSON.stringify(part));
  for (const failure of failures) print(`FAILED  ${failure}`);
  print(`\nseed ${seed}: run it again with SEED=${seed} npm run sim`);
}

/** Not `process.exit`: what was printed must leave first. */
const brokenExitCode = 2;

async function runOne(seed: number): Promise<void> {
  const verdict = await runSeed(seed);
  if (verdict.failures.length === 0) return verdict.history.forEach(print);
  process.exitCode = brokenExitCode;
  printFailure(values['no-shrink'] ? verdict : await shrink(verdict));
}

async function runMany(first: number, count: number): Promise<void> {
  const sums = { events: 0, requests: 0, orders: 0 };
  for (let seed = first; seed < first + count; seed += 1) {
    const verdict = await runSeed(seed);
    if (verdict.failures.length > 0) {
      process.exitCode = brokenExitCode;
      return printFailure(values['no-shrink'] ? verdict : await shrink(verdict));
    }
    for (const name of ['events', 'requests', 'orders'] as const) sums[name] += verdict.counts[name];
  }
  print(`${count} seeds passed: ${sums.orders} orders, ${sums.requests} requests, ${sums.events} events`);
}

const given = process.env['SEED'];
if (given) await runOne(Number(given));
else await runMany(Number(values.from ?? 1), Number(values.seeds ?? seedsDefault));
