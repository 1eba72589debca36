import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { StormReport } from '../../cli/storm/report/report.ts';
import { startLyingShop } from '../support/lying-shop.ts';
import { startSuite } from '../support/suite.ts';

// `twicesafe storm` as a person or a pipeline runs it: a command with an exit code, a screen and three files.

const launcher = fileURLToPath(new URL('../../cli/twicesafe.mjs', import.meta.url));
/** Start, load, rest and checks, on a machine with two busy cores. */
const stormMsMax = 170_000;

let outDir: string;

beforeAll(async () => {
  outDir = await mkdtemp(join(tmpdir(), 'twicesafe-storm-test-'));
});

afterAll(async () => {
  await rm(outDir, { recursive: true, force: true });
});

interface Ended {
  readonly code: number;
  readonly screen: string;
  readonly report: StormReport;
}

function storm(...options: string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const args = [launcher, 'storm', '--out', outDir, ...options];
    execFile(process.execPath, args, { timeout: stormMsMax }, async (error, screen, problem) => {
      if (error?.killed) return reject(new Error(`the storm did not end:\n${screen}${problem}`));
      try {
        const report = JSON.parse(await readFile(join(outDir, 'report.json'), 'utf8')) as StormReport;
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, screen, report });
      } catch {
        reject(new Error(`the storm left no report:\n${screen}${problem}`));
      }
    });
  });
}

/** Against a shop that is asked gently: no losses and no kills, so that a lie is all that there is to find. */
async function stormAt(chargesTwice: boolean): Promise<Ended> {
  const shop = await startLyingShop({ chargesTwice });
  try {
    const { address } = shop;
    const at = ['--order', address, '--inventory', address, '--payment', address];
    const gently = ['--drop', '0', '--impatient', '0', '--cancel', '0', '--mismatch', '0', '--late', '1s'];
    return await storm(
      ...at,
      ...gently,
      '--in-flight',
      '4',
      '--calls',
      '600',
      '--duration',
      '10s',
      '--seed',
      '3',
    );
  } finally {
    await shop.stop();
  }
}

