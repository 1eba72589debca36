import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test, vi } from 'vitest';
import { callJson } from '../../cli/json-call.ts';
import { startSuite, type TestSuiteOptions } from '../support/suite.ts';

// What is under test is the suite, not the services: a stand-in that answers health is enough.
const fakeServices: TestSuiteOptions = {
  entryOf: () => fileURLToPath(new URL('../support/fake-service.ts', import.meta.url)),
  environment: {
    order: { FAKE_SERVICE: 'order' },
    'order-2': { FAKE_SERVICE: 'order' },
    inventory: { FAKE_SERVICE: 'inventory' },
    payment: { FAKE_SERVICE: 'payment' },
  },
};

function startFakes(options: TestSuiteOptions = {}) {
  return startSuite({ ...fakeServices, ...options });
}

async function environmentOf(address: string): Promise<Record<string, string>> {
  const answer = await callJson({ address, rpc: 'grpc.health.v1.Health/Check', request: {} });
  return answer['environment'] as Record<string, string>;
}

async function childrenOfThisProcess(): Promise<string[]> {
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'ppid=,pid=,args=']);
  const mine = stdout.split('\n').filter((line) => line.trim().startsWith(`${process.pid} `));
  // The ps that answers is a child itself.
  return mine.filter((line) => !line.includes(' ps '));
}

test('the order service is told where the other two are, and each process where the database is', async () => {
  const suite = await startFakes({ instances: { order: 2 } });
  onTestFinished(suite.stop);

  const second = await environmentOf(suite.address('order-2'));
  expect(second).toMatchObject({
    HOST: '127.0.0.1',
    MONGODB_URI: suite.databaseUri,
    INVENTORY_ADDRESS: suite.address('inventory'),
    PAYMENT_ADDRESS: suite.address('payment'),
  });
});

test('a service that is killed is down until it is restarted, and then at the same address', async () => {
  const suite = await startFakes();
  onTestFinished(suite.stop);
  const before = suite.pid('payment');
  const address = suite.address('payment');

  await suite.kill('payment');
  expect(suite.pid('payment')).toBeUndefined();
  await expect(environmentOf(address)).rejects.toThrow('was not answered');

  await suite.restart('payment');
  expect(suite.pid('payment')).not.toBe(before);
  expect(suite.address('payment')).toBe(address);
  expect(await environmentOf(address)).toMatchObject({ HOST: '127.0.0.1' });
});

test('under supervision a killed service and a killed database come back, each with one line that says so', async () => {
  const lines: string[] = [];
  const suite = await startFakes({ supervision: 'by-itself', report: (line) => lines.push(line) });
  onTestFinished(suite.stop);

  const inventory = suite.pid('inventory');
  await suite.kill('inventory');
  await vi.waitFor(() => expect(suite.pid('inventory')).toBeGreaterThan(0), 10_000);
  const database = suite.pid('database');
  await suite.killDatabase();
  await vi.waitFor(() => expect(suite.pid('database')).toBeGreaterThan(0), 10_000);

  await vi.waitFor(() => expect(lines).toHaveLength(2));
  expect(lines[0]).toMatch(
    /^inventory \(pid \d+\) was killed by SIGKILL; ready again after \d\.\d s \(pid \d+\)$/,
  );
  expect(lines[0]).toContain(`(pid ${inventory}) was`);
  expect(lines[1]).toMatch(
    /^database \(pid \d+\) was killed by SIGKILL; ready again after \d\.\d s \(pid \d+\)$/,
  );
  expect(lines[1]).toContain(`(pid ${database}) was`);
});

test('a service that cannot start ends the whole start with its own last sentence, and leaves nothing running', async () => {
  const starting = startFakes({
    environment: { ...fakeServices.environment, payment: { FAKE_PROBLEM: 'PAYMENT_PORT is wrong.' } },
  });

  await expect(starting).rejects.toThrow(
    'payment ended with code 1 before it was ready: PAYMENT_PORT is wrong.',
  );
  expect(await childrenOfThisProcess()).toEqual([]);
});

test('nothing is left running after a stop, and the data stays', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'twicesafe-stop-'));
  onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
  const suite = await startFakes({ dataDir });
  const pids = ['database', 'order', 'inventory', 'payment'].map((name) => suite.pid(name) ?? 0);

  await suite.stop();

  for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  expect(await readdir(dataDir)).toContain('database-source');
});
