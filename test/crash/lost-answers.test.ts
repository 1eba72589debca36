import { beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { createSystemClock } from '../../shared/runtime/index.ts';
import { askOnce, type Call, type Definite, endOf, insist, tally, textOf } from '../support/answers.ts';
import { underSeed } from '../support/seeded-random.ts';
import { currency, openShop, type Shop } from '../support/shop.ts';
import { startSuite, type TestSuite } from '../support/suite.ts';

// The effect is there and the answer is not: the caller left, the process died right after it, the database died between
// two decisions. Whoever asks again hears what was true all along.

const clock = createSystemClock();

let suite: TestSuite;
let shop: Shop;

beforeAll(async () => {
  suite = await startSuite({ instances: { order: 2, payment: 2 } });
  shop = openShop(suite);
});

// A test that failed half-way must not take the others along.
beforeEach(async () => {
  for (const name of ['database', 'order', 'order-2', 'inventory', 'payment', 'payment-2']) {
    if (suite.pid(name) === undefined) await suite.restart(name);
  }
});

function placing(name: string, process = 'order'): Call<unknown> {
  const request = {
    paymentSource: { case: 'accountId' as const, value: name },
    lines: [
      { sku: `${name}-a`, quantity: 1 },
      { sku: `${name}-b`, quantity: 2 },
    ],
  };
  return (options) => shop.order(process).placeOrder(request, options);
}

/** 1,000 of each of two items at 10, and money for as many orders of 30. */
async function openWith(name: string): Promise<void> {
  await shop.stock(`${name}-a`, 1_000n, 10n);
  await shop.stock(`${name}-b`, 1_000n, 10n);
  await shop.openAccount(name, 100_000n);
}

async function expectSold(name: string, orders: bigint): Promise<void> {
  await shop.settle();
  expect(await shop.shelf(`${name}-a`)).toEqual({ onHand: 1_000n - orders, held: 0n, sold: orders });
  expect(await shop.shelf(`${name}-b`)).toEqual({
    onHand: 1_000n - 2n * orders,
    held: 0n,
    sold: 2n * orders,
  });
  expect(await shop.balance(name)).toBe(100_000n - 30n * orders);
  await shop.expectCleanAudit();
}

test('300 callers who leave in the middle, each at another moment, find their one order when they ask again', async () => {
  await underSeed(async (random) => {
    await openWith('leaver');
    const ids = Array.from({ length: 300 }, (_, index) => `leaver:order:${index}`);

    const left = await Promise.all(
      ids.map(async (id, index) => {
        const leaving = AbortSignal.timeout(random.whole(0, 400));
        return askOnce(placing('leaver', index % 2 ? 'order' : 'order-2'), id, { signal: leaving });
      }),
    );
    // Otherwise nobody left, and nothing was tried.
    expect(left.filter(({ kind }) => kind === 'unknown').length).toBeGreaterThan(30);
    const answers = await Promise.all(
      ids.map((id) => insist(placing('leaver', random.pick(['order', 'order-2'])), id)),
    );

    expect(tally(answers.map(endOf))).toEqual({ done: 300 });
    for (const [index, answer] of answers.entries()) {
      const heardBefore = left[index];
      if (heardBefore?.kind === 'done') expect(textOf(heardBefore)).toBe(textOf(answer));
    }
    await expectSold('leaver', 300n);
  });
});

test('300 callers with a deadline that is too short, each with another, find their one withdrawal when they ask again', async () => {
  await underSeed(async (random) => {
    await shop.openAccount('hasty', 100_000n);
    const request = { accountId: 'hasty', amount: { amountMinorUnits: 50n, currency } };
    const withdrawAt = (process: string): Call<unknown> => {
      return (options) => shop.payment(process).withdraw(request, options);
    };
    const ids = Array.from({ length: 300 }, (_, index) => `hasty:withdraw:${index}`);

    const hasty = await Promise.all(
      ids.map((id) =>
        askOnce(withdrawAt(random.pick(['payment', 'payment-2'])), id, { timeoutMs: random.whole(1, 60) }),
      ),
    );
    expect(hasty.filter(({ kind }) => kind === 'unknown').length).toBeGreaterThan(30);
    const answers = await Promise.all(
      ids.map((id) => insist(withdrawAt(random.pick(['payment', 'payment-2'])), id)),
    );

    expect(tally(answers.map(endOf))).toEqual({ done: 300 });
    expect(await shop.balance('hasty')).toBe(85_000n);
  });
});

test('an order process that is killed right after its answer left has lost nothing', async () => {
  await openWith('answered');

  const heard: string[] = [];
  for (let round = 0; round < 5; round += 1) {
    const pid = suite.pid('order') ?? 0;
    const answer = await insist(placing('answered'), `answered:order:${round}`);
    process.kill(pid, 'SIGKILL');
    heard.push(textOf(answer));
    await vi.waitFor(() => expect(suite.pid('order')).toBeUndefined(), 15_000);
    await suite.restart('order');
  }

  const again: Definite<unknown>[] = [];
  for (let round = 0; round < 5; round += 1)
    again.push(await insist(placing('answered'), `answered:order:${round}`));
  expect(again.map(textOf)).toEqual(heard);
  expect(again.map(({ kind, replayed }) => `${kind} ${replayed}`)).toEqual(Array(5).fill('done true'));
  await expectSold('answered', 5n);
});

test('when both order processes are killed in the middle of 60 orders, each order has one end, whoever is asked', async () => {
  await openWith('both');
  const ids = Array.from({ length: 60 }, (_, index) => `both:order:${index}`);

  const placed = ids.map((id, index) => insist(placing('both', index % 2 ? 'order' : 'order-2'), id));
  await vi.waitFor(async () => expect((await shop.shelf('both-a')).onHand).toBeLessThan(1_000n), {
    interval: 1,
  });
  await Promise.all([suite.kill('order'), suite.kill('order-2')]);
  // With nobody of it left: what is held and charged waits.
  await clock.sleep(200);
  await Promise.all([suite.restart('order'), suite.restart('order-2')]);

  const answers = await Promise.all(placed);
  expect(tally(answers.map(endOf))).toEqual({ done: 60 });
  for (const process of ['order', 'order-2']) {
    const again = await Promise.all(ids.map((id) => insist(placing('both', process), id)));
    expect(again.map(textOf)).toEqual(answers.map(textOf));
  }
  await expectSold('both', 60n);
});

test('when the database is killed between placed and confirmed, 60 orders come to their one end all the same', async () => {
  await openWith('between');
  const ids = Array.from({ length: 60 }, (_, index) => `between:order:${index}`);

  await Promise.all([suite.kill('payment'), suite.kill('payment-2')]);
  const placed = ids.map((id) => insist(placing('between'), id));
  await vi.waitFor(async () => expect((await shop.shelf('between-a')).held).toBe(60n), 10_000);
  await suite.killDatabase();
  await suite.restartDatabase();
  await Promise.all([suite.restart('payment'), suite.restart('payment-2')]);

  const answers = await Promise.all(placed);
  expect(tally(answers.map(endOf))).toEqual({ done: 60 });
  await expectSold('between', 60n);
});

test('the whole suite killed at once, in the middle of 60 orders, comes back with one end for each', async () => {
  await openWith('all');
  const ids = Array.from({ length: 60 }, (_, index) => `all:order:${index}`);

  const placed = ids.map((id, index) => insist(placing('all', index % 2 ? 'order' : 'order-2'), id));
  await vi.waitFor(async () => expect((await shop.shelf('all-a')).onHand).toBeLessThan(1_000n), {
    interval: 1,
  });
  const services = ['order', 'order-2', 'inventory', 'payment', 'payment-2'];
  await Promise.all(['database', ...services].map((name) => suite.kill(name)));
  await suite.restartDatabase();
  await Promise.all(services.map((name) => suite.restart(name)));

  const answers = await Promise.all(placed);
  expect(tally(answers.map(endOf))).toEqual({ done: 60 });
  const again = await Promise.all(ids.map((id) => insist(placing('all', 'order-2'), id)));
  expect(again.map(textOf)).toEqual(answers.map(textOf));
  await expectSold('all', 60n);
});
