// The simulated card provider as a child process beside the services, and what they must be told to use it.

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { endLeftover, forgetChild, recordChild, startChild } from '../shared/processes/index.ts';
import type { Running } from './supervisor.ts';

/** The simulator takes no other; nothing of it is secret. */
const apiKey = 'sk_test_simulator';
const webhookSecret = 'whsec_simulator';

/** It reads its books, which are a line for each payment. */
const readyDurationMsMax = 30_000;
const graceMs = 5_000;

export interface ProviderPlace {
  readonly host: string;
  readonly port: number;
  readonly dataDir: string;
  /** Where the payment service takes webhooks. */
  readonly paymentPort: number | undefined;
  readonly environment: NodeJS.ProcessEnv;
}

/** What makes the payment service use the simulator. */
export function usingProvider({ host, port }: { host: string; port: number }): NodeJS.ProcessEnv {
  return {
    STRIPE_API_KEY: apiKey,
    STRIPE_API_ADDRESS: `http://${host}:${port}`,
    STRIPE_WEBHOOK_SECRET: webhookSecret,
    CARD_PAYMENTS: 'true',
  };
}

/** Resolves when it answers. What an earlier run left behind in `dataDir` is ended first; its books are kept. */
export async function startProviderProcess(place: ProviderPlace, signal: AbortSignal): Promise<Running> {
  const { host, port, dataDir, paymentPort, environment } = place;
  const recordFile = join(dataDir, 'provider.process.json');
  await endLeftover(recordFile);
  const child = await startChild({
    name: 'provider',
    command: process.execPath,
    args: [fileURLToPath(new URL('../provider-simulator/main.ts', import.meta.url))],
    env: {
      ...environment,
      PROVIDER_PORT: String(port),
      PROVIDER_API_KEY: apiKey,
      PROVIDER_WEBHOOK_SECRET: webhookSecret,
      PROVIDER_BOOKS_FILE: join(dataDir, 'provider.books'),
      ...(paymentPort === undefined
        ? {}
        : { PROVIDER_WEBHOOK_URL: `http://${host}:${paymentPort}/webhooks/provider` }),
    },
    logFile: join(dataDir, 'provider.log'),
    readyLine: / listening on /,
    readyDurationMsMax,
    signal,
  });
  await recordChild(recordFile, child.pid);
  return {
    pid: child.pid,
    exited: child.exited,
    async stop() {
      await child.stop(graceMs);
      await forgetChild(recordFile);
    },
    kill: (name) => child.signal(name),
  };
}
