// `npm run sabotage`: makes one line of the project wrong after the other, each in a copy, and shows which test notices.
// This is how we know that the tests test something.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { startEmbeddedDatabase } from '../shared/mongo/index.ts';
import { type Clock, createSystemClock } from '../shared/runtime/index.ts';
import { bold, dim, green, red, report, yellow } from './console.ts';
import { type Copies, takeCopies } from './sabotage/copies.ts';
import { sabotages } from './sabotage/list.ts';
import { runSuites, type SuiteRun } from './sabotage/run-suite.ts';
import { applyTo, rottenBecause, type Sabotage } from './sabotage/sabotage.ts';
import { type Ending, listLine, liveLine, seconds, table } from './sabotage/screen.ts';

export interface SabotageOptions {
  readonly only?: string;
  readonly list?: boolean;
}

/** A run of tests keeps about one core busy, and two cores are what CI has. */
const parallelMax = 2;

const treeDir = resolve(import.meta.dirname, '..');

/** Returns the exit code: 0 when every sabotage was caught, 2 when one was not, 3 when it cannot be told. */
export async function runSabotage({ only, list }: SabotageOptions): Promise<number> {
  const chosen = sabotages.filter(({ name }) => only === undefined || name === only);
  if (chosen.length === 0) throw new Error(`There is no sabotage "${only}": --list names them.`);
  if (list) {
    for (const sabotage of chosen) report(listLine(sabotage));
    return 0;
  }
  const stopping = new AbortController();
  const stop = () => stopping.abort();
  process.once('SIGINT', stop).once('SIGTERM', stop);
  const rootDir = await mkdtemp(join(tmpdir(), 'twicesafe-sabotage-'));
  try {
    return await runIn(rootDir, chosen, stopping.signal);
  } catch (error) {
    if (!stopping.signal.aborted) throw error;
    report(yellow('stopped'));
    return 3;
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
    await rm(rootDir, { recursive: true, force: true });
  }
}

async function runIn(rootDir: string, chosen: readonly Sabotage[], signal: AbortSignal): Promise<number> {
  const clock = createSystemClock();
  const startedAtMs = clock.nowMs();
  const copies = await takeCopies(treeDir, rootDir);
  if (await isRotten(copies.untouched)) return 3;

  const database = await startEmbeddedDatabase({ dataDir: join(rootDir, 'database'), report, signal });
  try {
    const environment = { ...process.env, MONGODB_URI: database.uri };
    if (!(await isGreen(chosen, { dir: copies.untouched, environment, signal }))) return 3;
    report(dim(`everything is green without a sabotage, ${seconds(clock.nowMs() - startedAtMs)}`));
    const endings = await plantAll(chosen, copies, { environment, signal, clock });
    report('');
    for (const line of table(endings)) report(line);
    return conclude(endings, clock.nowMs() - startedAtMs);
  } finally {
    await database.stop();
  }
}

/** Whether the list no longer fits the code. A sabotage that is skipped would look like one that is caught. */
async function isRotten(dir: string): Promise<boolean> {
  const reasons = await Promise.all(
    sabotages.map(async (sabotage) => ({ sabotage, why: await rottenBecause(sabotage, dir) })),
  );
  const rotten = reasons.filter(({ why }) => why !== undefined);
  for (const { sabotage, why } of rotten) report(red(`${sabotage.name} cannot be applied any more: ${why}`));
  return rotten.length > 0;
}

/** A suite that is red by itself would take every sabotage for caught. */
async function isGreen(chosen: readonly Sabotage[], run: SuiteRun): Promise<boolean> {
  const suites = [...new Set(chosen.flatMap(({ caughtBy }) => caughtBy))];
  report(`${chosen.length} sabotages; first ${suites.length} suites on the untouched copy`);
  const result = await runSuites(suites, run);
  if (result.result === 'green') return true;
  report(red(result.result === 'red' ? `red without a sabotage: ${result.test}` : result.why));
  if (result.result === 'red') report(result.says);
  return false;
}

interface Planting extends Omit<SuiteRun, 'dir'> {
  readonly clock: Clock;
}

async function plantAll(
  chosen: readonly Sabotage[],
  copies: Copies,
  planting: Planting,
): Promise<readonly Ending[]> {
  const endings = new Map<Sabotage, Ending>();
  const next = chosen.values();
  const worker = async () => {
    for (const sabotage of next) {
      const ending = await plant(sabotage, copies, planting);
      endings.set(sabotage, ending);
      report(liveLine(ending, `${String(endings.size).padStart(3)}/${chosen.length}`));
    }
  };
  await Promise.all(Array.from({ length: parallelMax }, worker));
  return chosen.flatMap((sabotage) => endings.get(sabotage) ?? []);
}

function plant(sabotage: Sabotage, copies: Copies, { clock, ...run }: Planting): Promise<Ending> {
  return copies.inCopy(sabotage.name, async (dir) => {
    await applyTo(dir, sabotage);
    const startedAtMs = clock.nowMs();
    for (const suite of sabotage.caughtBy) {
      const result = await runSuites([suite], { dir, ...run });
      const tookMs = clock.nowMs() - startedAtMs;
      if (result.result === 'red')
        return { sabotage, ending: 'caught', by: result.test, says: result.says, tookMs };
      if (result.result === 'broken')
        return { sabotage, ending: 'no verdict', by: `${suite}: ${result.why}`, says: '', tookMs };
    }
    const by = sabotage.caughtBy.join(', ');
    return { sabotage, ending: 'NOT CAUGHT', by, says: '', tookMs: clock.nowMs() - startedAtMs };
  });
}

function conclude(endings: readonly Ending[], tookMs: number): number {
  const count = (wanted: Ending['ending']) => endings.filter(({ ending }) => ending === wanted).length;
  const caught = count('caught');
  const isDone = caught === endings.length;
  report('');
  report(
    (isDone ? green : red)(bold(`${caught} of ${endings.length} sabotages caught`)) +
      dim(`, ${seconds(tookMs)}`),
  );
  if (isDone) return 0;
  return count('NOT CAUGHT') > 0 ? 2 : 3;
}
