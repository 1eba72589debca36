// The callers: each asks, and asks again under the same id, until it has a definite answer or has had enough.

import type { Message } from '@bufbuild/protobuf';
import { InventoryService } from '../../shared/gen/twicesafe/inventory/v1/inventory_pb.ts';
import { OrderService } from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import { PaymentService } from '../../shared/gen/twicesafe/payment/v1/payment_pb.ts';
import { type CallAnswer, type CallOptions, createServiceClient } from '../../shared/rpc/index.ts';
import type { Logger } from '../../shared/runtime/index.ts';
import type { Account, Ledger } from './ledger.ts';
import { connectionsBy, type Network } from './network.ts';
import type { SimulatedProcess } from './process.ts';
import type { Request } from './subject.ts';
import type { ServiceName } from './suite.ts';

export interface Callers {
  /** Up to `tries` calls, each with its own attempts inside `budgetMs`. Every answer goes into the ledger. */
  ask(request: Request, patience: { budgetMs: number; tries: number }): Promise<Account>;
  /** One call that changes nothing, by `caller`. */
  read(
    caller: string,
    service: ServiceName,
    method: string,
    message: Readonly<Record<string, unknown>>,
  ): Promise<CallAnswer<Message>>;
}

/** Between two calls of a caller that heard nothing definite. */
const pauseMsMax = 800;
const readBudgetMs = 20_000;

interface AnyClient {
  call(method: string, request: object, options: CallOptions): Promise<CallAnswer<Message>>;
}

export function createCallers(deps: {
  process: SimulatedProcess;
  network: Network;
  ledger: Ledger;
  log: Logger;
}): Callers {
  const { process, network, ledger, log } = deps;
  const { clock, random } = process;
  const services = { order: OrderService, inventory: InventoryService, payment: PaymentService };
  const clients = new Map<string, AnyClient>();

  function clientOf(caller: string, service: ServiceName): AnyClient {
    const name = `${caller} ${service}`;
    const known = clients.get(name);
    if (known) return known;
    // Narrow again where a plan's requests, which carry their own descriptors, are called.
    const client = createServiceClient(services[service], {
      address: service,
      connections: connectionsBy(network.transport(process, service)),
      token: `token-${caller}`,
      clock,
      random,
      log,
    }) as unknown as AnyClient;
    clients.set(name, client);
    return client;
  }

  return {
    async ask(request, { budgetMs, tries }) {
      const { caller, service, method, message, requestId } = request;
      const account = ledger.open(request, clock.nowMs());
      for (let tried = 1; tried <= tries; tried += 1) {
        const answer = await clientOf(caller, service).call(method.localName, message, {
          requestId,
          budgetMs,
        });
        ledger.note(account, answer, clock.nowMs());
        if (account.definite) break;
        await clock.sleep(random.fraction() * pauseMsMax);
      }
      return account;
    },
    read: (caller, service, method, message) =>
      clientOf(caller, service).call(method, message, { budgetMs: readBudgetMs }),
  };
}
