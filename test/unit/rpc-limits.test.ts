import { expect, test } from 'vitest';
import { OrderService } from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import { backoffMs, serverTimeoutMs } from '../../shared/rpc/client.ts';
import { durationMsFor } from '../../shared/rpc/deadline.ts';
import { createRetryBudget, defaultServerLimits } from '../../shared/rpc/index.ts';

test.each([
  [undefined, 30_000],
  [300_000, 299_900],
  [1_000, 900],
  [100, 75],
  [1, 0.75],
  [0, 0],
  [-5, 0],
])('a unary call that asks for %s ms is answered within %s ms', (timeoutMs, durationMs) => {
  expect(durationMsFor(OrderService.method.getOrder, timeoutMs, defaultServerLimits)).toBe(durationMs);
});

test('a stream that asks for nothing may last as long as one may ask for', () => {
  expect(durationMsFor(OrderService.method.watchOrder, undefined, defaultServerLimits)).toBe(300_000);
});

test.each([
  [5_000, 4_800],
  [400, 200],
  [300, 150],
  [10, 5],
  [1, 1],
  [0.5, 1],
])('a client with %s ms left gives the server %s ms', (leftMs, timeoutMs) => {
  expect(serverTimeoutMs(leftMs)).toBe(timeoutMs);
});

test('the longest wait doubles up to its limit', () => {
  expect([1, 2, 3, 6, 7, 20].map(backoffMs)).toEqual([25, 50, 100, 800, 1_000, 1_000]);
});

test('a retry budget is used up by retries and earned by first attempts, five for one', () => {
  const budget = createRetryBudget();
  for (let retry = 0; retry < 100; retry += 1) expect(budget.spend()).toBe(true);
  expect(budget.spend()).toBe(false);
  for (let call = 0; call < 5; call += 1) budget.earn();
  expect(budget.spend()).toBe(true);
  expect(budget.spend()).toBe(false);
});

test('a retry budget saves up no more than its limit', () => {
  const budget = createRetryBudget();
  for (let call = 0; call < 1_000; call += 1) budget.earn();
  for (let retry = 0; retry < 100; retry += 1) expect(budget.spend()).toBe(true);
  expect(budget.spend()).toBe(false);
});
