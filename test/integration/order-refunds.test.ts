// RefundOrderLines on three services and real databases: a part of an order goes back once, whoever asks how often, whoever
// dies or cancels meanwhile.

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { OrderStatus } from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import { deriveId } from '../../shared/idempotency/index.ts';
import { type Answer, askOnce, insist, textOf } from '../support/answers.ts';
import {
  eur,
  type OrderClient,
  type OrderSuite,
  orderOf,
  soon,
  startOrderSuite,
} from '../support/order-suite.ts';
import { type Lines, openRefundShop } from '../support/refund-shop.ts';

let suite: OrderSuite;
let alice: OrderClient;

beforeAll(async () => {
  suite = await startOrderSuite();
  alice = suite.order.client();
});
afterEach(() => suite.expectHeld());
afterAll(() => suite.stop());

const shop = (name: string) => openRefundShop(suite, name);
const reasonOf = (answer: Answer<unknown>) =>
  answer.kind === 'refused' ? answer.refusal.reason : answer.kind;

describe('a refund by line', () => {
  test('gives back the price of the units and puts them back on sale, and says what it did', async () => {
    const { a, b, place, refund, books, orderId } = await shop('part');
    await place();
    const answer = await refund('1', [
      [a, 1],
      [b, 2],
    ]);
    expect(answer).toMatchObject({
      kind: 'done',
      response: {
        refund: {
          refundId: deriveId('refund', 'alice', 'RefundOrderLines', 'refund-part-1'),
          lines: [
            { sku: a, quantity: 1, unitPrice: eur(450n) },
            { sku: b, quantity: 2, unitPrice: eur(100n) },
          ],
          amount: eur(650n),
          backOnSale: true,
          reason: 'does not fit',
        },
        order: { status: OrderStatus.CONFIRMED, total: eur(1_550n), refunded: eur(650n) },
      },
    });
    expect(await books()).toEqual({ balance: 4_100n, a: [8n, 0n, 2n], b: [10n, 0n, 0n] });
    const { order } = await alice.getOrder({ orderId });
    expect(order).toMatchObject({
      status: OrderStatus.CONFIRMED,
      refunded: eur(650n),
      lines: [{ refundedQuantity: 1 }, { refundedQuantity: 2 }],
      needsAttention: '',
    });
  });

  test('writes off what cannot be sold again', async () => {
    const { a, place, refund, books } = await shop('broken');
    await place();
    await refund('1', [[a, 2]], { backOnSale: false });
    expect(await books()).toEqual({ balance: 4_350n, a: [7n, 0n, 1n], b: [8n, 0n, 2n] });
  });

  test('asked for a hundred times at once, at two processes, happens once and says the same each time', async () => {
    const { a, place, refund, books } = await shop('storm');
    await place();
    const other = await suite.startOrder();
    const told = await Promise.all(
      Array.from({ length: 100 }, (_, n) =>
        refund('1', [[a, 1]], { client: n % 2 === 0 ? alice : other.client() }),
      ),
    );
    expect(new Set(told.map(textOf)).size).toBe(1);
    expect(await books()).toMatchObject({ balance: 3_900n, a: [8n, 0n, 2n] });
    await other.stop();
  });

  test('never gives back more than was bought, however many are asked for at once', async () => {
    const { a, place, refund, books } = await shop('many');
    await place();
    const other = await suite.startOrder();
    const told = await Promise.all(
      Array.from({ length: 12 }, (_, n) =>
        refund(`${n}`, [[a, 1]], { client: n % 2 === 0 ? alice : other.client() }),
      ),
    );
    const counts = Map.groupBy(told.map(reasonOf), (reason) => reason);
    expect(counts.get('done')).toHaveLength(3);
    expect(counts.get('REFUND_EXCEEDS_ORDERED')).toHaveLength(9);
    expect(await books()).toEqual({ balance: 4_800n, a: [10n, 0n, 0n], b: [8n, 0n, 2n] });
    await other.stop();
  });

  test('at once with the order’s own end, before its stock is sold, waits for the sale', async () => {
    const { a, place, refund, books } = await shop('early');
    const held = suite.order.holdAt('saga.before_step', 'commit_reservation');
    await place();
    await held.reached;
    const refunding = refund('1', [[a, 1]]);
    held.release();
    expect(await refunding).toMatchObject({ kind: 'done' });
    expect(await books()).toMatchObject({ balance: 3_900n, a: [8n, 0n, 2n] });
  });

  test('of an order that costs nothing moves units and no money', async () => {
    await suite.stock('gift', 10n, eur(0n));
    await suite.openAccount('gift', 1n);
    const orderId = deriveId('order', 'alice', 'PlaceOrder', 'place-gift');
    await insist((o) => alice.placeOrder(orderOf('gift', ['gift', 2]), o), 'place-gift');
    const request = { orderId, lines: [{ sku: 'gift', quantity: 1 }], backOnSale: true };
    expect(await insist((o) => alice.refundOrderLines(request, o), 'refund-gift')).toMatchObject({
      response: { refund: { amount: eur(0n) } },
    });
    expect(await suite.shelf('gift')).toEqual([9n, 0n, 1n]);
  });

  test('is refused for another caller’s order, one that is not confirmed, and more than there is; and stays so', async () => {
    const { a, place, refund, cancel, orderId } = await shop('no');
    const bob = suite.order.client('bob');
    expect(reasonOf(await refund('early', [[a, 1]]))).toBe('ORDER_NOT_FOUND');
    await place();
    expect(reasonOf(await refund('bob', [[a, 1]], { client: bob }))).toBe('ORDER_NOT_FOUND');
    const tooMany = await refund('much', [[a, 4]]);
    expect(tooMany).toMatchObject({
      refusal: {
        reason: 'REFUND_EXCEEDS_ORDERED',
        metadata: { order_id: orderId, sku: a, refundable: '3', asked: '4' },
      },
    });
    await cancel();
    expect(reasonOf(await refund('late', [[a, 1]]))).toBe('ORDER_NOT_CONFIRMED');
    expect(textOf(await refund('much', [[a, 4]]))).toBe(textOf(tooMany));
  });

  test('must say whether the units can be sold again: neither is taken for granted', async () => {
    const { a, place, orderId, books } = await shop('unsaid');
    await place();
    const unsaid = { orderId, lines: [{ sku: a, quantity: 1 }] };
    expect(await insist((o) => alice.refundOrderLines(unsaid, o), 'refund-unsaid')).toMatchObject({
      refusal: { reason: 'FIELD_INVALID' },
    });
    expect(await books()).toMatchObject({ balance: 3_450n });
  });

  test('refuses one SKU in two lines', async () => {
    const { a, place, refund } = await shop('double');
    await place();
    const twice: Lines = [
      [a, 1],
      [a, 1],
    ];
    expect(await refund('1', twice)).toMatchObject({ refusal: { reason: 'FIELD_INVALID' } });
  });
});

