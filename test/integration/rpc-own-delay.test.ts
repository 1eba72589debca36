// A server measures by itself how long ready work waits for its thread, and lets fewer in when it waits too long.

import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { orderJson, postJson, startToyOrders } from '../support/toy-order-server.ts';

const endings: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

const callers = 32;

/**
 * The statuses of orders each of which holds the thread for a moment, and its place for longer. Every caller asks again as
 * soon as it is answered.
 */
async function statusesWith(delayMsTarget: number): Promise<Set<number>> {
  const server = await startToyOrders({
    // Several samples of the delay between two looks, and no growth that would hide a cut.
    admissionLimits: { placesInitial: callers, placesMin: 1, lookEveryMs: 300, delayMsTarget, growth: 0 },
    async placeOrder(_, { requestId }) {
      const untilMs = performance.now() + 6;
      while (performance.now() < untilMs);
      await sleep(20);
      return { replayed: false, response: { order: { orderId: requestId } } };
    },
  });
  endings.push(server.stop);
  const statuses = new Set<number>();
  await Promise.all(
    Array.from({ length: callers }, async (_, caller) => {
      for (let order = 0; order < 20 && !statuses.has(429); order += 1) {
        const requestId = `delayed-${caller}-${order}`;
        const { status } = await postJson(server, 'PlaceOrder', orderJson, { 'request-id': requestId });
        statuses.add(status);
      }
    }),
  );
  return statuses;
}

test('orders that hold its thread are let in no more than it bears, and others are told to come back', async () => {
  expect(await statusesWith(10)).toEqual(new Set([200, 429]));
});

test('it is the delay that they are refused for: where it may be long, the same orders all get in', async () => {
  expect(await statusesWith(60_000)).toEqual(new Set([200]));
});
