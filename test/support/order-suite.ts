// The three services in this process, on a real database each, and any number of order services more on the first one's.

import { type Client, createClient, type Interceptor } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { expect, vi } from 'vitest';
import { type Asked, ask } from '../../cli/audit/ask.ts';
import { compare } from '../../cli/audit/compare.ts';
import { type InvariantLine, verdicts } from '../../cli/audit/verdicts.ts';
import { startInventory } from '../../services/inventory/server.ts';
import { startOrder } from '../../services/order/server.ts';
import type { ProviderConfig } from '../../services/payment/config.ts';
import { startPayment } from '../../services/payment/server.ts';
import { InventoryService } from '../../shared/gen/twicesafe/inventory/v1/inventory_pb.ts';
import { OrderService } from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import { PaymentService } from '../../shared/gen/twicesafe/payment/v1/payment_pb.ts';
import { createLog, createSystemRandom, type RunningService } from '../../shared/runtime/index.ts';
import type { StartDeps } from '../../shared/service/index.ts';
import { done } from './answers.ts';
import { type FreshDatabase, freshDatabase } from './database.ts';
import { watchedUri } from './insert-watch.ts';
import { createMortal, type Mortal } from './mortal.ts';

/** `alice` and `bob` place orders, `order` is the order service towards the others, `books` is an operator. */
export type Caller = 'alice' | 'bob' | 'order' | 'books';
const authTokens = 'alice-token=alice,bob-token=bob,order-token=order,books-token=books:operator';

export type OrderClient = Client<typeof OrderService>;

export interface OrderProcess extends Mortal {
  client(caller?: Caller): OrderClient;
  /** As a crash would leave it. Resolves when nothing of it is left in this process. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

export interface OrderSuite {
  /** The first order process. */
  readonly order: OrderProcess;
  readonly inventory: Client<typeof InventoryService>;
  readonly payment: Client<typeof PaymentService>;
  paymentOf(caller: Caller): Client<typeof PaymentService>;
  inventoryOf(caller: Caller): Client<typeof InventoryService>;
  readonly databases: Readonly<Record<ServiceName, FreshDatabase>>;
  /** Another order service on the same database. */
  startOrder(options?: { orderDeadlineMs?: number }): Promise<OrderProcess>;
  /** Until `startAgain`, on the same port. */
  stopService(name: 'inventory' | 'payment'): Promise<void>;
  startAgain(name: 'inventory' | 'payment'): Promise<void>;
  /** Puts an item on the shelf. */
  stock(sku: string, onHand: bigint, price?: { amountMinorUnits: bigint; currency: string }): Promise<void>;
  openAccount(accountId: string, balance: bigint): Promise<void>;
  balance(accountId: string): Promise<bigint>;
  /** On hand, held, sold. */
  shelf(sku: string): Promise<[bigint, bigint, bigint]>;
  /** Waits until every saga is at rest, but for those that need attention. */
  settle(): Promise<void>;
  /** What all three say of themselves, what comparing them shows, and each invariant that is not sure to hold. */
  audit(): Promise<{ asked: Asked; findings: readonly unknown[]; doubts: readonly InvariantLine[] }>;
  /** After everything: at rest, and no invariant is broken or in doubt at any service or across them. */
  expectHeld(): Promise<Asked>;
  stop(): Promise<void>;
}

type ServiceName = 'order' | 'inventory' | 'payment';

export const eur = (amountMinorUnits: bigint) => ({ amountMinorUnits, currency: 'EUR' });
const settleMsMax = 15_000;
/** What happens within milliseconds on an idle machine, and within this on a busy one: for `expect.poll`. */
export const soon = { timeout: 15_000, interval: 20 };
const lookEveryMs = 20;

export interface OrderSuiteOptions {
  readonly orderDeadlineMs?: number;
  /** Orders may be paid by card, at this provider. */
  readonly provider?: ProviderConfig;
  /** The services' database clients tell of their commands: for insert-watch.ts. */
  readonly watched?: boolean;
  /** Of each service. All of them share one thread here, and a slow machine would have them shed load. */
  readonly admissionLimits?: StartDeps['admissionLimits'];
}

