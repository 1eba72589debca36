import { beforeAll, expect, test } from 'vitest';
import { type Call, done, endOf, insist, tally, textOf } from '../support/answers.ts';
import { randomFromEnvironment, underSeed } from '../support/seeded-random.ts';
import { currency, openShop, type Shop } from '../support/shop.ts';
import { startSuite } from '../support/suite.ts';

// Different requests that want the same thing at the same moment, at two processes of every service. Nothing dies here.

let shop: Shop;
const money = (amountMinorUnits: bigint) => ({ amountMinorUnits, currency });

beforeAll(async () => {
  const suite = await startSuite({ instances: { order: 2, inventory: 2, payment: 2 } });
  shop = openShop(suite);
});

test('of 300 orders at once for 100 units exactly 100 are confirmed, and nothing is left or negative', async () => {
  await shop.stock('scarce', 100n, 100n);
  await shop.openAccount('rich', 1_000_000n);
  const request = {
    paymentSource: { case: 'accountId' as const, value: 'rich' },
    lines: [{ sku: 'scarce', quantity: 1 }],
  };

  const answers = await Promise.all(
    Array.from({ length: 300 }, (_, index) => {
      const order = shop.order(index % 2 === 0 ? 'order' : 'order-2');
      return insist((options) => order.placeOrder(request, options), `scarce:order:${index}`);
    }),
  );

  expect(tally(answers.map(endOf))).toEqual({ done: 100, INSUFFICIENT_STOCK: 200 });
  await shop.settle();
  expect(await shop.shelf('scarce')).toEqual({ onHand: 0n, held: 0n, sold: 100n });
  expect(await shop.balance('rich')).toBe(990_000n);
  await shop.expectCleanAudit();
});

test('of 300 orders at once on an account for 100 of them exactly 100 are confirmed, and the stock of the others is back', async () => {
  await shop.stock('plenty', 1_000n, 100n);
  await shop.openAccount('limited', 10_050n);
  const request = {
    paymentSource: { case: 'accountId' as const, value: 'limited' },
    lines: [{ sku: 'plenty', quantity: 1 }],
  };

  const answers = await Promise.all(
    Array.from({ length: 300 }, (_, index) => {
      const order = shop.order(index % 2 === 0 ? 'order' : 'order-2');
      return insist((options) => order.placeOrder(request, options), `limited:order:${index}`);
    }),
  );

  expect(tally(answers.map(endOf))).toEqual({ done: 100, INSUFFICIENT_FUNDS: 200 });
  await shop.settle();
  expect(await shop.balance('limited')).toBe(50n);
  expect(await shop.shelf('plenty')).toEqual({ onHand: 900n, held: 0n, sold: 100n });
  await shop.expectCleanAudit();
});

test('in a storm of 50 ids with 20 duplicates each, some with another message, each id has one effect and one answer', async () => {
  const random = randomFromEnvironment();
  await shop.stock('stormy', 10_000n, 10n);
  await shop.openAccount('storm', 1_000_000n);
  const place = (process: string, quantity: number): Call<unknown> => {
    const request = {
      paymentSource: { case: 'accountId' as const, value: 'storm' },
      lines: [{ sku: 'stormy', quantity }],
    };
    return (options) => shop.order(process).placeOrder(request, options);
  };
  const asked = random.shuffled(
    Array.from({ length: 50 * 20 }, (_, index) => {
      const order = Math.floor(index / 20);
      // Every third order gets duplicates with another quantity under its id: whichever is recorded first wins.
      const quantity = order % 3 === 0 && random.chance(0.3) ? order + 101 : order + 1;
      return { order, quantity, process: random.pick(['order', 'order-2']) };
    }),
  );

  const answers = await Promise.all(
    asked.map(async ({ order, quantity, process }) => ({
      order,
      quantity,
      answer: await insist(place(process, quantity), `storm:order:${order}`),
    })),
  );

  let unitsSold = 0;
  for (let order = 0; order < 50; order += 1) {
    const mine = answers.filter((each) => each.order === order);
    const accepted = mine.filter(({ answer }) => answer.kind === 'done');
    const [winner, ...others] = [...new Set(accepted.map(({ quantity }) => quantity))];
    expect(others, `seed ${random.seed}, order ${order}`).toEqual([]);
    expect(new Set(accepted.map(({ answer }) => textOf(answer))).size, `seed ${random.seed}`).toBe(1);
    for (const { quantity, answer } of mine) {
      const expected = quantity === winner ? 'done' : 'REQUEST_ID_REUSED';
      expect(endOf(answer), `seed ${random.seed}, order ${order}`).toBe(expected);
    }
    unitsSold += winner ?? 0;
  }
  await shop.settle();
  expect(await shop.shelf('stormy')).toEqual({
    onHand: 10_000n - BigInt(unitsSold),
    held: 0n,
    sold: BigInt(unitsSold),
  });
  expect(await shop.balance('storm')).toBe(1_000_000n - 10n * BigInt(unitsSold));
  await shop.expectCleanAudit();
});

