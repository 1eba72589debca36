// The whole suite on this machine: a database and the services as child processes. Used by `twicesafe up` and by the tests
// that kill processes.

import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type SourceName, startEmbeddedDatabase } from '../shared/mongo/index.ts';
import { endLeftover, forgetChild, recordChild, startChild } from '../shared/processes/index.ts';
import { callJson } from './json-call.ts';
import { serviceEnvironment, serviceNodeOptions } from './node-options.ts';
import { startProviderProcess, usingProvider } from './provider-process.ts';
import { databaseUriFile, portVariables, type ServiceName } from './settings.ts';
import { type Kept, keepRunning, type Running } from './supervisor.ts';

export interface ServiceProcess {
  /** `order`; a second instance has a name of its own, such as `order-2`. */
  readonly name: string;
  readonly service: ServiceName;
  readonly port: number;
}

export interface SuiteOptions {
  readonly dataDir: string;
  readonly services: readonly ServiceProcess[];
  /** Where the simulated card provider is to listen. Without it the payment service uses what `environment` says. */
  readonly provider?: { readonly port: number };
  readonly restart: 'by-itself' | 'by-hand';
  readonly environment: NodeJS.ProcessEnv;
  /** More for one process, such as FAILPOINTS. Asked at every start, so that it can change between two lives. */
  environmentOf?(process: ServiceProcess): NodeJS.ProcessEnv;
  /** Another program instead of the service: for testing the suite itself. */
  entryOf?(service: ServiceName): string;
  report(line: string): void;
  /** Aborting it ends a start that is under way. */
  readonly signal: AbortSignal;
}

export interface Suite {
  readonly databaseUri: string;
  readonly databaseSource: SourceName;
  /** Where each process answers, by name. */
  readonly addresses: ReadonlyMap<string, string>;
  /** `database`, the services and `provider`, by name. */
  readonly processes: ReadonlyMap<string, Kept>;
  /** The order service first, the database last. */
  stop(): Promise<void>;
}

const host = '127.0.0.1';

/** A service connects to the database and finds its journal's tails in this time, on a busy machine too. */
const readyDurationMsMax = 30_000;
const healthPollMs = 25;

/** What the services allow themselves for a graceful stop, and a little for the way. */
const serviceGraceMs = 12_000;

/** The order service calls the other two, so it goes before them: what it began can still be answered. */
const stopsFirst: ServiceName = 'order';

/**
 * Starts everything and resolves when every service says that it serves. What an earlier run left behind in `dataDir` is
 * ended first. When one of them cannot be started, those that were are stopped, and the error says which and why.
 */
