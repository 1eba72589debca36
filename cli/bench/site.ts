// Where something is measured: a suite of its own on an empty database, with the goods in it.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SourceName } from '../../shared/mongo/index.ts';
import { freePort } from '../../shared/processes/index.ts';
import type { Addresses } from '../audit/ask.ts';
import { callJson, NotAnsweredError } from '../json-call.ts';
import { type ServiceName, serviceNames } from '../settings.ts';
import { startSuite } from '../suite.ts';
import type { Kept } from '../supervisor.ts';
import { openBooks } from './books.ts';
import type { Watched } from './meter.ts';
import { putGoodsIntoServices } from './seed.ts';

export interface Site {
  readonly addresses: Addresses;
  readonly databaseUri: string;
  readonly databaseSource: SourceName;
  /** In the name of every database of this site; the service's name follows. */
  readonly databasePrefix: string;
  /** Where the embedded database, and nobody else, keeps its files. */
  readonly dataDir: string;
  /** `order`, `inventory`, `payment`, `database`, each with its process now; the database has none where it is not ours. */
  watched(): Watched;
  /** The service ends as it should. */
  stopService(service: ServiceName): Promise<void>;
  /** Resolves when it serves, with how long that took. */
  startService(service: ServiceName): Promise<number>;
  /** Entries in the three journals together. */
  entryCount(): Promise<number>;
  /** Resolves when no saga is open, with how long that took. */
  atRest(): Promise<number>;
  stop(): Promise<void>;
}

export interface SiteOptions {
  readonly environment: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  /** Another way to the same database, for one service. */
  databaseUriOf?(service: ServiceName): string;
}

const lookEveryMs = 10;
/** Within this every saga ends, also on a machine that others use; beyond it something hangs. */
const restMsMax = 120_000;

/** In the folder for temporary files of this machine: no benchmark's data is worth keeping. */
export async function temporaryFolder(): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'twicesafe-bench-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

export async function openSite(options: SiteOptions): Promise<Site> {
  const { environment, signal, databaseUriOf } = options;
  const folder = await temporaryFolder();
  const databasePrefix = `bench_${folder.path.slice(-6)}_`.toLowerCase();
  const opened: (() => Promise<void>)[] = [folder.remove];
  const stop = async () => {
    for (const close of opened.splice(0).reverse()) await close();
  };
  try {
    const services = await Promise.all(
      serviceNames.map(async (service) => ({ name: service, service, port: await freePort() })),
    );
    const suite = await startSuite({
      dataDir: folder.path,
      services,
      restart: 'by-hand',
      // Nobody has to prove who it is: authentication is not what is measured.
      environment: { ...environment, AUTH_TOKENS: '', SERVICE_TOKEN: '', FAILPOINTS: '' },
      environmentOf: ({ service }) => ({
        // Names of its own: MONGODB_URI may be a database in which somebody keeps something.
        MONGODB_DATABASE: `${databasePrefix}${service}`,
        ...(databaseUriOf ? { MONGODB_URI: databaseUriOf(service) } : {}),
      }),
      report: () => undefined,
      signal,
    });
    opened.push(() => suite.stop());
    const books = await openBooks(suite.databaseUri, databasePrefix);
    // Ended after the services, which write to the last. An embedded database goes with its folder; in somebody else's nothing
    // may stay.
    const endBooks = environment['MONGODB_URI'] ? [books.close, books.dropAll] : [books.close];
    opened.splice(1, 0, ...endBooks);

    const of = (service: ServiceName) => suite.addresses.get(service) ?? '';
    const addresses = { order: of('order'), inventory: of('inventory'), payment: of('payment') };
    await putGoodsIntoServices(addresses);
    const kept = (service: ServiceName): Kept => {
      const found = suite.processes.get(service);
      if (!found) throw new Error(`the suite has no process of ${service}`);
      return found;
    };
    const requireAlive = () => {
      const dead = serviceNames.find((service) => kept(service).pid() === undefined);
      if (dead) throw new Error(`The ${dead} service ended in the middle of the benchmark.`);
    };
    return {
      addresses,
      databaseUri: suite.databaseUri,
      databaseSource: suite.databaseSource,
      databasePrefix,
      dataDir: folder.path,
      watched: () =>
        [...suite.processes].flatMap(([name, process]): [string, number][] => {
          const pid = process.pid();
          return pid === undefined ? [] : [[name, pid]];
        }),
      stopService: (service) => kept(service).kill('SIGTERM'),
      async startService(service) {
        const beganAtMs = performance.now();
        await kept(service).start();
        return performance.now() - beganAtMs;
      },
      entryCount: books.entryCount,
      atRest: () => untilAtRest(addresses.order, signal, requireAlive),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function untilAtRest(address: string, signal: AbortSignal, requireAlive: () => void): Promise<number> {
  const beganAtMs = performance.now();
  for (;;) {
    requireAlive();
    const openCount = await openSagas(address);
    const tookMs = performance.now() - beganAtMs;
    if (openCount === 0) return tookMs;
    if (tookMs > restMsMax) {
      throw new Error(`${openCount ?? 'Unknown many'} sagas are still open ${restMsMax} ms after the load.`);
    }
    signal.throwIfAborted();
    await sleep(lookEveryMs);
  }
}

/** Undefined while the service is too busy to say. */
async function openSagas(address: string): Promise<number | undefined> {
  try {
    const request = { limit: 1 };
    const rpc = 'twicesafe.order.v1.OrderService/ListSagas';
    const { totalCount = '0' } = await callJson({ address, rpc, request });
    return Number(totalCount);
  } catch (error) {
    if (error instanceof NotAnsweredError) return undefined;
    throw error;
  }
}
