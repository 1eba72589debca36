import { beforeAll, expect, test } from 'vitest';
import { OrderStatus } from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import { askOnce, done, insist } from '../support/answers.ts';
import { openShop, type Shop } from '../support/shop.ts';
import { startSuite, type TestSuite } from '../support/suite.ts';

// Orders paid by card, with the simulated provider as a process. What the provider's books say is asked of it directly.

let suite: TestSuite;
let shop: Shop;

interface ProviderPayment {
  readonly status: string;
  readonly taken: number;
  readonly metadata: { readonly payment?: string };
  readonly refunds: readonly { readonly amount: number }[];
}

beforeAll(async () => {
  suite = await startSuite({ cards: true });
  shop = openShop(suite);
  await shop.stock('book', 100n, 1_500n);
});

const byCard = (paymentMethod: string) => ({
  paymentSource: { case: 'card' as const, value: { paymentMethod } },
  lines: [{ sku: 'book', quantity: 2 }],
});

/** What the provider took for the order and did not give back, and how often it took anything. */
async function takenFor(orderId: string): Promise<{ charges: number; net: number }> {
  const response = await fetch(`${suite.address('provider')}/admin/books`);
  const { payments } = (await response.json()) as { payments: ProviderPayment[] };
  const ours = payments.filter(({ metadata }) => metadata.payment?.endsWith(`card.${orderId}`));
  const taken = ours.filter(({ taken: amount }) => amount > 0);
  const net = taken.reduce(
    (sum, { taken: amount, refunds }) =>
      sum + amount - refunds.reduce((all, refund) => all + refund.amount, 0),
    0,
  );
  return { charges: taken.length, net };
}

test('an order by card is charged once by the provider, however often it is asked', async () => {
  const place = () =>
    insist((options) => shop.order().placeOrder(byCard('pm_card_visa'), options), 'card:order:1');
  const answers = await Promise.all([place(), place(), place()]);
  const { order } = await done(
    (options) => shop.order().placeOrder(byCard('pm_card_visa'), options),
    'card:order:1',
  );
  expect(answers.every((answer) => answer.kind === 'done')).toBe(true);
  expect(order).toMatchObject({
    status: OrderStatus.CONFIRMED,
    accountId: '',
    total: { amountMinorUnits: 3_000n },
  });
  expect(await takenFor(order?.orderId ?? '')).toEqual({ charges: 1, net: 3_000 });
  await shop.settle();
  await shop.expectCleanAudit();
});

test('a declined card is the same refusal each time, and leaves nothing held or taken', async () => {
  const ask = () =>
    askOnce((options) => shop.order().placeOrder(byCard('pm_card_chargeDeclined'), options), 'card:order:2');
  const [first, again] = [await ask(), await ask()];
  expect(first).toMatchObject({ kind: 'refused', refusal: { reason: 'PAYMENT_DECLINED' } });
  expect(again).toMatchObject({ kind: 'refused', refusal: { reason: 'PAYMENT_DECLINED' }, replayed: true });
  await shop.settle();
  expect((await shop.shelf('book')).held).toBe(0n);
  await shop.expectCleanAudit();
});

test('the cancel of a confirmed order gives the card its money back, once', async () => {
  const { order } = await done(
    (options) => shop.order().placeOrder(byCard('pm_card_visa'), options),
    'card:order:3',
  );
  const orderId = order?.orderId ?? '';
  const cancel = () => insist((options) => shop.order().cancelOrder({ orderId }, options), 'card:cancel:3');
  const answers = await Promise.all([cancel(), cancel()]);
  expect(answers.every((answer) => answer.kind === 'done')).toBe(true);
  expect(await takenFor(orderId)).toEqual({ charges: 1, net: 0 });
  await shop.settle();
  await shop.expectCleanAudit();
});

test('a payment service killed while the provider is asked charges once', async () => {
  const placed = insist(
    (options) => shop.order().placeOrder(byCard('pm_card_visa'), options),
    'card:order:4',
  );
  await suite.kill('payment');
  await suite.restart('payment');
  const answer = await placed;
  expect(answer.kind).toBe('done');
  const { order } = await done(
    (options) => shop.order().placeOrder(byCard('pm_card_visa'), options),
    'card:order:4',
  );
  expect(await takenFor(order?.orderId ?? '')).toEqual({ charges: 1, net: 3_000 });
  await shop.settle();
  await shop.expectCleanAudit();
});
