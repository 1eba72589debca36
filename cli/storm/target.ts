// What a storm falls upon: a suite that it starts itself and may kill, or the addresses of somebody else's. Either way with
// a lossy way to each process beside the straight one.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../shared/processes/index.ts';
import type { Addresses } from '../audit/ask.ts';
import type { ServiceName } from '../settings.ts';
import { type ServiceProcess, type Suite, startSuite } from '../suite.ts';
import type { Kept } from '../supervisor.ts';
import { type Loss, type LossyWay, openProxy } from './faults/proxy.ts';
import type { CallerIdentity, Instance } from './load/messages.ts';
import type { StormOptions } from './options.ts';
import { controlProvider, type ProviderControl } from './provider/control.ts';
import { providerSettings } from './provider/settings.ts';

export interface Target {
  readonly instances: readonly Instance[];
  readonly callers: readonly CallerIdentity[];
  readonly operator: CallerIdentity;
  /** For the audit. */
  readonly addresses: Addresses;
  /** Undefined: not ours to kill. */
  readonly processes: ReadonlyMap<string, Kept> | undefined;
  /** Undefined: nobody pays by card. */
  readonly provider: ProviderControl | undefined;
  /** Answers that were made and never arrived. */
  lostCount(): number;
  stop(): Promise<void>;
}

export interface TargetOptions {
  readonly options: StormOptions;
  readonly seed: number;
  readonly environment: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  report(line: string): void;
}

const losses: readonly Loss[] = ['reset', 'silent', 'cut'];

export async function openTarget(target: TargetOptions): Promise<Target> {
  return target.options.addresses ? somebodyElses(target) : itsOwn(target);
}

/** Two callers and the services have tokens of their own, as in a deployment. They guard nothing: the data is thrown away. */
const ownTokens = {
  callers: ['storm-token-a', 'storm-token-b'],
  operator: 'storm-token-operator',
  service: 'storm-token-service',
};

async function itsOwn({ options, seed, environment, signal, report }: TargetOptions): Promise<Target> {
  const dataDir = await mkdtemp(join(tmpdir(), 'twicesafe-storm-'));
  const removeData = () => rm(dataDir, { recursive: true, force: true });
  const providerPort = options.cards && (await freePort());
  let suite: Suite;
  try {
    suite = await startSuite({
      dataDir,
      services: await placesOf(options.orderProcesses),
      ...(providerPort === undefined ? {} : { provider: { port: providerPort } }),
      restart: 'by-itself',
      environment: {
        ...environment,
        AUTH_TOKENS: `storm-token-a=caller-a,storm-token-b=caller-b,${ownTokens.operator}=operator:operator,${ownTokens.service}=order-service:saga`,
        SERVICE_TOKEN: ownTokens.service,
        ORDER_DEADLINE_MS: String(options.orderDeadlineMs),
        FAILPOINTS: '',
        ...(options.cards ? providerSettings(options.cards, seed) : {}),
      },
      report,
      signal,
    });
  } catch (error) {
    await removeData();
    throw error;
  }
  const places = [...suite.addresses].map(([name, address]) => ({ name, address, service: serviceOf(name) }));
  const { instances, lostCount, close } = await withLosses(places);
  const provider =
    providerPort === undefined
      ? undefined
      : await controlProvider({ address: `http://127.0.0.1:${providerPort}`, faults: undefined });
  return {
    instances,
    lostCount,
    provider,
    callers: [
      { name: 'caller-a', token: 'storm-token-a' },
      { name: 'caller-b', token: 'storm-token-b' },
    ],
    operator: { name: 'operator', token: ownTokens.operator },
    addresses: auditAddresses(instances, ownTokens.operator),
    processes: suite.processes,
    async stop() {
      provider?.stop();
      await close();
      await suite.stop();
      await removeData();
    },
  };
}

async function somebodyElses({ options, seed }: TargetOptions): Promise<Target> {
  const { addresses, callerTokens, operatorToken, cards } = options;
  if (!addresses) throw new Error('no addresses');
  const order = addresses.order.map((address, index) => ({
    name: index === 0 ? 'order' : `order-${index + 1}`,
    service: 'order' as const,
    address,
  }));
  const { instances, lostCount, close } = await withLosses([
    ...order,
    { name: 'inventory', service: 'inventory', address: addresses.inventory },
    { name: 'payment', service: 'payment', address: addresses.payment },
  ]);
  const address = cards?.providerAddress;
  const provider =
    cards && address
      ? await controlProvider({ address, faults: { rate: cards.faultShare, seed } })
      : undefined;
  const callers = callerTokens.map((token, index) => ({ name: `caller-${index + 1}`, token }));
  return {
    instances,
    lostCount,
    callers: callers.length > 0 ? callers : [{ name: 'anonymous', token: operatorToken }],
    operator: { name: 'operator', token: operatorToken },
    addresses: auditAddresses(instances, operatorToken),
    processes: undefined,
    provider,
    async stop() {
      // Left misbehaving, it would be a riddle to whoever comes next.
      await provider?.heal().catch(() => undefined);
      await close();
    },
  };
}

async function withLosses(
  places: readonly { readonly name: string; readonly service: ServiceName; readonly address: string }[],
): Promise<{ instances: Instance[]; lostCount(): number; close(): Promise<void> }> {
  const proxies: LossyWay[] = [];
  const instances: Instance[] = [];
  for (const { name, service, address } of places) {
    const [reset, silent, cut] = await Promise.all(losses.map((loss) => openProxy(address, loss)));
    if (!reset || !silent || !cut) throw new Error('a proxy is missing');
    proxies.push(reset, silent, cut);
    const lossy = { reset: reset.address, silent: silent.address, cut: cut.address };
    instances.push({ name, service, addresses: { direct: address, ...lossy } });
  }
  return {
    instances,
    lostCount: () => proxies.reduce((sum, proxy) => sum + proxy.lostCount(), 0),
    async close() {
      await Promise.all(proxies.map((proxy) => proxy.close()));
    },
  };
}

async function placesOf(orderProcesses: number): Promise<ServiceProcess[]> {
  const places: ServiceProcess[] = [];
  const add = async (name: string) => places.push({ name, service: serviceOf(name), port: await freePort() });
  await add('inventory');
  await add('payment');
  for (let number = 1; number <= orderProcesses; number += 1)
    await add(number === 1 ? 'order' : `order-${number}`);
  return places;
}

function serviceOf(name: string): ServiceName {
  return name === 'inventory' || name === 'payment' ? name : 'order';
}

function auditAddresses(instances: readonly Instance[], token: string | undefined): Addresses {
  const of = (service: ServiceName) =>
    instances.find((instance) => instance.service === service)?.addresses.direct ?? '';
  return {
    order: of('order'),
    inventory: of('inventory'),
    payment: of('payment'),
    ...(token === undefined ? {} : { token }),
  };
}
