import { beforeAll, expect, test } from 'vitest';
import { type Call, type Definite, insist, tally, textOf } from '../support/answers.ts';
import { currency, openShop, type Shop } from '../support/shop.ts';
import { startSuite } from '../support/suite.ts';

// Two processes of every service on one database, and a crowd that all ask at once. Nothing dies here.

let shop: Shop;
const money = (amountMinorUnits: bigint) => ({ amountMinorUnits, currency });

beforeAll(async () => {
  const suite = await startSuite({ instances: { order: 2, inventory: 2, payment: 2 } });
  shop = openShop(suite);
});

/**
 * Asks `count` times at once under one request id, in turn at each of the processes. Whoever is told to come back, because
 * so many ask at once, does.
 */
function crowd<T>(count: number, requestId: string, processes: readonly Call<T>[]): Promise<Definite<T>[]> {
  return Promise.all(
    Array.from({ length: count }, (_, index) =>
      insist(processes[index % processes.length] as Call<T>, requestId),
    ),
  );
}

/** Equal in every field, and all but the first one marked as a replay. */
function expectOneAnswer<T>(answers: readonly Definite<T>[], kind: 'done' | 'refused'): Definite<T> {
  expect(Object.values(tally(answers.map(textOf)))).toEqual([answers.length]);
  const [first] = answers;
  expect(first?.kind).toBe(kind);
  expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
  return first as Definite<T>;
}

test('500 duplicates of one order at two processes are one order, one charge and one decrement, with 500 equal answers', async () => {
  await shop.stock('tea-500', 10n, 450n);
  await shop.stock('cup-500', 10n, 1200n);
  await shop.openAccount('alice', 100_000n);
  const request = {
    paymentSource: { case: 'accountId' as const, value: 'alice' },
    lines: [
      { sku: 'tea-500', quantity: 2 },
      { sku: 'cup-500', quantity: 1 },
    ],
  };

  const answers = await crowd(500, 'duplicates:order', [
    (options) => shop.order('order').placeOrder(request, options),
    (options) => shop.order('order-2').placeOrder(request, options),
  ]);

  expectOneAnswer(answers, 'done');
  await shop.settle();
  expect(await shop.balance('alice')).toBe(97_900n);
  expect(await shop.shelf('tea-500')).toEqual({ onHand: 8n, held: 0n, sold: 2n });
  expect(await shop.shelf('cup-500')).toEqual({ onHand: 9n, held: 0n, sold: 1n });
  await shop.expectCleanAudit();
});

test('500 duplicates of one refused order are one refusal, and leave nothing held or charged', async () => {
  await shop.stock('tea-refused', 10n, 450n);
  await shop.openAccount('poor', 449n);
  const request = {
    paymentSource: { case: 'accountId' as const, value: 'poor' },
    lines: [{ sku: 'tea-refused', quantity: 1 }],
  };

  const answers = await crowd(500, 'duplicates:refused', [
    (options) => shop.order('order').placeOrder(request, options),
    (options) => shop.order('order-2').placeOrder(request, options),
  ]);

  const refused = expectOneAnswer(answers, 'refused');
  expect(refused).toMatchObject({ refusal: { code: 'FailedPrecondition', reason: 'INSUFFICIENT_FUNDS' } });
  await shop.settle();
  expect(await shop.balance('poor')).toBe(449n);
  expect(await shop.shelf('tea-refused')).toEqual({ onHand: 10n, held: 0n, sold: 0n });
});

test('500 duplicates of AdjustStock at two processes move the units once', async () => {
  await shop.stock('adjusted', 100n);

  const answers = await crowd(500, 'duplicates:adjust', [
    (options) => shop.inventory('inventory').adjustStock({ sku: 'adjusted', delta: -30n }, options),
    (options) => shop.inventory('inventory-2').adjustStock({ sku: 'adjusted', delta: -30n }, options),
  ]);

  expect(expectOneAnswer(answers, 'done')).toMatchObject({ response: { item: { onHand: 70n } } });
  expect(await shop.shelf('adjusted')).toEqual({ onHand: 70n, held: 0n, sold: 0n });
});

test('500 duplicates of ReserveStock at two processes hold the units once', async () => {
  await shop.stock('reserved-a', 100n);
  await shop.stock('reserved-b', 100n);
  const request = {
    reservationId: 'crowd',
    lines: [
      { sku: 'reserved-a', quantity: 60 },
      { sku: 'reserved-b', quantity: 70 },
    ],
  };

  const answers = await crowd(500, 'duplicates:reserve', [
    (options) => shop.inventory('inventory').reserveStock(request, options),
    (options) => shop.inventory('inventory-2').reserveStock(request, options),
  ]);

  expectOneAnswer(answers, 'done');
  expect(await shop.shelf('reserved-a')).toEqual({ onHand: 40n, held: 60n, sold: 0n });
  expect(await shop.shelf('reserved-b')).toEqual({ onHand: 30n, held: 70n, sold: 0n });
});

test('500 duplicates of Withdraw 50 at two processes take 50 once', async () => {
  await shop.openAccount('bob', 1_000n);
  const request = { accountId: 'bob', amount: money(50n) };

  const answers = await crowd(500, 'duplicates:withdraw', [
    (options) => shop.payment('payment').withdraw(request, options),
    (options) => shop.payment('payment-2').withdraw(request, options),
  ]);

  expect(expectOneAnswer(answers, 'done')).toMatchObject({
    response: { account: { balance: { amountMinorUnits: 950n } } },
  });
  expect(await shop.balance('bob')).toBe(950n);
});

test('500 duplicates of CreatePayment at two processes charge once', async () => {
  await shop.openAccount('carol', 1_000n);
  const request = {
    source: { case: 'accountId' as const, value: 'carol' },
    amount: money(300n),
  };

  const answers = await crowd(500, 'duplicates:payment', [
    (options) => shop.payment('payment').createPayment(request, options),
    (options) => shop.payment('payment-2').createPayment(request, options),
  ]);

  expectOneAnswer(answers, 'done');
  expect(await shop.balance('carol')).toBe(700n);
});
