// The suite under simulation: two processes of each service, each built by the service's own code on a journal, and the
// databases that outlive them. It can kill, pause and restart any of them.

import type { DescService } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import { inventoryRules } from '../../services/inventory/domain/rules.ts';
import { createInventory } from '../../services/inventory/server.ts';
import { orderRules } from '../../services/order/domain/rules.ts';
import { createOrder } from '../../services/order/server.ts';
import { paymentRules } from '../../services/payment/domain/rules.ts';
import { createPayment } from '../../services/payment/server.ts';
import { InventoryService } from '../../shared/gen/twicesafe/inventory/v1/inventory_pb.ts';
import { OrderService } from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import { PaymentService } from '../../shared/gen/twicesafe/payment/v1/payment_pb.ts';
import { createJournalOn, type EntityRules, type Journal } from '../../shared/journal/index.ts';
import { createMemoryContent, createMemoryStore } from '../../shared/journal/memory-store.ts';
import { createServiceClient, type ServiceClient } from '../../shared/rpc/index.ts';
import {
  createShutdown,
  type Failpoints,
  type ServiceDeps,
  type Shutdown,
} from '../../shared/runtime/index.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import type { History } from './history.ts';
import { createProcessLog } from './log.ts';
import { createNetwork, type Network } from './network.ts';
import { createProcess, type SimulatedProcess } from './process.ts';
import type { Scheduler } from './scheduler.ts';
import { createServer, type SimulatedServer } from './server.ts';
import { createStoreLink } from './store-link.ts';
import { stallMs, type Weather } from './weather.ts';

export const serviceNames = ['order', 'inventory', 'payment'] as const;
export type ServiceName = (typeof serviceNames)[number];
/** Two of each: the smallest number that can race. */
export const processesPerService = 2;

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
  kill(): void;
  start(): void;
}

export interface Suite {
  readonly machines: readonly Machine[];
  readonly network: Network;
  /** A process of its own on the service's database, without faults, far in the future: for audits. */
  auditor(service: ServiceName): Promise<{ journal: Journal; implementation: ServiceImpl<DescService> }>;
}

export interface SuiteDependencies {
  readonly scheduler: Scheduler;
  readonly luck: SeededRandom;
  readonly history: History;
  readonly streamCount: number;
  readonly orderDeadlineMs: number;
  /** How long a saga insists before it asks for a person. Short, so that many do. */
  readonly attentionAfterMs: number;
  /** Entities and keys that a journal remembers. Small, so that much is cold. */
  readonly cacheSize: number;
  weather(): Weather;
  isStoreAway(service: ServiceName): boolean;
  isCut(from: SimulatedProcess, service: string): boolean;
  /** What a log must not say. */
  complain(complaint: string): void;
}

/** How long an orchestrator waits before it starts again what could not start. */
const restartMs = 500;

const descriptors = { order: OrderService, inventory: InventoryService, payment: PaymentService };
const rules: Record<ServiceName, EntityRules> = {
  order: orderRules,
  inventory: inventoryRules,
  payment: paymentRules,
};

export function createSuite(deps: SuiteDependencies): Suite {
  const { scheduler, history, weather } = deps;
  const luck = deps.luck.fork('faults');
  const contents = {
    order: createMemoryContent(),
    inventory: createMemoryContent(),
    payment: createMemoryContent(),
  };
  const network = createNetwork({
    scheduler,
    luck,
    history,
    weather,
    isCut: deps.isCut,
    servers: (service) =>
      machines.filter((machine) => machine.service === service).map((machine) => machine.server()),
  });

  function clientFor<S extends DescService>(
    service: S,
    name: ServiceName,
    process: SimulatedProcess,
    parts: ServiceDeps,
  ): ServiceClient<S> {
    const transport = network.transport(process, name);
    const connections = { current: () => ({ transport }), suspect: () => undefined, close: () => undefined };
    return createServiceClient(service, { address: name, connections, token: 'token-order', ...parts });
  }

  function implement(
    service: ServiceName,
    process: SimulatedProcess,
    parts: ServiceDeps & { journal: Journal; shutdown: Shutdown },
  ): ServiceImpl<DescService> {
    switch (service) {
      case 'order':
        return createOrder({
          ...parts,
          orderDeadlineMs: deps.orderDeadlineMs,
          sagaLimits: { attentionAfterMs: deps.attentionAfterMs },
          cardPayments: false,
          inventory: clientFor(InventoryService, 'inventory', process, parts),
          payment: clientFor(PaymentService, 'payment', process, parts),
        });
      case 'inventory':
        return createInventory(parts);
      case 'payment':
        return createPayment(parts);
    }
  }

  async function open(service: ServiceName, process: SimulatedProcess, isFaulty: boolean) {
    const { clock, random } = process;
    const log = createProcessLog(process, history, deps.complain);
    const failpoints: Failpoints = {
      reach(place) {
        if (!isFaulty || !luck.chance(weather().stall)) return undefined;
        const durationMs = stallMs(luck);
        history.note(process.name, 'stalls at', place, durationMs.toFixed(0));
        return new Promise((resolve) => process.after(durationMs, resolve));
      },
    };
    const store = createMemoryStore(contents[service]);
    const link = createStoreLink({
      process,
      store,
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
      limits: { cachedEntitiesMax: deps.cacheSize, recentKeysMax: deps.cacheSize },
      ...parts,
    });
    const shutdown = createShutdown(log);
    // An auditor looks and touches nothing: its loops have ended before they begin.
    if (!isFaulty) await shutdown.stop();
    const implementation = implement(service, process, { ...parts, journal, shutdown });
    const server = createServer(descriptors[service], implementation, { process, tokens, failpoints, log });
    return { journal, implementation, server };
  }

  function createMachine(service: ServiceName, name: string): Machine {
    let lives = 0;
    let process: SimulatedProcess;
    let isUp = false;
    let running: { server: SimulatedServer; journal: Journal } | undefined;

    function start(): void {
      // Killed twice, started twice: one process all the same.
      if (isUp) return;
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
    auditor: (service) =>
      open(service, createProcess('auditor', { scheduler, luck: deps.luck, skewMs: 86_400_000 }), false),
  };
}
