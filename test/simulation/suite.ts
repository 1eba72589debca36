// The suite under simulation: two processes of each service, each built by the service's own code on a journal, and the
// databases that outlive them. It can kill, pause and restart any of them.

import type { DescService } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import { createJournalOn, type Journal } from '../../shared/journal/index.ts';
import { createMemoryContent, createMemoryStore } from '../../shared/journal/memory-store.ts';
import { createShutdown, type Failpoints } from '../../shared/runtime/index.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import { type CardProvider, createCardProvider } from './card-provider.ts';
import type { History } from './history.ts';
import { createProcessLog } from './log.ts';
import type { Meddling } from './meddling.ts';
import { createNetwork, type Network } from './network.ts';
import { createProcess, type SimulatedProcess } from './process.ts';
import type { Scheduler } from './scheduler.ts';
import { createServer, type SimulatedServer } from './server.ts';
import {
  descriptors,
  implement,
  rules,
  type ServiceName,
  type ServiceSettings,
  serviceNames,
} from './services.ts';
import { createStoreLink } from './store-link.ts';
import { stallMs, type Weather } from './weather.ts';
import { createWebhookLink, type Receiver } from './webhook-link.ts';

export { type ServiceName, serviceNames } from './services.ts';

/** Two of each: the smallest number that can race. */
const processesPerServiceDefault = 2;

/** Callers of the services. `order` is the order service itself; `operator` may do what operators do. */
export const tokens = 'token-alice=alice,token-bob=bob,token-order=order,token-operator=operator:operator';

export interface Machine {
  readonly service: ServiceName;
  /** `order-1`. */
  readonly name: string;
  process(): SimulatedProcess;
  /** Undefined while it is down or starting. */
  server(): SimulatedServer | undefined;
  journal(): Journal | undefined;
  /** Where a payment process takes the card provider's events. */
  receiver(): Receiver | undefined;
  kill(): void;
  start(): void;
}

export interface Suite {
  readonly machines: readonly Machine[];
  readonly network: Network;
  readonly provider: CardProvider;
  /** A process of its own on the service's database, without faults, far in the future: for audits. */
  auditor(service: ServiceName): Promise<{ journal: Journal; implementation: ServiceImpl<DescService> }>;
}

export interface CardSettings extends Pick<ServiceSettings, 'keyLifetimeMs'> {
  /** How long a payment process waits for one answer of the provider. */
  readonly timeoutMs: number;
  /** Whether the provider may store a 500 as the answer of a key. */
  readonly mayBeStubborn: boolean;
}

export interface SuiteDependencies {
  readonly scheduler: Scheduler;
  readonly luck: SeededRandom;
  readonly history: History;
  readonly streamCount: number;
  readonly orderDeadlineMs: ServiceSettings['orderDeadlineMs'];
  readonly attentionAfterMs: ServiceSettings['attentionAfterMs'];
  readonly cards?: CardSettings;
  /** Entities and keys that a journal remembers. Small, so that much is cold. */
  readonly cacheSize: number;
  readonly processesPerService?: number;
  /** Left out: only the weather's faults happen. */
  readonly meddling?: Meddling;
  weather(): Weather;
  isStoreAway(service: ServiceName): boolean;
  isProviderAway?(): boolean;
  /** For how long nothing can be started. */
  darkMs?(): number;
  isCut(from: SimulatedProcess, service: string): boolean;
  /** What a log must not say. */
  complain(complaint: string): void;
}

/** How long an orchestrator waits before it starts again what could not start. */
const restartMs = 500;
/** About what a key with a small op takes in memory. */
const bytesOfKey = 1_024;

const cardsDefault: CardSettings = { keyLifetimeMs: 20 * 3_600_000, timeoutMs: 15_000, mayBeStubborn: false };

