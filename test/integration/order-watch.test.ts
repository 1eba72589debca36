// WatchOrder: the timeline of an order, from the start or from a position, as it grows, and no longer than it grows.

import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { OrderStatus } from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import { deriveId } from '../../shared/idempotency/index.ts';
import { askOnce, done } from '../support/answers.ts';
import {
  eur,
  type OrderClient,
  type OrderSuite,
  orderOf,
  soon,
  startOrderSuite,
} from '../support/order-suite.ts';

let suite: OrderSuite;
let alice: OrderClient;

beforeAll(async () => {
  suite = await startOrderSuite();
  alice = suite.order.client();
  await suite.stock('tea', 1_000n, eur(1n));
  await suite.openAccount('purse', 1_000n);
});
afterEach(() => suite.expectHeld());
afterAll(() => suite.stop());

const idOf = (requestId: string) => deriveId('order', 'alice', 'PlaceOrder', requestId);
const place = (requestId: string, sku = 'tea') =>
  askOnce((o) => alice.placeOrder(orderOf('purse', [sku, 1]), o), requestId);
const watched = async (orderId: string, afterPosition = 0n, client = alice) =>
  Array.fromAsync(client.watchOrder({ orderId, afterPosition }));

test('the timeline of an order at rest is told and ends', async () => {
  await place('at-rest-1');
  await suite.settle();
  const timeline = await watched(idOf('at-rest-1'));
  expect(timeline.map(({ event, order }) => [event, order?.status])).toEqual([
    ['placed', OrderStatus.PLACED],
    ['confirmed', OrderStatus.CONFIRMED],
    ['completed', OrderStatus.CONFIRMED],
  ]);
  expect(timeline[0]?.order?.total).toBeUndefined();
  expect(timeline[1]?.order?.total).toMatchObject(eur(1n));
});

test('a refused order tells why', async () => {
  await place('refused-1', 'nowhere');
  const timeline = await watched(idOf('refused-1'));
  expect(timeline.map(({ event, order }) => [event, order?.cancelReason])).toEqual([
    ['placed', ''],
    ['cancelled', 'ITEM_NOT_FOUND'],
  ]);
});

test('from a position, what comes after it is told and nothing twice', async () => {
  await place('position-1');
  await done((o) => alice.cancelOrder({ orderId: idOf('position-1') }, o), 'position-cancel');
  const all = await watched(idOf('position-1'));
  expect(all.length).toBeGreaterThanOrEqual(4);
  for (const [index, { position }] of all.entries()) {
    const rest = await watched(idOf('position-1'), position);
    expect(rest.map((entry) => entry.position)).toEqual(all.slice(index + 1).map((entry) => entry.position));
  }
  expect(await watched(idOf('position-1'), 9_223_372_036_854_775_807n)).toEqual([]);
});

test.each(['this process', 'another process'])(
  'what is recorded by %s while somebody watches is told as it comes, until the order is at rest',
  async (who) => {
    const requestId = `grows-${who.length}`;
    const held = suite.order.holdAt('saga.before_step', 'create_payment');
    const other = await suite.startOrder();
    const placing = place(requestId);
    await held.reached;
    const events: string[] = [];
    const watching = (async () => {
      const client = who === 'this process' ? alice : other.client();
      for await (const { event } of client.watchOrder({ orderId: idOf(requestId) })) events.push(event);
    })();
    await expect.poll(() => events, soon).toEqual(['placed']);
    held.release();
    await placing;
    await watching;
    expect(events).toEqual(['placed', 'confirmed', 'completed']);
    await other.stop();
  },
);

test('what operators and other callers did to an order is no part of its timeline', async () => {
  await place('quiet-1234');
  await suite.settle();
  const orderId = idOf('quiet-1234');
  await askOnce((o) => suite.order.client('bob').cancelOrder({ orderId }, o), 'quiet-bob');
  await done((o) => suite.order.client('books').retrySaga({ orderId }, o), 'quiet-retry');
  expect((await watched(orderId)).map(({ event }) => event)).toEqual(['placed', 'confirmed', 'completed']);
});
