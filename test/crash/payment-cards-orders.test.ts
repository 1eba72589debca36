// Orders by card, through the whole suite as real processes: the provider misbehaves in each of its ways, and each process
// is killed with -9 in the middle. Afterwards the provider's books, asked directly, show one charge for each confirmed
// order, and nothing kept of any other.

import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Misbehaviour, misbehaviours } from '../../provider-simulator/misbehaviour.ts';
import { OrderStatus } from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import { askOnce, type Call, type Definite, done, endOf, insist } from '../support/answers.ts';
import { openShop, type Shop } from '../support/shop.ts';
import { startSuite, type TestSuite } from '../support/suite.ts';

let suite: TestSuite;
let shop: Shop;

const processes = ['database', 'provider', 'inventory', 'payment', 'order'] as const;

/** The provider has forgotten a key when both are over. */
async function startWith(keyLifetimeMs: number, arrivalMs: number): Promise<void> {
  suite = await startSuite({
    cards: true,
    settings: {
      PROVIDER_TIMEOUT_MS: '500',
      PROVIDER_LATE_MS: '700',
      PROVIDER_SEARCH_LAG_MS: '100',
      PROVIDER_KEY_LIFETIME_MS: String(keyLifetimeMs),
      PROVIDER_ARRIVAL_MS: String(arrivalMs),
      PROVIDER_KEY_FORGET_MS: String(keyLifetimeMs + arrivalMs),
    },
  });
  shop = openShop(suite);
  await shop.stock('book', 10_000n, 1_500n);
}

// A test that failed half-way must not take the others along.
beforeEach(async () => {
  for (const name of processes) if (suite.pid(name) === undefined) await suite.restart(name);
});

afterEach(async () => {
  await shop.settle();
  await shop.expectCleanAudit();
  expect((await booksNow()).chargedTwice).toEqual([]);
});

interface Books {
  readonly payments: readonly {
    readonly taken: number;
    readonly metadata: { readonly payment?: string };
    readonly refunds: readonly { readonly amount: number; readonly status: string }[];
  }[];
  readonly chargedTwice: readonly string[];
}

async function booksNow(): Promise<Books> {
  const response = await fetch(`${suite.address('provider')}/admin/books`);
  return (await response.json()) as Books;
}

/** How often the provider charged the order, and what it keeps of it. */
async function heldFor(orderId: string): Promise<string> {
  const { payments } = await booksNow();
  const charges = payments.filter(
    ({ metadata, taken }) => metadata.payment?.endsWith(`card.${orderId}`) && taken > 0,
  );
  const kept = charges.reduce(
    (sum, { taken, refunds }) => sum + taken - refunds.reduce((back, { amount }) => back + amount, 0),
    0,
  );
  return `${charges.length} charges, ${kept} kept`;
}

const byCard = (paymentMethod: string) => ({
  paymentSource: { case: 'card' as const, value: { paymentMethod } },
  lines: [{ sku: 'book', quantity: 2 }],
});
const place = (kind: Misbehaviour, id: string) =>
  insist((options) => shop.order().placeOrder(byCard(`pm_sim_${kind}`), options), id);

/** It did nothing and remembers a 500: in the end it is known that nothing was taken. */
const endOfOrder = (kind: Misbehaviour) => (kind === 'error_before' ? 'PAYMENT_DECLINED' : 'done');
const booksOfOrder = (kind: Misbehaviour) =>
  kind === 'error_before' ? '0 charges, 0 kept' : '1 charges, 3000 kept';

const orderIdOf = (answer: Definite<{ order?: { orderId: string } | undefined }>): string =>
  (answer.kind === 'done' ? answer.response.order?.orderId : answer.refusal.metadata['order_id']) ?? '';

/** One order for each misbehaviour, all at once, while `meanwhile` goes on. */
async function placeAll(
  name: string,
  kinds: readonly Misbehaviour[],
  meanwhile: () => Promise<void> = async () => undefined,
) {
  const placing = kinds.map(async (kind) => ({ kind, answer: await place(kind, `${name}:${kind}`) }));
  await meanwhile();
  return Promise.all(placing);
}

async function expectRight(placed: Awaited<ReturnType<typeof placeAll>>): Promise<void> {
  await shop.settle();
  const found = await Promise.all(
    placed.map(async ({ kind, answer }) => `${kind}: ${endOf(answer)}, ${await heldFor(orderIdOf(answer))}`),
  );
  expect(found).toEqual(placed.map(({ kind }) => `${kind}: ${endOfOrder(kind)}, ${booksOfOrder(kind)}`));
}

describe('a provider whose memory ends soon', () => {
  // What takes a day at a real one takes seconds here; long enough for a busy machine to ask again before it is over.
  beforeAll(() => startWith(6_000, 6_000));

  test('ends each order confirmed and charged once, or declined and not charged, in whichever way it misbehaves', async () => {
    await expectRight(await placeAll('plain:order', misbehaviours));
  });

  test('keeps nothing of an order that is cancelled while nobody knows', async () => {
    const kept = await Promise.all(
      misbehaviours.map(async (kind) => {
        const id = `cancel:order:${kind}`;
        const place: Call<unknown> = (options) =>
          shop.order().placeOrder(byCard(`pm_sim_${kind}`), { ...options, timeoutMs: 150 });
        await askOnce(place, id);
        const { orderId } = await done((options) => shop.order().lookupRequest({ requestId: id }, options));
        const { order } = await done(
          (options) => shop.order().cancelOrder({ orderId }, options),
          `${id}:cancel`,
        );
        expect(order?.status).toBe(OrderStatus.CANCELLED);
        return `${kind}: ${(await heldFor(orderId)).replace(/^[01] charges/, 'at most 1 charge')}`;
      }),
    );
    expect(kept).toEqual(misbehaviours.map((kind) => `${kind}: at most 1 charge, 0 kept`));
  });
});

describe('a provider that remembers', () => {
  /** Of the other one nobody can know more before it forgets. */
  const kinds = misbehaviours.filter((kind) => kind !== 'error_before');
  beforeAll(() => startWith(120_000, 120_000));

  // At the provider the third time: some payments are before the place by then, some behind it. A flush has several of them.
  test.each([
    ['journal.after_insert/requested', 'exit'],
    ['card.before_provider/capture', 'exit@3'],
    ['card.after_provider/capture', 'exit@3'],
    ['journal.before_insert/card_captured', 'exit'],
    ['journal.after_insert/card_captured', 'exit'],
  ])('charges each order once when the payment process is killed at %s', async (point, end) => {
    await suite.kill('payment', 'SIGTERM');
    await suite.restart('payment', { FAILPOINTS: `${point}=${end}` });
    const placed = await placeAll(`killed:${point.replaceAll(/[^a-z]/g, '-')}`, kinds, async () => {
      await vi.waitFor(() => expect(suite.pid('payment')).toBeUndefined(), { timeout: 20_000 });
      await suite.restart('payment');
    });
    await expectRight(placed);
  });

  test.each(processes)('charges each order once when %s is killed in the middle', async (name) => {
    const asked = async () => (await booksNow()).payments.length;
    const before = await asked();
    const placed = await placeAll(`middle:${name}`, kinds, async () => {
      await expect.poll(asked).toBeGreaterThan(before);
      await suite.kill(name);
      await suite.restart(name);
    });
    await expectRight(placed);
  });
});