export function createSuite(deps: SuiteDependencies): Suite {
  const { scheduler, history, weather, meddling, processesPerService = processesPerServiceDefault } = deps;
  const { orderDeadlineMs, attentionAfterMs, cards = cardsDefault } = deps;
  const settings = { orderDeadlineMs, attentionAfterMs, keyLifetimeMs: cards.keyLifetimeMs };
  const luck = deps.luck.fork('faults');
  const contents = {
    order: createMemoryContent(),
    inventory: createMemoryContent(),
    payment: createMemoryContent(),
  };
  const weatherOnly = createNetwork({
    scheduler,
    luck,
    history,
    weather,
    isCut: deps.isCut,
    servers: (service, from) =>
      machines
        .filter((machine) => machine.service === service && (meddling?.reaches(from, machine.name) ?? true))
        .map((machine) => machine.server()),
  });
  const network: Network = {
    transport(from, service) {
      const transport = weatherOnly.transport(from, service);
      return meddling?.transport(from, service, transport) ?? transport;
    },
  };

  const providerProcess = createProcess('provider', { scheduler, luck: deps.luck });
  const ways = { scheduler, luck, history, weather, process: providerProcess };
  const provider = createCardProvider({
    ...ways,
    ...cards,
    isAway: () => deps.isProviderAway?.() ?? false,
    isCut: deps.isCut,
    around: meddling?.provider,
    onEvent: createWebhookLink({
      ...ways,
      log: createProcessLog(providerProcess, history, deps.complain),
      receivers: () =>
        machines.filter(({ service }) => service === 'payment').map((machine) => machine.receiver()),
      complain: deps.complain,
    }),
  });

  async function open(service: ServiceName, process: SimulatedProcess, isFaulty: boolean) {
    const { clock, random } = process;
    const log = createProcessLog(process, history, deps.complain);
    const failpoints: Failpoints = {
      reach(place, details = []) {
        if (!isFaulty) return undefined;
        if (meddling) return meddling.reach(process, place, details);
        if (!luck.chance(weather().stall)) return undefined;
        const durationMs = stallMs(luck);
        history.note(process.name, 'stalls at', place, durationMs.toFixed(0));
        return new Promise((resolve) => process.after(durationMs, resolve));
      },
    };
    const store = createMemoryStore(contents[service]);
    const link = createStoreLink({
      process,
      store: meddling?.store(process, store) ?? store,
      scheduler,
      luck,
      history,
      weather,
      isAway: () => deps.isStoreAway(service),
    });
    const parts = { clock, random, log, failpoints };
    const journal = await createJournalOn(isFaulty ? link : store, {
      rules: rules[service],
      owner: service,
      streamCount: deps.streamCount,
      writer: process.name,
      limits: {
        cachedEntitiesMax: deps.cacheSize,
        recentBytesMax: deps.cacheSize * bytesOfKey,
        newestKeysMin: deps.cacheSize,
      },
      ...parts,
    });
    const shutdown = createShutdown(log);
    // An auditor looks and touches nothing: its loops have ended before they begin.
    if (!isFaulty) await shutdown.stop();
    const { implementation, webhook } = implement(service, {
      ...parts,
      settings,
      process,
      network,
      provider,
      isQuiet: !isFaulty,
      journal,
      shutdown,
    });
    const server = createServer(descriptors[service], implementation, { process, tokens, failpoints, log });
    const receiver = webhook && { process, handler: webhook };
    return { journal, implementation, server, receiver };
  }

  function createMachine(service: ServiceName, name: string): Machine {
    let lives = 0;
    let process: SimulatedProcess;
    let isUp = false;
    let running: { server: SimulatedServer; journal: Journal; receiver: Receiver | undefined } | undefined;

    function start(): void {
      // Killed twice, started twice: one process all the same.
      if (isUp) return;
      const darkMs = deps.darkMs?.() ?? 0;
      if (darkMs > 0) {
        scheduler.after(darkMs, start);
        return;
      }
      isUp = true;
      lives += 1;
      const mine = createProcess(`${name}#${lives}`, { scheduler, luck: deps.luck });
      process = mine;
      history.note(mine.name, 'starts');
      open(service, mine, true).then(
        (opened) => {
          if (!mine.isAlive()) return;
          running = opened;
          history.note(mine.name, 'serves');
        },
        (error: unknown) => {
          // As an orchestrator does with a service that could not start.
          history.note(mine.name, 'could not start', String(error));
          if (!mine.isAlive()) return;
          kill();
          scheduler.after(restartMs, start);
        },
      );
    }

    function kill(): void {
      history.note(process.name, 'is killed');
      process.kill();
      running = undefined;
      isUp = false;
    }

    start();
    return {
      service,
      name,
      process: () => process,
      server: () => running?.server,
      journal: () => running?.journal,
      receiver: () => running?.receiver,
      start,
      kill,
    };
  }

  const machines = serviceNames.flatMap((service) =>
    Array.from({ length: processesPerService }, (_, index) =>
      createMachine(service, `${service}-${index + 1}`),
    ),
  );

  return {
    machines,
    network,
    provider,
    auditor: (service) =>
      open(service, createProcess('auditor', { scheduler, luck: deps.luck, skewMs: 86_400_000 }), false),
  };
}
