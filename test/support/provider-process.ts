// The simulated provider as a process of its own, on books in a fresh folder, that a test can kill and start again.

import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ProviderConfig } from '../../services/payment/config.ts';
import { type Child, startChild } from '../../shared/processes/index.ts';

/** Short times, so that what takes a day at a real provider takes seconds here. */
export const shortTimes = {
  /** The caller gives up before `late` answers. */
  timeoutMs: 500,
  lateMs: 1_200,
  searchLagMs: 100,
  keyLifetimeMs: 1_500,
  arrivalMsMax: 1_000,
  keyForgetMs: 2_500,
} as const;

/** For tests in which nothing is to become too old, on a machine however busy: `startProvider(patientProvider.environment)`. */
export const patientProvider = {
  environment: { PROVIDER_KEY_FORGET_MS: '7200000' },
  times: { timeoutMs: 10_000, keyLifetimeMs: 3_600_000, arrivalMsMax: 3_600_000 },
} as const;

const readyDurationMsMax = 20_000;
const graceMs = 2_000;
const webhookSecret = 'whsec_test';

export interface ProviderBooks {
  readonly payments: readonly {
    readonly id: string;
    readonly status: string;
    readonly taken: number;
    readonly metadata: Readonly<Record<string, string>>;
    readonly refunds: readonly { readonly amount: number; readonly status: string }[];
  }[];
  readonly chargedTwice: readonly string[];
}

export interface ProviderProcess {
  /** What the payment service needs to use it. */
  readonly config: ProviderConfig;
  /** Its books, asked directly; those of one payment of `shop`, or all. */
  books(paymentId?: string): Promise<ProviderBooks>;
  order(path: 'misbehave' | 'rate' | 'webhooks', order: Record<string, unknown>): Promise<void>;
  /** As kill -9 does, and up again at the same address on the same books. */
  killAndRestart(): Promise<void>;
  stop(): Promise<void>;
}

export async function startProvider(environment: NodeJS.ProcessEnv = {}): Promise<ProviderProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'provider-'));
  let port = 0;
  let child: Child;

  async function start(): Promise<void> {
    child = await startChild({
      name: 'provider',
      command: process.execPath,
      args: [fileURLToPath(new URL('../../provider-simulator/main.ts', import.meta.url))],
      env: {
        ...process.env,
        PROVIDER_PORT: String(port),
        PROVIDER_BOOKS_FILE: join(folder, 'provider.books'),
        PROVIDER_LATE_MS: String(shortTimes.lateMs),
        PROVIDER_SEARCH_LAG_MS: String(shortTimes.searchLagMs),
        PROVIDER_KEY_FORGET_MS: String(shortTimes.keyForgetMs),
        PROVIDER_WEBHOOK_SECRET: webhookSecret,
        ...environment,
      },
      logFile: join(folder, 'provider.log'),
      readyLine: /listening on 127\.0\.0\.1:(\d+)/,
      readyDurationMsMax,
    });
    port = Number(child.ready[1]);
  }

  await start();
  const address = `http://127.0.0.1:${port}`;
  return {
    config: {
      apiKey: 'sk_test_simulator',
      apiAddress: address,
      webhookSecret,
      timeoutMs: shortTimes.timeoutMs,
      keyLifetimeMs: shortTimes.keyLifetimeMs,
      arrivalMsMax: shortTimes.arrivalMsMax,
    },
    async books(paymentId) {
      const all = (await (await fetch(`${address}/admin/books`)).json()) as ProviderBooks;
      if (paymentId === undefined) return all;
      const payments = all.payments.filter(
        ({ metadata }) => metadata['payment'] === `payment/shop/${paymentId}`,
      );
      return { ...all, payments };
    },
    async order(path, order) {
      const response = await fetch(`${address}/admin/${path}`, {
        method: 'POST',
        body: JSON.stringify(order),
      });
      if (!response.ok) throw new Error(`the provider refuses the order: ${await response.text()}`);
    },
    async killAndRestart() {
      child.signal('SIGKILL');
      await child.exited;
      await start();
    },
    stop: () => child.stop(graceMs),
  };
}

/** What the provider holds of a payment: how often it was taken, and what is left of it. */
export async function heldBy(provider: ProviderProcess, paymentId: string) {
  const { payments } = await provider.books(paymentId);
  const taken = payments.filter(({ status }) => status === 'succeeded');
  const refunds = taken.flatMap((payment) => payment.refunds).filter(({ status }) => status === 'succeeded');
  const sum = (amounts: readonly number[]) => amounts.reduce((total, amount) => total + amount, 0);
  return {
    chargeCount: taken.length,
    held: sum(taken.map((payment) => payment.taken)) - sum(refunds.map(({ amount }) => amount)),
  };
}