export async function startOrderSuite(options: OrderSuiteOptions = {}): Promise<OrderSuite> {
  const databases = {
    order: await freshDatabase(),
    inventory: await freshDatabase(),
    payment: await freshDatabase(),
  };
  const configOf = (name: ServiceName, port: number) => ({
    host: '127.0.0.1',
    port,
    mongodbUri: options.watched ? watchedUri(databases[name].uri) : databases[name].uri,
    mongodbDatabase: databases[name].databaseName,
    logLevel: 'silent',
    authTokens,
    journalStreams: 1,
    failpoints: '',
  });
  const depsOf = ({ clock, failpoints }: Pick<Mortal, 'clock' | 'failpoints'>) => ({
    clock,
    failpoints,
    random: createSystemRandom(),
    log: createLog('test', process.env['TEST_LOG_LEVEL'] ?? 'silent'),
    ...(options.admissionLimits ? { admissionLimits: options.admissionLimits } : {}),
  });
  const starts = {
    inventory: (port: number) => startInventory(configOf('inventory', port), depsOf(createMortal())),
    payment: (port: number) => {
      const provider = options.provider ? { provider: options.provider } : {};
      return startPayment({ ...configOf('payment', port), ...provider }, depsOf(createMortal()));
    },
  };
  const running = { inventory: await starts.inventory(0), payment: await starts.payment(0) };
  const orders = new Set<RunningService>();

  async function startOrderProcess(more: { orderDeadlineMs?: number } = {}): Promise<OrderProcess> {
    const mortal = createMortal();
    const service = await startOrder(
      {
        ...configOf('order', 0),
        inventoryAddress: addressOf(running.inventory),
        paymentAddress: addressOf(running.payment),
        serviceToken: 'order-token',
        orderDeadlineMs: more.orderDeadlineMs ?? options.orderDeadlineMs ?? 30_000,
        cardPayments: options.provider !== undefined,
      },
      depsOf(mortal),
    );
    orders.add(service);
    const stop = async () => {
      orders.delete(service);
      await service.stop();
    };
    return {
      ...mortal,
      client: (caller = 'alice') => clientOf(OrderService, service, caller),
      kill() {
        mortal.die();
        return stop();
      },
      stop,
    };
  }

  const order = await startOrderProcess();
  const inventoryOf = (caller: Caller) => clientOf(InventoryService, running.inventory, caller);
  const inventory = inventoryOf('alice');
  const paymentOf = (caller: Caller) => clientOf(PaymentService, running.payment, caller);
  const payment = paymentOf('alice');

  async function settle(): Promise<void> {
    const [witness = ''] = [...orders].map(addressOf);
    const books = createClient(OrderService, transportTo(witness, 'books'));
    const look = async () => {
      const { sagas, totalCount } = await books.listSagas({ limit: 1_000 });
      const stuck = sagas.filter(({ needsAttention }) => needsAttention !== '');
      expect(BigInt(stuck.length)).toBe(totalCount);
    };
    await vi.waitFor(look, { timeout: settleMsMax, interval: lookEveryMs });
  }

  async function audit() {
    const [witness = ''] = [...orders].map(addressOf);
    const asked = await ask({
      order: witness,
      inventory: addressOf(running.inventory),
      payment: addressOf(running.payment),
      token: 'books-token',
    });
    const comparison = compare(asked.facts);
    return {
      asked,
      findings: [...asked.findings, ...comparison.findings],
      doubts: verdicts(asked, comparison).filter(({ verdict }) => verdict !== 'holds'),
    };
  }

  return {
    order,
    inventory,
    inventoryOf,
    payment,
    paymentOf,
    databases,
    startOrder: startOrderProcess,
    stopService: (name) => running[name].stop(),
    async startAgain(name) {
      running[name] = await starts[name](running[name].port);
    },
    async stock(sku, onHand, price = eur(450n)) {
      await done((o) => inventory.putItem({ sku, name: sku, price, onHand }, o), `put:item:${sku}`);
    },
    async openAccount(accountId, balance) {
      const openingBalance = eur(balance);
      await done((o) => payment.openAccount({ accountId, openingBalance }, o), `open:account:${accountId}`);
    },
    async balance(accountId) {
      const { account } = await done((o) => payment.getAccount({ accountId }, o));
      if (!account?.balance) throw new Error(`account ${accountId} has no balance`);
      return account.balance.amountMinorUnits;
    },
    async shelf(sku) {
      const { item } = await done((o) => inventory.getItem({ sku }, o));
      if (!item) throw new Error(`there is no item ${sku}`);
      return [item.onHand, item.held, item.sold];
    },
    settle,
    audit,
    async expectHeld() {
      await settle();
      const { asked, findings, doubts } = await audit();
      expect(findings).toEqual([]);
      expect(doubts).toEqual([]);
      return asked;
    },
    async stop() {
      await Promise.all([...orders].map((service) => service.stop()));
      await Promise.all([running.inventory.stop(), running.payment.stop()]);
    },
  };
}

const addressOf = ({ port }: RunningService) => `http://127.0.0.1:${port}`;

function transportTo(baseUrl: string, caller: Caller) {
  const authenticate: Interceptor = (next) => (request) => {
    request.header.set('authorization', `Bearer ${caller}-token`);
    return next(request);
  };
  return createConnectTransport({ baseUrl, httpVersion: '2', interceptors: [authenticate] });
}

function clientOf<S extends Parameters<typeof createClient>[0]>(
  service: S,
  running: RunningService,
  caller: Caller,
): Client<S> {
  return createClient(service, transportTo(addressOf(running), caller));
}

/** What alice orders, unless a test says otherwise. */
export function orderOf(accountId: string, ...lines: [sku: string, quantity: number][]) {
  return {
    paymentSource: { case: 'accountId' as const, value: accountId },
    lines: lines.map(([sku, quantity]) => ({ sku, quantity })),
  };
}