export async function startSuite(options: SuiteOptions): Promise<Suite> {
  const dataDir = resolve(options.dataDir);
  await mkdir(dataDir, { recursive: true });
  const kept: Kept[] = [];
  const stop = async () => {
    const groups = [
      kept.filter(({ name }) => serviceOf(name) === stopsFirst),
      kept.filter(({ name }) => name !== 'database' && serviceOf(name) !== stopsFirst),
      kept.filter(({ name }) => name === 'database'),
    ];
    for (const group of groups) await Promise.all(group.map((process) => process.stop()));
  };
  const serviceOf = (name: string) => options.services.find((process) => process.name === name)?.service;
  // A stop during the start must reach those that are up already.
  const keep = async (name: string, start: (signal: AbortSignal) => Promise<Running>) => {
    options.signal.throwIfAborted();
    kept.push(
      await keepRunning({
        name,
        start: (signal) => start(AbortSignal.any([signal, options.signal])),
        restart: options.restart,
        report: options.report,
      }),
    );
  };

  try {
    const { uri: databaseUri, source: databaseSource } = await keepDatabase({ ...options, dataDir }, keep);
    const addresses = new Map(options.services.map(({ name, port }) => [name, `http://${host}:${port}`]));
    const startService = (process: ServiceProcess) =>
      keep(process.name, (signal) => start(process, { ...options, dataDir }, databaseUri, signal));
    const startOfProvider = () => {
      if (!options.provider) return [];
      const paymentPort = options.services.find(({ service }) => service === 'payment')?.port;
      const place = { ...options, host, dataDir, paymentPort, port: options.provider.port };
      return [keep('provider', (signal) => startProviderProcess(place, signal))];
    };
    // All at once: a service answers UNAVAILABLE, and asks again, while one that it calls is not there yet.
    await allOf([...options.services.map(startService), ...startOfProvider()]);
    return {
      databaseUri,
      databaseSource,
      addresses,
      processes: new Map(kept.map((process) => [process.name, process])),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Waits for all of them also when one fails: what is still starting could not be stopped otherwise. */
async function allOf(starts: Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(starts))
    if (result.status === 'rejected') throw result.reason;
}

/** The first start chooses source and port; every later one is at the same place, where its clients look for it. */
async function keepDatabase(
  options: SuiteOptions,
  keep: (name: string, start: (signal: AbortSignal) => Promise<Running>) => Promise<void>,
): Promise<{ uri: string; source: SourceName }> {
  let uri = '';
  let source: SourceName = 'uri';
  let port: number | undefined;
  await keep('database', async (signal) => {
    const database = await startEmbeddedDatabase({
      dataDir: options.dataDir,
      environment: options.environment,
      report: options.report,
      signal,
      ...(port ? { port } : {}),
    });
    ({ uri, source, port } = database);
    // One of MONGODB_URI is known to whoever set it, and may hold a password.
    if (source !== 'uri') await writeFile(join(options.dataDir, databaseUriFile), `${uri}\n`);
    return database;
  });
  return { uri, source };
}

async function start(
  process: ServiceProcess,
  options: SuiteOptions,
  databaseUri: string,
  signal: AbortSignal,
): Promise<Running> {
  const entry =
    options.entryOf?.(process.service) ??
    fileURLToPath(new URL(`../services/${process.service}/main.ts`, import.meta.url));
  const addressOf = (service: ServiceName) => {
    const port = options.services.find((other) => other.service === service)?.port;
    return port === undefined ? {} : { [`${service.toUpperCase()}_ADDRESS`]: `http://${host}:${port}` };
  };
  const recordFile = join(options.dataDir, `${process.name}.process.json`);
  await endLeftover(recordFile);
  const child = await startChild({
    name: process.name,
    command: globalThis.process.execPath,
    args: [...serviceNodeOptions, entry],
    env: {
      ...serviceEnvironment,
      ...options.environment,
      HOST: host,
      [portVariables[process.service]]: String(process.port),
      MONGODB_URI: databaseUri,
      ...addressOf('inventory'),
      ...addressOf('payment'),
      ...(options.provider ? usingProvider({ host, port: options.provider.port }) : {}),
      ...options.environmentOf?.(process),
    },
    logFile: join(options.dataDir, `${process.name}.log`),
    readyLine: / listening on /,
    readyDurationMsMax,
    signal,
  });
  await recordChild(recordFile, child.pid);
  try {
    await untilServing(`http://${host}:${process.port}`, child.exited, signal);
  } catch (error) {
    await child.stop(serviceGraceMs);
    throw error;
  }
  return {
    pid: child.pid,
    exited: child.exited,
    async stop() {
      await child.stop(serviceGraceMs);
      await forgetChild(recordFile);
    },
    kill: (name) => child.signal(name),
  };
}

/** Listening is not serving: the journal's indexes must exist first. The health RPC knows. */
async function untilServing(address: string, exited: Promise<unknown>, signal: AbortSignal): Promise<void> {
  let gone = false;
  void exited.then(() => {
    gone = true;
  });
  const startedAtMs = performance.now();
  while (performance.now() - startedAtMs < readyDurationMsMax) {
    signal.throwIfAborted();
    if (gone) throw new Error(`the service at ${address} ended before it served`);
    const health = await callJson({ address, rpc: 'grpc.health.v1.Health/Check', request: {} }).catch(
      () => undefined,
    );
    if (health?.['status'] === 'SERVING') return;
    await sleep(healthPollMs);
  }
  throw new Error(`the service at ${address} did not serve within ${readyDurationMsMax} ms`);
}
