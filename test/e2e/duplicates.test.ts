import { beforeAll, expect, test } from 'vitest';
import { type Answer, askOnce, type Call, done, endOf, insist, tally, textOf } from '../support/answers.ts';
import { randomFromEnvironment, underSeed } from '../support/seeded-random.ts';
import { currency, openShop, type Shop } from '../support/shop.ts';
import { startSuite } from '../support/suite.ts';

// Two processes of every service on one database, and a crowd that all ask at once. Nothing dies here.

let shop: Shop;
const money = (amountMinorUnits: bigint) => ({ amountMinorUnits, currency });

beforeAll(async () => {
  const suite = await startSuite({ instances: { order: 2, inventory: 2, payment: 2 } });
  shop = openShop(suite);
});

/** Asks `count` times at once under one request id, in turn at each of the processes. */
function crowd<T>(count: number, requestId: string, processes: readonly Call<T>[]): Promise<Answer<T>[]> {
  return Promise.all(
    Array.from({ length: count }, (_, index) =>
      askOnce(processes[index % processes.length] as Call<T>, requestId),
    ),
  );
}

/** Equal in every field, and all but the first one marked as a replay. */
function expectOneAnswer<T>(answers: readonly Answer<T>[], kind: 'done' | 'refused'): Answer<T> {
  expect(Object.values(tally(answers.map(textOf)))).toEqual([answers.length]);
  const [first] = answers;
  expect(first?.kind).toBe(kind);
  expect(answers.filter((answer) => answer.kind !== 'unknown' && !answer.replayed)).toHaveLength(1);
  return first as Answer<T>;
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
      return askOnce((options) => order.placeOrder(request, options), `scarce:order:${index}`);
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
      return askOnce((options) => order.placeOrder(request, options), `limited:order:${index}`);
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
      answer: await askOnce(place(process, quantity), `storm:order:${order}`),
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
    const answer = await askOnce((options) => payment.withdraw(request, options), `in-turn:withdraw:${turn}`);
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
