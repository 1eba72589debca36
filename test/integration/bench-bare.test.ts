// The bare journals of a benchmark, held to what the services record: they are the measure that the services are held against,
// and what fills a database that services are to find as their own.

import { create } from '@bufbuild/protobuf';
import { createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { afterEach, expect, test, vi } from 'vitest';
import { ask } from '../../cli/audit/ask.ts';
import { compare } from '../../cli/audit/compare.ts';
import { verdicts } from '../../cli/audit/verdicts.ts';
import { createBareOrders } from '../../cli/bench/bare/appends.ts';
import { type OpenJournals, openJournals, putGoodsIntoJournals } from '../../cli/bench/bare/journals.ts';
import { orderOf, requestIdOf } from '../../cli/bench/goods.ts';
import { appendDeposits, beginDeposits, depositKey, depositOf } from '../../cli/bench/grow/long-stream.ts';
import { putGoodsIntoServices } from '../../cli/bench/seed.ts';
import { type ServiceName, serviceNames } from '../../cli/settings.ts';
import { startInventory } from '../../services/inventory/server.ts';
import { startOrder } from '../../services/order/server.ts';
import { paymentRules } from '../../services/payment/domain/rules.ts';
import { startPayment } from '../../services/payment/server.ts';
import {
  OrderService,
  OrderStatus,
  PlaceOrderRequestSchema,
} from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import { fingerprintOf } from '../../shared/idempotency/index.ts';
import { createFold, createMongoStore } from '../../shared/journal/index.ts';
import {
  createLog,
  createSystemClock,
  createSystemRandom,
  noFailpoints,
} from '../../shared/runtime/index.ts';
import { type FreshDatabase, freshDatabase } from '../support/database.ts';
import { soon } from '../support/order-suite.ts';

type Databases = Readonly<Record<ServiceName, FreshDatabase>>;

/** Some seconds; putting two thousand items and accounts in takes half a minute on a machine that others use. */
vi.setConfig({ testTimeout: 180_000 });

const log = createLog('test', 'silent');
const endings: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

async function freshDatabases(): Promise<Databases> {
  return {
    order: await freshDatabase(),
    inventory: await freshDatabase(),
    payment: await freshDatabase(),
  };
}

/** As a benchmark starts them: nobody has to say who it is. */
async function startServices(databases: Databases) {
  const configOf = (service: ServiceName) => ({
    host: '127.0.0.1',
    port: 0,
    mongodbUri: databases[service].uri,
    mongodbDatabase: databases[service].databaseName,
    logLevel: 'silent',
    authTokens: '',
    journalStreams: 1,
    failpoints: '',
  });
  const deps = { clock: createSystemClock(), random: createSystemRandom(), log, failpoints: noFailpoints };
  const inventory = await startInventory(configOf('inventory'), deps);
  endings.push(() => inventory.stop());
  const payment = await startPayment(configOf('payment'), deps);
  endings.push(() => payment.stop());
  const at = ({ port }: { port: number }) => `http://127.0.0.1:${port}`;
  const order = await startOrder(
    {
      ...configOf('order'),
      inventoryAddress: at(inventory),
      paymentAddress: at(payment),
      serviceToken: '',
      orderDeadlineMs: 30_000,
      cardPayments: false,
    },
    deps,
  );
  endings.push(() => order.stop());
  const addresses = { order: at(order), inventory: at(inventory), payment: at(payment) };
  const orders = createClient(
    OrderService,
    createConnectTransport({ baseUrl: addresses.order, httpVersion: '2' }),
  );
  return { addresses, orders };
}

async function openBare(databases: Databases): Promise<OpenJournals> {
  const journals = await openJournals(databases.order.uri, (service) => databases[service].databaseName);
  endings.push(() => journals.close());
  return journals;
}

function messageOf(number: number) {
  const { accountId, lines } = orderOf(number, 'spread');
  return create(PlaceOrderRequestSchema, {
    paymentSource: { case: 'accountId', value: accountId },
    lines: [...lines],
  });
}

function bareOrderOf(number: number) {
  const fingerprint = fingerprintOf(PlaceOrderRequestSchema, messageOf(number));
  return { requestId: requestIdOf('spread', number), fingerprint, ...orderOf(number, 'spread') };
}

/** The entries of orders, without what differs from one run to the next: moments, and who wrote. Of a step's message, any. */
async function recordedIn({ db }: FreshDatabase): Promise<unknown[]> {
  const orderTypes = ['placed', 'confirmed', 'completed', 'captured'];
  const inventoryTypes = ['reservation-requested', 'reservation-committed', 'units-sold'];
  const types = new Set([...orderTypes, ...inventoryTypes]);
  const entries = await createMongoStore(db).read('s0', 1, 10_000);
  return entries
    .filter(({ ops }) => ops.some(({ type }) => types.has(type)))
    .map(({ keys, lists, ops }) =>
      JSON.parse(
        JSON.stringify({ keys, lists, ops }, (name, value) => {
          if (typeof value === 'bigint') return `${value}n`;
          if (name === 'fingerprint' && value !== bareOrderOf(3).fingerprint && value !== '')
            return 'a fingerprint';
          return /^\d{4}-\d\d-\d\dT/.test(value) ? 'a moment' : value;
        }),
      ),
    );
}

test('an order on the bare journals is recorded, entry by entry, as the services record it', async () => {
  const [served, bare] = [await freshDatabases(), await freshDatabases()];
  const { addresses, orders } = await startServices(served);
  await putGoodsIntoServices(addresses);
  const headers = { 'request-id': requestIdOf('spread', 3) };
  const { order } = await orders.placeOrder(messageOf(3), { headers });
  expect(order?.status).toBe(OrderStatus.CONFIRMED);
  const typesIn = async (service: ServiceName) => JSON.stringify(await recordedIn(served[service]));
  await expect.poll(() => typesIn('order'), soon).toContain('"completed"');
  await expect.poll(() => typesIn('inventory'), soon).toContain('"units-sold"');

  const journals = await openBare(bare);
  await putGoodsIntoJournals(journals);
  const bareOrders = createBareOrders(journals, log);
  await (await bareOrders.place(bareOrderOf(3))).settled;
  await bareOrders.drain();

  for (const service of serviceNames) {
    const entries = await recordedIn(bare[service]);
    expect(entries.length).toBeGreaterThan(0);
    expect(entries).toEqual(await recordedIn(served[service]));
  }
});

test('services started on what the bare journals wrote find it all: each order is replayed, and the audit holds', async () => {
  const databases = await freshDatabases();
  const journals = await openBare(databases);
  await putGoodsIntoJournals(journals);
  const bareOrders = createBareOrders(journals, log);
  const numbers = Array.from({ length: 150 }, (_, number) => number);
  const placed = await Promise.all(numbers.map((number) => bareOrders.place(bareOrderOf(number))));
  await Promise.all(placed.map(({ settled }) => settled));
  await bareOrders.drain();

  const { addresses, orders } = await startServices(databases);
  for (const number of [0, 75, 149]) {
    let replayed: string | null = null;
    const { order } = await orders.placeOrder(messageOf(number), {
      headers: { 'request-id': requestIdOf('spread', number) },
      onHeader: (headers) => {
        replayed = headers.get('idempotency-replayed');
      },
    });
    expect([order?.status, replayed]).toEqual([OrderStatus.CONFIRMED, 'true']);
  }
  const { totalCount } = await orders.listSagas({ limit: 1 });
  expect(totalCount).toBe(0n);
  const asked = await ask(addresses);
  const comparison = compare(asked.facts);
  expect(asked.facts.ordersAfter.size).toBe(150);
  expect([...asked.findings, ...comparison.findings]).toEqual([]);
  expect(verdicts(asked, comparison).filter(({ verdict }) => verdict !== 'holds')).toEqual([]);
});

test('a long stream folds as if each of its deposits had been submitted, and goes on', async () => {
  const databases = await freshDatabases();
  const { payment } = await openBare(databases);
  const begun = await beginDeposits(payment, 1_000);
  // Twice around the accounts, and a batch that is not full.
  await appendDeposits(createMongoStore(databases.payment.db), begun, 2_345);

  const [again] = [await openBare(databases)];
  const fold = createFold(paymentRules);
  let deposits = 0;
  for await (const op of again.payment.scan()) {
    expect(fold.take(op).equal).toBe(true);
    if (op.type === 'deposited') deposits += 1;
  }
  expect(deposits).toBe(2_346);
  expect(await again.payment.readKey(depositKey(2_345))).toBeDefined();
  const { outcome, replayed, states } = await again.payment.submit(depositOf(2_346));
  expect({ succeeded: outcome.succeeded, replayed }).toEqual({ succeeded: true, replayed: false });
  // Deposits 346, 1346 and 2346.
  expect(states.get('account/deposits-346')).toMatchObject({ balance: 3n, deposited: 3n });
});
