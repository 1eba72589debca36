import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { BenchReport } from '../../cli/bench/report/report.ts';
import { freshDatabase } from '../support/database.ts';

// `twicesafe bench` as a person or a pipeline runs it. What it measures here is nothing to believe: the test machine does other
// things, and a second is short. So no time is expected, only that everything is measured, kept and said.

const launcher = fileURLToPath(new URL('../../cli/twicesafe.mjs', import.meta.url));
/** Half a minute where nobody else is at work. It starts processes again and again, and they start slowly on a busy machine. */
const benchMsMax = 400_000;
vi.setConfig({ testTimeout: benchMsMax + 10_000 });

let outDir: string;
let file: string;

beforeAll(async () => {
  outDir = await mkdtemp(join(tmpdir(), 'twicesafe-bench-test-'));
  file = join(outDir, 'bench.json');
});

afterAll(async () => {
  await rm(outDir, { recursive: true, force: true });
});

interface Ended {
  readonly code: number;
  readonly screen: string;
  readonly problem: string;
}

function bench(...options: string[]): Promise<Ended> {
  return benchAt(process.env, ...options);
}

function benchAt(env: NodeJS.ProcessEnv, ...options: string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const args = [launcher, 'bench', ...options];
    execFile(process.execPath, args, { timeout: benchMsMax, env }, (error, screen, problem) => {
      if (error?.killed) return reject(new Error(`the benchmark did not end:\n${screen}${problem}`));
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, screen, problem });
    });
  });
}

async function read(): Promise<BenchReport> {
  return JSON.parse(await readFile(file, 'utf8')) as BenchReport;
}

function measured({ figures }: BenchReport): string[] {
  return figures.filter(({ values }) => values.length > 0).map(({ id }) => id);
}

const size = ['--rounds', '1', '--seconds', '1', '--grow', '120'];

test('growth is measured on a database that the services take for their own, and not taken for a million orders', async () => {
  const { code, screen, problem } = await bench(...size, '--only', 'grow', '--json', file);
  expect(problem).toBe('');
  const report = await read();
  expect(measured(report)).toEqual([
    'memory',
    'memory-growth',
    'grown-rate',
    'grown-cold-rate',
    'grown-start',
    'stream-append',
    'stream-find-key',
    'stream-read-state',
  ]);
  expect(report.grown?.asked).toEqual({ count: 100, replayed: 100 });
  expect(report.grown?.audit).toMatchObject({ asked: true, findings: 0 });
  expect(report.grown?.served).toBeGreaterThanOrEqual(12);
  expect(report.figures.find(({ id }) => id === 'memory')).toMatchObject({
    verdict: 'not measured',
    why: '120 of 1000000 orders',
  });
  expect(screen).toContain('not measured: 120 of 1000000 orders');
  expect(code).toBe(1);
});

const ofRounds =
  'insert-small,insert-entry,alone,echo,closed-32,bare-32,repeats,old-repeats,mix,closed-128,hot-128,bare-128,inserts';

test('a round measures every other figure, keeps every value, and ends in a table and a page', async () => {
  const page = join(outDir, 'bench.html');
  const { code, screen, problem } = await bench(...size, '--only', ofRounds, '--json', file, '--html', page);
  expect(problem).toBe('');
  const report = await read();
  expect(report).toMatchObject({ schema: 'twicesafe-bench-report', version: 1, exitCode: 1 });
  expect(report.machine.cores).toBeGreaterThan(0);
  expect(report.options).toMatchObject({ rounds: 1, seconds: 1, measured: ofRounds.split(',') });
  expect(measured(report)).toEqual([
    'orders-32',
    'orders-128',
    'p50-32',
    'p99-32',
    'alone-p50',
    'alone-inserts',
    'hot-share',
    'repeats',
    'old-repeats',
    'mix-goodput',
    'inserts',
    'documents-32',
    'bare-share-32',
    'bare-share-128',
  ]);
  expect(report.rounds).toHaveLength(1);
  // Each answer waited for an insert of its own order at each service at least.
  expect(report.inserts?.chains).toHaveLength(20);
  for (const chain of report.inserts?.chains ?? []) {
    expect(new Set(chain)).toEqual(new Set(['order', 'inventory', 'payment']));
  }
  expect(report.audit).toMatchObject({ asked: true, findings: 0 });
  expect(screen).toContain('orders/s, 32 in flight');
  expect(code).toBe(1);
  const html = await readFile(page, 'utf8');
  expect(html).toContain('orders/s, 32 in flight');
  // Self-contained: nothing in it is loaded from anywhere.
  expect(html).not.toMatch(/<script|(?:src|href)=["'](?!data:)/);
});

test('a benchmark says what changed since another one', async () => {
  const { code, screen } = await bench(
    '--rounds',
    '1',
    '--seconds',
    '1',
    '--only',
    'closed-32',
    '--compare',
    file,
  );
  expect(screen).toContain(`compared with ${file}`);
  expect(screen).toMatch(/orders\/s, 32 in flight .* cannot tell/);
  expect(code).toBe(1);
});

test('a benchmark that cannot run says why in one sentence and exits with 3', async () => {
  const unknown = await bench('--only', 'closed-33');
  expect(unknown.code).toBe(3);
  expect(unknown.problem).toContain('There is no measurement "closed-33"; --only takes some of');

  const other = join(outDir, 'other.json');
  await writeFile(other, '{"schema":"twicesafe-storm-report","version":1}');
  const mistaken = await bench('--compare', other);
  expect(mistaken.code).toBe(3);
  expect(mistaken.problem).toContain('--compare needs a twicesafe-bench-report of version 1');

  const nowhere = await bench('--compare', join(outDir, 'nothing.json'));
  expect(nowhere.code).toBe(3);
  expect(nowhere.problem).toContain('give it a file that --json wrote.');
});

test('in a database that somebody else keeps, nothing of a benchmark stays', async () => {
  const { db, uri } = await freshDatabase();
  const benchNames = async () => {
    const { databases } = await db.admin().listDatabases({ nameOnly: true });
    return databases.map(({ name }) => name).filter((name) => name.startsWith('bench_'));
  };
  const before = await benchNames();
  const { code, screen, problem } = await benchAt(
    { ...process.env, MONGODB_URI: uri },
    '--rounds',
    '1',
    '--seconds',
    '1',
    '--only',
    'insert-entry,alone,bare-32,inserts',
  );
  expect(problem).toBe('');
  expect(screen).toContain('inserts one after the other before the answer');
  expect(code).toBe(1);
  expect(await benchNames()).toEqual(before);
});