test('a storm on the real suite, with a process killed and one paused past its orders’ deadline, ends well', async () => {
  const { code, screen, report } = await storm(
    '--duration',
    '16s',
    '--in-flight',
    '8',
    '--kill-every',
    '5s',
    '--order-deadline',
    '2s',
    '--seed',
    '1',
  );

  expect(report.verdict.findings).toEqual([]);
  expect(report.verdict.counts).toEqual({ 'charged twice': 0, 'sold twice': 0, lost: 0, lied: 0 });
  expect(report.struck.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['kill', 'pause']));
  expect(report.load.counts.duplicates).toBeGreaterThan(0);
  expect(report.load.lostCount).toBeGreaterThan(0);
  expect(report.history.lineCount).toBeGreaterThan(report.load.counts.calls);
  expect(screen).toContain('Nothing was charged twice, sold twice, lost or lied about.');
  expect(code).toBe(0);
  const page = await readFile(join(outDir, 'report.html'), 'utf8');
  // Self-contained: nothing in it is loaded from anywhere.
  expect(page).toContain('uPlot');
  expect(page).not.toMatch(/(?:src|href)=["'](?!data:)/);
});

test('a storm with cards, whose provider fails and is killed as well, ends with books that say the same', async () => {
  const { code, screen, report } = await storm(
    ...['--cards', '--provider-faults', '0.2', '--duration', '16s', '--in-flight', '8'],
    ...['--kill-every', '2s', '--seed', '2'],
  );

  expect(report.verdict.findings).toEqual([]);
  const { cards } = report;
  expect(cards?.counts).toEqual({ chargedTwice: 0, keptForNothing: 0, notCharged: 0, withoutOrder: 0 });
  expect(cards?.compared.differences).toEqual([]);
  expect(cards?.sums.confirmedCount).toBeGreaterThan(0);
  expect(BigInt(cards?.sums.taken ?? 0) - BigInt(cards?.sums.givenBack ?? 0)).toBe(
    BigInt(cards?.sums.owed ?? -1),
  );
  expect(Object.keys(cards?.provider.misbehaved ?? {}).length).toBeGreaterThan(4);
  expect(report.struck.map(({ target }) => target)).toContain('provider');
  expect(screen).toMatch(/charged twice at the provider: +0/);
  expect(code).toBeLessThan(2);
});

test('a second charge that somebody makes at the provider under an order’s name is found there', async () => {
  const suite = await startSuite({ cards: true });
  const provider = suite.address('provider');
  const at = ['order', 'inventory', 'payment'].flatMap((name) => [`--${name}`, suite.address(name)]);
  const storming = storm(...at, '--provider', provider, '--cards', '--in-flight', '4', '--duration', '6s');
  await chargeAgain(provider);
  const { code, screen, report } = await storming;

  expect(code).toBe(2);
  expect(screen).toMatch(/charged twice at the provider: +1/);
  expect(report.cards?.counts).toEqual({
    chargedTwice: 1,
    keptForNothing: 0,
    notCharged: 0,
    withoutOrder: 0,
  });
  expect(report.cards?.compared.differences.map(({ kind }) => kind)).toEqual(['charged_twice']);
  expect(report.verdict.counts['charged twice']).toBeGreaterThan(0);
  expect(report.verdict.findings.map(({ invariant }) => invariant)).toEqual(
    expect.arrayContaining(['cards', 'books']),
  );
});

/** The first charge in its books once more, under another key. */
async function chargeAgain(provider: string): Promise<void> {
  const charged = async () => {
    const { payments } = (await (await fetch(`${provider}/admin/books`)).json()) as {
      payments: { taken: number; metadata: Record<string, string> }[];
    };
    return payments.find(({ taken }) => taken > 0);
  };
  const first = await vi.waitUntil(charged, { timeout: 30_000, interval: 50 });
  const form = new URLSearchParams({
    amount: String(first.taken),
    currency: 'eur',
    confirm: 'true',
    payment_method: 'pm_card_visa',
    'metadata[payment]': first.metadata['payment'] ?? '',
    'metadata[charge]': 'somebody-else',
  });
  const headers = { authorization: 'Bearer sk_test_simulator', 'idempotency-key': 'somebody-else' };
  const response = await fetch(`${provider}/v1/payment_intents`, { method: 'POST', body: form, headers });
  expect(response.status).toBe(200);
}

test('a shop that charges each duplicate again, and says in its audit that all is well, is found out', async () => {
  const { code, screen, report } = await stormAt(true);
  expect(code).toBe(2);
  expect(report.verdict.counts['charged twice']).toBeGreaterThan(0);
  expect(
    report.verdict.findings.every(({ invariant, foundBy }) => invariant === 'I2' && foundBy === 'history'),
  ).toBe(true);
  expect(screen).toContain('An invariant is broken.');
});

test('the same shop without the lie passes', async () => {
  const { code, report } = await stormAt(false);
  expect(report.verdict.findings).toEqual([]);
  expect(code).toBe(0);
});

test('a storm that cannot run says why in one sentence, leaves no earlier storm’s report, and exits with 3', async () => {
  const reports = ['report.json', 'report.html'].map((name) => join(outDir, name));
  for (const file of reports) await writeFile(file, '{}');
  const nobody = 'http://127.0.0.1:9';
  const ended = new Promise<{ code: number; problem: string }>((resolve) => {
    const args = [
      launcher,
      'storm',
      '--out',
      outDir,
      '--order',
      nobody,
      '--inventory',
      nobody,
      '--payment',
      nobody,
    ];
    execFile(process.execPath, args, (error, _screen, problem) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, problem }),
    );
  });
  const { code, problem } = await ended;
  expect(code).toBe(3);
  expect(problem).toContain("The storm's goods could not be put in: PutItem was unknown, NO_CONNECTION.");
  expect(reports.filter(existsSync)).toEqual([]);
});
