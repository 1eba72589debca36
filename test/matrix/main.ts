// `npm run matrix`: runs every case and says how many there are of each kind. `--list` prints their names, `--case NAME` runs
// one and prints its history, `--only PART` takes those with this in their name, `--bail` stops at the first that fails.

import { parseArgs } from 'node:util';
import { type Case, type Cases, casesOf, playCase } from './cases.ts';
import { type Listed, listingOf, writeListing } from './listing.ts';
import { reportOf, type Told } from './report.ts';
import type { Scenario } from './scenario.ts';
import { groupNames, groups } from './scenarios/groups.ts';
import { surveyOf } from './survey.ts';

const { values } = parseArgs({
  options: {
    list: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    case: { type: 'string' },
    bail: { type: 'boolean', default: false },
    'write-points': { type: 'boolean', default: false },
  },
});

/** Not `process.exit`: what was printed must leave first. */
const brokenExitCode = 2;
const usageExitCode = 1;
/** Failures that are printed in full: what the rest fails for is mostly the same. */
const printedFailuresMax = 20;

const print = (line: string) => process.stdout.write(`${line}\n`);

async function runAll(): Promise<void> {
  const told: Told[] = [];
  const all: Cases[] = [];
  let failed = 0;
  for await (const found of casesWanted()) {
    all.push(found);
    for (const each of found.cases) {
      const { failures, shown } = await playCase(each);
      told.push({ each, shown });
      if (failures.length === 0) continue;
      failed += 1;
      if (failed > printedFailuresMax) continue;
      print(`FAILED  ${each.name}`);
      for (const failure of failures) print(`        ${failure}`);
      if (values.bail) break;
    }
    if (values.bail && failed > 0) break;
  }
  for (const line of reportOf(told, all)) print(line);
  print('');
  print(`${told.length - failed} cases held, ${failed} did not`);
  if (failed > 0 || told.length === 0) process.exitCode = brokenExitCode;
}

/** Of each scenario, and only those whose scenario, or whose own name, contains `--only`. */
async function* casesWanted(): AsyncGenerator<Cases> {
  const { only } = values;
  const isNamed = ({ name }: Scenario) => name.includes(only);
  const hasNamed = groupNames.some((group) => groups[group].some(isNamed));
  for (const group of groupNames) {
    if (hasNamed && !groups[group].some(isNamed)) continue;
    for (const each of await surveyOf(groups[group])) {
      if (hasNamed && !isNamed(each.scenario)) continue;
      const found = await casesOf(each);
      const cases = found.cases.filter(({ name }) => name.includes(only));
      if (cases.length > 0) yield { ...found, cases };
    }
  }
}

async function listAll(): Promise<void> {
  for await (const { cases } of casesWanted()) for (const { name } of cases) print(name);
}

async function findCase(wanted: string): Promise<Case | undefined> {
  for (const group of groupNames) {
    if (!groups[group].some(({ name }) => wanted.startsWith(`${name} · `))) continue;
    for (const surveyed of await surveyOf(groups[group])) {
      if (!wanted.startsWith(`${surveyed.scenario.name} · `)) continue;
      const found = (await casesOf(surveyed)).cases.find(({ name }) => name === wanted);
      if (found) return found;
    }
  }
  return undefined;
}

async function runOne(name: string): Promise<void> {
  const each = await findCase(name);
  if (!each) {
    print('there is no case of this name: --list prints them all');
    process.exitCode = usageExitCode;
    return;
  }
  const { failures, history, ending, shown } = await playCase(each);
  for (const line of history()) print(line);
  print('');
  print(`ended    ${ending}`);
  print(`showed   ${shown.join(' ')}`);
  for (const failure of failures) print(`FAILED   ${failure}`);
  if (failures.length > 0) process.exitCode = brokenExitCode;
}

async function writePoints(): Promise<void> {
  for (const group of groupNames) {
    const listed: Listed[] = [];
    for (const surveyed of await surveyOf(groups[group])) {
      const { points } = await casesOf(surveyed);
      listed.push({ surveyed, points });
    }
    await writeListing(group, listingOf(group, listed));
  }
}

if (values.case !== undefined) await runOne(values.case);
else if (values['write-points']) await writePoints();
else if (values.list) await listAll();
else await runAll();