test('when reserve, commit and release of 100 reservations race at two processes, the release has the last word on every unit', async () => {
  await shop.stock('raced-a', 1_000n);
  await shop.stock('raced-b', 1_000n);
  const lines = [
    { sku: 'raced-a', quantity: 3 },
    { sku: 'raced-b', quantity: 2 },
  ];
  const calls = Array.from({ length: 100 }, (_, index) => {
    const reservationId = `raced-${index}`;
    return (['inventory', 'inventory-2'] as const).flatMap((process): [string, Call<unknown>][] => [
      [
        `reserve:${reservationId}`,
        (options) => shop.inventory(process).reserveStock({ reservationId, lines }, options),
      ],
      [
        `commit:${reservationId}`,
        (options) => shop.inventory(process).commitReservation({ reservationId }, options),
      ],
      [
        `release:${reservationId}`,
        (options) => shop.inventory(process).releaseReservation({ reservationId }, options),
      ],
    ]);
  }).flat();

  await expectRacedOnce(calls);

  expect(await shop.shelf('raced-a')).toEqual({ onHand: 1_000n, held: 0n, sold: 0n });
  expect(await shop.shelf('raced-b')).toEqual({ onHand: 1_000n, held: 0n, sold: 0n });
  await shop.expectCleanAudit();
});

test('when charge, refund and cancel of 100 payments race at two processes, the cancel has the last word on every cent', async () => {
  await shop.openAccount('raced', 100_000n);
  const calls = Array.from({ length: 100 }, (_, index) => {
    const paymentId = `raced.payment-${index}`;
    const source = { case: 'accountId' as const, value: 'raced' };
    return (['payment', 'payment-2'] as const).flatMap((process): [string, Call<unknown>][] => [
      [
        `create:${paymentId}`,
        (options) => shop.payment(process).createPayment({ paymentId, source, amount: money(70n) }, options),
      ],
      [
        `refund:${paymentId}`,
        (options) => shop.payment(process).refundPayment({ paymentId, amount: money(20n) }, options),
      ],
      [`cancel:${paymentId}`, (options) => shop.payment(process).cancelPayment({ paymentId }, options)],
    ]);
  }).flat();

  await expectRacedOnce(calls);

  expect(await shop.balance('raced')).toBe(100_000n);
  await shop.expectCleanAudit();
});

test('two processes that change one item in turn never work on an old state of it', async () => {
  await shop.stock('in-turn', 1_000n);

  const seen: bigint[] = [];
  for (let turn = 0; turn < 40; turn += 1) {
    const inventory = shop.inventory(turn % 2 === 0 ? 'inventory' : 'inventory-2');
    const { item } = await done(
      (options) => inventory.adjustStock({ sku: 'in-turn', delta: -5n }, options),
      `in-turn:adjust:${turn}`,
    );
    seen.push(item?.onHand ?? -1n);
  }

  expect(seen).toEqual(Array.from({ length: 40 }, (_, turn) => BigInt(995 - 5 * turn)));
});

test('two processes that change one account in turn never work on an old state of it, nor overdraw it', async () => {
  await shop.openAccount('in-turn', 1_000n);

  const seen: string[] = [];
  for (let turn = 0; turn < 12; turn += 1) {
    const payment = shop.payment(turn % 2 === 0 ? 'payment' : 'payment-2');
    const request = { accountId: 'in-turn', amount: money(100n) };
    const answer = await insist((options) => payment.withdraw(request, options), `in-turn:withdraw:${turn}`);
    seen.push(
      answer.kind === 'done' ? String(answer.response.account?.balance?.amountMinorUnits) : endOf(answer),
    );
  }

  expect(seen).toEqual([
    '900',
    '800',
    '700',
    '600',
    '500',
    '400',
    '300',
    '200',
    '100',
    '0',
    'INSUFFICIENT_FUNDS',
    'INSUFFICIENT_FUNDS',
  ]);
});

/** Makes all calls at once in any order; every answer of one request id is the same, then and later. */
async function expectRacedOnce(calls: readonly [requestId: string, call: Call<unknown>][]): Promise<void> {
  await underSeed(async (random) => {
    const heard = new Map<string, Set<string>>();
    const ask = async ([requestId, call]: [string, Call<unknown>]) => {
      const answer = await insist(call, requestId);
      heard.set(requestId, (heard.get(requestId) ?? new Set()).add(textOf(answer)));
    };
    await Promise.all(random.shuffled(calls).map(ask));
    await Promise.all(random.shuffled(calls).map(ask));
    expect([...heard].filter(([, texts]) => texts.size > 1)).toEqual([]);
  });
}