describe('a process that dies', () => {
  test.each([
    ['saga.before_step', 'return_stock'],
    ['saga.after_step', 'return_stock'],
    ['saga.before_step', 'refund_payment'],
    ['saga.after_step', 'refund_payment'],
    ['journal.before_insert', 'refunded'],
    ['journal.after_insert', 'refund_asked'],
  ])(
    'at %s %s leaves a refund that another process ends, and its caller finds it done',
    async (place, detail) => {
      const name = `dies-${place.replaceAll('.', '-').replaceAll('_', '-')}-${detail.replaceAll('_', '-')}`;
      const { a, place: placeOrder, refund, books } = await shop(name);
      const mortal = await suite.startOrder();
      await placeOrder();
      await suite.settle();
      const dead = mortal.dieAt(place, detail);
      const request = {
        orderId: deriveId('order', 'alice', 'PlaceOrder', `place-${name}`),
        lines: [{ sku: a, quantity: 1 }],
        backOnSale: true,
        reason: 'does not fit',
      };
      const asking = askOnce((o) => mortal.client().refundOrderLines(request, o), `refund-${name}-1`, {
        timeoutMs: 2_000,
      });
      await dead;
      expect((await asking).kind).toBe('unknown');
      await mortal.kill();
      expect(await refund('1', [[a, 1]])).toMatchObject({ kind: 'done' });
      expect(await books()).toEqual({ balance: 3_900n, a: [8n, 0n, 2n], b: [8n, 0n, 2n] });
    },
  );

  test('leaves a refund that the sweeper ends, though nobody asks again', async () => {
    const { a, place, books, orderId } = await shop('swept');
    const mortal = await suite.startOrder();
    await place();
    await suite.settle();
    const dead = mortal.dieAt('saga.before_step', 'refund_payment');
    const request = { orderId, lines: [{ sku: a, quantity: 1 }], backOnSale: true };
    void askOnce((o) => mortal.client().refundOrderLines(request, o), 'refund-swept-1', { timeoutMs: 2_000 });
    await dead;
    await mortal.kill();
    await expect.poll(books, soon).toEqual({ balance: 3_900n, a: [8n, 0n, 2n], b: [8n, 0n, 2n] });
  });
});

test('a watcher sees the refund being decided and being done', async () => {
  const { a, place, refund, orderId } = await shop('watched');
  await place();
  await refund('1', [[a, 1]]);
  const events: string[] = [];
  for await (const { event } of alice.watchOrder({ orderId })) events.push(event);
  expect(events).toEqual(['placed', 'confirmed', 'completed', 'refund_asked', 'refunded']);
});
