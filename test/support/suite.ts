// The suite as real processes on free ports, for tests that kill them. It is the one that `twicesafe up` runs; here the
// test decides what dies and when it comes back. Everything is ended when the test file ends.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { ServiceName } from '../../cli/settings.ts';
import { type ServiceProcess, startSuite as startProcesses } from '../../cli/suite.ts';
import { freePort } from '../../shared/processes/index.ts';

export interface TestSuiteOptions {
  /** Kept data to start on; otherwise fresh and deleted afterwards. */
  readonly dataDir?: string;
  /** AUTH_TOKENS of every service; left out: no authentication. */
  readonly authTokens?: string;
  /** The token that the order service uses at the other two. */
  readonly serviceToken?: string;
  /** How many processes of a service; 1 each. The second is called `order-2`. */
  readonly instances?: Partial<Record<ServiceName, number>>;
  /** `by-hand` (the default): what was killed stays down until `restart`. */
  readonly supervision?: 'by-itself' | 'by-hand';
  /** More for one process by its name. FAILPOINTS is for its first life only: restarted, it would die there again. */
  readonly environment?: Readonly<Record<string, NodeJS.ProcessEnv>>;
  /** More for every process, the card provider included, in all its lives. */
  readonly settings?: NodeJS.ProcessEnv;
  readonly entryOf?: (service: ServiceName) => string;
  /** Also the simulated card provider, as process `provider`; orders may then be paid by card. */
  readonly cards?: boolean;
  readonly report?: (line: string) => void;
}

export interface TestSuite {
  readonly databaseUri: string;
  /** `http://127.0.0.1:port` of a process: `order`, `order-2`, … */
  address(name: string): string;
  /** Undefined while it is down. */
  pid(name: string): number | undefined;
  /** kill -9, and waits until it is gone. */
  kill(name: string, signal?: NodeJS.Signals): Promise<void>;
  /** Starts what is down, or kills and starts it; resolves when it serves. `environment` is for this life only. */
  restart(name: string, environment?: NodeJS.ProcessEnv): Promise<void>;
  killDatabase(): Promise<void>;
  restartDatabase(): Promise<void>;
  stop(): Promise<void>;
}

const endings: (() => Promise<void>)[] = [];

afterAll(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

export async function startSuite(options: TestSuiteOptions = {}): Promise<TestSuite> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'twicesafe-suite-')));
  if (!options.dataDir) endings.push(() => rm(dataDir, { recursive: true, force: true }));

  const lived = new Set<string>();
  const nextLives = new Map<string, NodeJS.ProcessEnv>();
  const providerPort = options.cards ? await freePort() : undefined;
  const suite = await startProcesses({
    dataDir,
    services: await placesOf(options.instances ?? {}),
    ...(providerPort === undefined ? {} : { provider: { port: providerPort } }),
    restart: options.supervision ?? 'by-hand',
    environment: {
      ...process.env,
      ...options.settings,
      AUTH_TOKENS: options.authTokens ?? '',
      SERVICE_TOKEN: options.serviceToken ?? '',
    },
    environmentOf({ name }) {
      const firstLife = !lived.has(name);
      lived.add(name);
      const nextLife = nextLives.get(name);
      nextLives.delete(name);
      return { ...options.environment?.[name], ...(firstLife ? {} : { FAILPOINTS: '' }), ...nextLife };
    },
    ...(options.entryOf ? { entryOf: options.entryOf } : {}),
    report: options.report ?? (() => undefined),
    signal: new AbortController().signal,
  });
  endings.push(suite.stop);

  const processOf = (name: string) => {
    const kept = suite.processes.get(name);
    if (!kept) throw new Error(`no process ${name} in this suite`);
    return kept;
  };
  const restart = async (name: string, environment: NodeJS.ProcessEnv = {}) => {
    const kept = processOf(name);
    nextLives.set(name, environment);
    await kept.kill('SIGKILL');
    if (options.supervision === 'by-itself') await kept.up();
    else await kept.start();
  };
  return {
    databaseUri: suite.databaseUri,
    address(name) {
      if (name === 'provider' && providerPort !== undefined) return `http://127.0.0.1:${providerPort}`;
      const address = suite.addresses.get(name);
      if (!address) throw new Error(`no service process ${name} in this suite`);
      return address;
    },
    pid: (name) => processOf(name).pid(),
    kill: (name, signal = 'SIGKILL') => processOf(name).kill(signal),
    restart,
    killDatabase: () => processOf('database').kill('SIGKILL'),
    restartDatabase: () => restart('database'),
    stop: suite.stop,
  };
}

async function placesOf(instances: Partial<Record<ServiceName, number>>): Promise<ServiceProcess[]> {
  const places: ServiceProcess[] = [];
  for (const service of ['order', 'inventory', 'payment'] as const) {
    for (let instance = 1; instance <= (instances[service] ?? 1); instance++) {
      const name = instance === 1 ? service : `${service}-${instance}`;
      places.push({ name, service, port: await freePort() });
    }
  }
  return places;
}
