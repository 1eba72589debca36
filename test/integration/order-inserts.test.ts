// What an order costs the databases, counted by watching the driver's commands.

import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { longestChain } from '../../cli/bench/inserts/chains.ts';
import { OrderStatus } from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import { done, insist } from '../support/answers.ts';
import { type InsertWatch, type WatchedInsert, watchInserts } from '../support/insert-watch.ts';
import { eur, type OrderSuite, orderOf, startOrderSuite } from '../support/order-suite.ts';

/** A few seconds on an idle machine; others may be at work on it. */
const crowdDurationMsMax = 60_000;

/**
 * Admission that takes the whole crowd and sees no queue. What an order costs is counted, and a machine so slow that load is shed
 * would have counted how the refused come back, a few at a time.
 */
const roomForAll = { placesInitial: 1_000, delayMsTarget: Number.POSITIVE_INFINITY };

let suite: OrderSuite;
let watch: InsertWatch;
let services: Record<string, string>;

beforeAll(async () => {
  watch = watchInserts();
  suite = await startOrderSuite({ watched: true, admissionLimits: roomForAll });
  const { databases } = suite;
  services = Object.fromEntries(
    Object.entries(databases).map(([name, { databaseName }]) => [databaseName, name]),
  );
  await suite.stock('tea', 10_000n, eur(450n));
  await suite.stock('cup', 10_000n, eur(1_200n));
  await suite.openAccount('purse', 10_000_000n);
});
afterAll(async () => {
  watch.stop();
  await suite.expectHeld();
  await suite.stop();
});

const typesOf = (inserts: readonly WatchedInsert[]) => inserts.flatMap(({ documents }) => documents.flat());

test('an order of two lines, alone on an idle suite, waits for at most four inserts one after the other', async () => {
  // The first order pays for connections and cold caches, not for more inserts.
  await done((o) => suite.order.client().placeOrder(orderOf('purse', ['tea', 1]), o), 'warm-up-1234');
  await suite.settle();
  watch.forget();

  const request = orderOf('purse', ['tea', 2], ['cup', 1]);
  // What is inserted after this moment, the reply did not wait for.
  const reply = suite.order.holdAt('rpc.before_answer', 'PlaceOrder');
  const placing = done((o) => suite.order.client().placeOrder(request, o), 'alone-1234');
  await reply.reached;
  const untilReply = [...watch.inserts];
  reply.release();
  const { order } = await placing;

  expect(order?.status).toBe(OrderStatus.CONFIRMED);
  const chain = longestChain(untilReply);
  expect(chain.map(({ database, documents }) => [services[database], ...documents])).toEqual([
    ['order', ['placed']],
    ['inventory', ['reservation-requested', 'units-held', 'units-held']],
    ['payment', ['captured', 'charged']],
    ['order', ['confirmed']],
  ]);
  expect(chain.length).toBeLessThanOrEqual(4);
});

test(
  'five hundred orders at once insert less than half a document each, from placing to the last settlement',
  async () => {
    await suite.settle();
    watch.forget();
    const crowd = suite.order.holdAt('rpc.before_handler', 'PlaceOrder');
    const placing = Promise.all(
      Array.from({ length: 500 }, (_, index) =>
        insist(
          (o) => suite.order.client().placeOrder(orderOf('purse', ['tea', 1], ['cup', 1]), o),
          `crowd-${index}-1234`,
        ),
      ),
    );
    // They begin at once, however slowly this thread makes five hundred calls.
    await vi.waitFor(() => expect(crowd.count()).toBeGreaterThanOrEqual(500), crowdDurationMsMax);
    crowd.release();
    const answers = await placing;
    await suite.settle();
    expect(answers.every(({ kind }) => kind === 'done')).toBe(true);
    const types = typesOf(watch.inserts);
    expect(types.filter((type) => type === 'placed')).toHaveLength(500);
    expect(types.filter((type) => type === 'completed')).toHaveLength(500);
    expect(watch.inserts.flatMap(({ documents }) => documents).length).toBeLessThan(250);
  },
  crowdDurationMsMax,
);
