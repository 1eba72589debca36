import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { callJson } from '../../cli/json-call.ts';
import { freePort } from '../../shared/processes/index.ts';

// `twicesafe up` as a person meets it: what it prints is pasted into a shell. The tests go on from one another.

const launcher = fileURLToPath(new URL('../../cli/twicesafe.mjs', import.meta.url));
const projectDir = fileURLToPath(new URL('../../', import.meta.url));
/** Start, on a machine with two busy cores. */
const readyDurationMsMax = 60_000;

let environment: NodeJS.ProcessEnv;
let up: { child: ChildProcess; output: () => string; ended: Promise<number | null> };

function startUp(): typeof up {
  // In a session of its own, as a terminal has it: a signal to its group is a Ctrl-C.
  const child = spawn(process.execPath, [launcher, 'up'], { env: environment, detached: true });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data));
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return { child, output: () => output, ended };
}

async function untilReady(): Promise<void> {
  const ready = vi.waitFor(
    () => expect(up.output()).toContain('Ctrl-C stops everything'),
    readyDurationMsMax,
  );
  const endedFirst = up.ended.then((code) => {
    throw new Error(`up ended with code ${code}:\n${up.output()}`);
  });
  await Promise.race([ready, endedFirst]);
}

function printedLine(beginning: string): string {
  const line = up
    .output()
    .split('\n')
    .find((candidate) => candidate.startsWith(beginning));
  if (!line) throw new Error(`no line begins with ${beginning} in:\n${up.output()}`);
  return line;
}

async function paste(line: string): Promise<string> {
  const { stdout } = await promisify(execFile)('bash', ['-c', line], { cwd: projectDir });
  return stdout;
}

async function isInstalled(command: string): Promise<boolean> {
  return promisify(execFile)('bash', ['-c', `command -v ${command}`]).then(
    () => true,
    () => false,
  );
}

async function balanceOfDemo(): Promise<unknown> {
  const { account } = await callJson({
    address: `http://127.0.0.1:${environment['PAYMENT_PORT']}`,
    rpc: 'twicesafe.payment.v1.PaymentService/GetAccount',
    request: { accountId: 'demo' },
  });
  return (account as { balance: unknown }).balance;
}

beforeAll(async () => {
  environment = {
    ...process.env,
    NO_COLOR: '1',
    DATA_DIR: await mkdtemp(join(tmpdir(), 'twicesafe-up-')),
    ORDER_PORT: String(await freePort()),
    INVENTORY_PORT: String(await freePort()),
    PAYMENT_PORT: String(await freePort()),
    PROVIDER_PORT: String(await freePort()),
  };
  up = startUp();
  await untilReady();
});

afterAll(async () => {
  up.child.kill('SIGTERM');
  await up.ended;
  await rm(environment['DATA_DIR'] ?? '', { recursive: true, force: true });
});

test('each printed line works as pasted, and all of them are one order', async () => {
  const answers = [await paste(printedLine('curl ')), await paste(printedLine('npx buf curl '))];
  if (await isInstalled('grpcurl')) answers.push(await paste(printedLine('grpcurl -plaintext ')));

  const ids = answers.map((answer) => /"orderId":\s*"([^"]+)"/.exec(answer)?.[1]);
  expect(new Set(ids).size).toBe(1);
  expect(ids[0]).toMatch(/^[0-9a-f]{32}$/);
  expect(await paste(printedLine('curl '))).toContain('idempotency-replayed: true');
  expect(await balanceOfDemo()).toEqual({ amountMinorUnits: '99100', currency: 'EUR' });
});

test('a service that is killed comes back by itself and knows the order', async () => {
  const pid = Number(/kill -9 (\d+)/.exec(up.output())?.[1]);
  process.kill(pid, 'SIGKILL');
  await vi.waitFor(
    () => expect(up.output()).toContain(`order (pid ${pid}) was killed by SIGKILL; ready again after`),
    readyDurationMsMax,
  );

  expect(await paste(printedLine('curl '))).toContain('idempotency-replayed: true');
  expect(await balanceOfDemo()).toEqual({ amountMinorUnits: '99100', currency: 'EUR' });
});

test('a second one on the same data, or on the same ports, is refused with one sentence', async () => {
  const { stderr: sameData } = await failingUp(environment);
  expect(sameData).toBe(
    `twicesafe is running on ${environment['DATA_DIR']} already (process ${up.child.pid}); stop that one, or set another DATA_DIR and other ports.\n`,
  );

  const { stderr: samePorts } = await failingUp({
    ...environment,
    DATA_DIR: join(tmpdir(), 'twicesafe-up-other'),
  });
  expect(samePorts).toBe(
    `Port ${environment['ORDER_PORT']} is taken, and the order service needs it; stop what listens there, or set ORDER_PORT to another port.\n`,
  );
});

test('after a kill -9 of the command itself, the next start ends what was left over and finds the data', async () => {
  up.child.kill('SIGKILL');
  await up.ended;
  up = startUp();
  await untilReady();

  expect(up.output()).toContain('that an earlier run had left behind');
  expect(await balanceOfDemo()).toEqual({ amountMinorUnits: '99100', currency: 'EUR' });
});

test('a Ctrl-C stops everything, quietly, with exit code 0', async () => {
  const before = up.output();
  process.kill(-(up.child.pid ?? 0), 'SIGINT');

  expect(await up.ended).toBe(0);
  expect(up.output().slice(before.length)).toBe('stopping; the data stays\n');
  await expect(balanceOfDemo()).rejects.toThrow('was not answered');
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'args=']);
  expect(stdout).not.toContain(environment['DATA_DIR']);
});

async function failingUp(env: NodeJS.ProcessEnv): Promise<{ code: number; stderr: string }> {
  return promisify(execFile)(process.execPath, [launcher, 'up'], { env }).then(
    () => {
      throw new Error('it started');
    },
    (error) => error,
  );
}
