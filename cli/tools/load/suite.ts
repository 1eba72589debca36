// A suite of our own for a tool that puts load on it: on free ports, with its goods in place, and gone afterwards.

import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../../../shared/processes/index.ts';
import { report } from '../../console.ts';
import { callJson } from '../../json-call.ts';
import { serviceNames } from '../../settings.ts';
import { type Suite, startSuite } from '../../suite.ts';

interface Goods {
  readonly skus: readonly string[];
  readonly accounts: readonly string[];
}

interface Running {
  readonly suite: Suite;
  addressOf(service: (typeof serviceNames)[number]): string;
}

/** More than any load can use up. */
const plenty = '1000000000';

/** Starts one, puts the goods, runs `use`, and stops and removes it whatever became of that. */
export async function withSuite<T>(goods: Goods, use: (running: Running) => Promise<T>): Promise<T> {
  const dataDir = await mkdtemp(join(tmpdir(), 'twicesafe-load-'));
  const services = await Promise.all(
    serviceNames.map(async (name) => ({ name, service: name, port: await freePort() })),
  );
  const suite = await startSuite({
    dataDir,
    services,
    restart: 'by-hand',
    environment: { ...process.env, AUTH_TOKENS: '' },
    report,
    signal: new AbortController().signal,
  });
  try {
    const addressOf = (name: string) => suite.addresses.get(name) ?? '';
    await put(addressOf, goods);
    return await use({ suite, addressOf });
  } finally {
    await suite.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

const run = promisify(execFile);

/** Gives this process the last core and those of the suite the others, with util-linux's taskset. Throws where it cannot. */
export async function keepApart({ processes }: Suite): Promise<void> {
  const cores = availableParallelism();
  if (cores < 2) throw new Error('there is one core only: leave --apart out');
  const move = (pid: number, where: string) =>
    run('taskset', ['--all-tasks', '--cpu-list', '--pid', where, `${pid}`]);
  try {
    await move(process.pid, `${cores - 1}`);
    for (const { pid } of processes.values()) await move(pid() ?? 0, `0-${cores - 2}`);
  } catch (error) {
    throw new Error('--apart needs taskset, of util-linux: leave it out', { cause: error });
  }
}

async function put(addressOf: (name: string) => string, { skus, accounts }: Goods): Promise<void> {
  const price = { amountMinorUnits: '1', currency: 'EUR' };
  for (const sku of skus) {
    const rpc = 'twicesafe.inventory.v1.InventoryService/PutItem';
    const request = { sku, name: sku, price, onHand: plenty };
    await putOne({ address: addressOf('inventory'), rpc, request, requestId: `load:item:${sku}` });
  }
  for (const accountId of accounts) {
    const rpc = 'twicesafe.payment.v1.PaymentService/OpenAccount';
    const request = { accountId, openingBalance: { ...price, amountMinorUnits: plenty } };
    await putOne({ address: addressOf('payment'), rpc, request, requestId: `load:account:${accountId}` });
  }
}

async function putOne(call: Parameters<typeof callJson>[0]): Promise<void> {
  const { refusal } = await callJson(call);
  if (refusal) throw new Error(refusal);
}
