// Runs suites in a copy of the tree and says which test turned red. It knows no sabotage.

import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Suite } from './sabotage.ts';

export type SuiteResult =
  | { readonly result: 'green' }
  /** `test` noticed, and this is the first line of what it said. */
  | { readonly result: 'red'; readonly test: string; readonly says: string }
  /** It came to no verdict on the code: that proves nothing, neither way. */
  | { readonly result: 'broken'; readonly why: string };

export interface SuiteRun {
  readonly dir: string;
  /** With `MONGODB_URI`: the database that all runs share, each test in one of its own. */
  readonly environment: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

/** A bug that a seed of these does not show is found by another suite, or by nobody. Some ten seconds on a core. */
export const simulationSeeds = 100;

/** A sabotage may let a test wait for ever. No test that is named in the list takes a tenth of this. */
const testDurationMsMax = 20_000;

/** One run, on a machine that does other things too. What takes longer hangs. */
const runDurationMsMax = 240_000;

/** Kept of a run's output, to say why it came to no verdict. */
const outputCharsMax = 200_000;

/** All of `suites` together, until the first test that is red. */
export async function runSuites(suites: readonly Suite[], run: SuiteRun): Promise<SuiteResult> {
  const files = suites.filter((suite) => suite !== 'simulation');
  const tested: SuiteResult = files.length > 0 ? await runTests(files, run) : { result: 'green' };
  return tested.result === 'green' && suites.includes('simulation') ? runSimulation(run) : tested;
}

interface TestReport {
  readonly success: boolean;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages: readonly string[] | null;
    }[];
  }[];
}

async function runTests(files: readonly string[], run: SuiteRun): Promise<SuiteResult> {
  const reportFile = join(run.dir, 'sabotage-report.json');
  const options = [
    ...['--bail', '1', '--testTimeout', String(testDurationMsMax)],
    // The caches are kept in node_modules, which all copies share with the tree.
    ...['--no-cache', '--no-fsModuleCache'],
    ...['--reporter', 'json', '--outputFile', reportFile],
  ];
  const { code, output } = await runNode(
    ['node_modules/vitest/vitest.mjs', 'run', ...files, ...options],
    run,
  );
  const text = await readFile(reportFile, 'utf8').catch(() => undefined);
  if (text === undefined) return { result: 'broken', why: lastLineOf(output) || `ended with code ${code}` };
  const { success, testResults } = JSON.parse(text) as TestReport;
  for (const { name, status, message, assertionResults } of testResults) {
    if (status !== 'failed' || assertionResults.length === 0) continue;
    const file = name.slice(name.lastIndexOf('test/'));
    const failed = assertionResults.find((test) => test.status === 'failed');
    // Without a failed test it is what the file expects after all of its tests.
    const test = failed ? `${file}: ${failed.fullName}` : `${file}, at its end`;
    return { result: 'red', test, says: firstLineOf(failed?.failureMessages?.[0] ?? message) };
  }
  if (success && code === 0) return { result: 'green' };
  // A file that cannot even be loaded tests nothing: a sabotage that does not parse is no sabotage.
  const message = testResults.find((file) => file.message !== '')?.message ?? lastLineOf(output);
  return { result: 'broken', why: firstLineOf(message) };
}

async function runSimulation(run: SuiteRun): Promise<SuiteResult> {
  const args = ['test/simulation/main.ts', '--no-shrink', '--seeds', String(simulationSeeds)];
  const { code, output } = await runNode(args, run);
  if (code === 0) return { result: 'green' };
  const says = /^FAILED {2}(.*)$/m.exec(output)?.[1];
  const seed = /^seed (\d+)/m.exec(output)?.[1];
  if (says === undefined || seed === undefined)
    return { result: 'broken', why: lastLineOf(output) || `ended with code ${code}` };
  return { result: 'red', test: `simulation, seed ${seed}`, says };
}

function runNode(args: readonly string[], run: SuiteRun): Promise<{ code: number | null; output: string }> {
  const { dir, environment, signal } = run;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      cwd: dir,
      // As above: what Node keeps of each copy's compiled code would stay in the tree's node_modules.
      env: { ...environment, NODE_DISABLE_COMPILE_CACHE: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: runDurationMsMax,
      signal,
    });
    let output = '';
    const keep = (part: Buffer) => {
      output = (output + part.toString()).slice(-outputCharsMax);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
}

const firstLineOf = (text: string): string => text.trim().split('\n', 1)[0] ?? '';
const lastLineOf = (text: string): string => text.trim().split('\n').at(-1) ?? '';
