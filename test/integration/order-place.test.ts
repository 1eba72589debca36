// PlaceOrder over the three services on real databases: one order for one request id, and each refusal for ever.

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { OrderStatus } from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import { askOnce, type Call, done, textOf } from '../support/answers.ts';
import { eur, type OrderClient, type OrderSuite, orderOf, startOrderSuite } from '../support/order-suite.ts';

let suite: OrderSuite;
let alice: OrderClient;

beforeAll(async () => {
  suite = await startOrderSuite();
  alice = suite.order.client();
  await suite.stock('tea', 1_000n, eur(450n));
  await suite.stock('cup', 1_000n, eur(1_200n));
  await suite.openAccount('purse', 1_000_000n);
});
afterEach(() => suite.expectHeld());
afterAll(() => suite.stop());

type PlaceRequest = Parameters<OrderClient['placeOrder']>[0];
const place =
  (request: PlaceRequest, client = alice): Call<Awaited<ReturnType<OrderClient['placeOrder']>>> =>
  (options) =>
    client.placeOrder(request, options);

describe('an order', () => {
  test('is placed, paid and reserved once, and its replay is the same in every field and marked as one', async () => {
    await suite.stock('once-tea', 10n, eur(450n));
    await suite.stock('once-cup', 10n, eur(1_200n));
    await suite.openAccount('once', 10_000n);
    const request = orderOf('once', ['once-tea', 2], ['once-cup', 1]);

    const first = await askOnce(place(request), 'once-1234');
    expect(first).toMatchObject({
      kind: 'done',
      replayed: false,
      response: {
        order: {
          status: OrderStatus.CONFIRMED,
          lines: [
            { sku: 'once-tea', quantity: 2, unitPrice: eur(450n) },
            { sku: 'once-cup', quantity: 1, unitPrice: eur(1_200n) },
          ],
          total: eur(2_100n),
          accountId: 'once',
          cancelReason: '',
        },
      },
    });
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const again = await askOnce(place(request), 'once-1234');
      expect(again).toMatchObject({ kind: 'done', replayed: true });
      expect(textOf(again)).toBe(textOf(first));
      await suite.settle();
    }
    expect(await suite.balance('once')).toBe(7_900n);
    expect(await suite.shelf('once-tea')).toEqual([8n, 0n, 2n]);
    expect(await suite.shelf('once-cup')).toEqual([9n, 0n, 1n]);
  });

  test('asked for at once by a hundred duplicates is one order, and one of them is told that it is the first', async () => {
    await suite.openAccount('storm', 10_000n);
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => askOnce(place(orderOf('storm', ['tea', 2])), 'storm-1234')),
    );
    expect(new Set(answers.map(textOf)).size).toBe(1);
    expect(answers.filter((answer) => answer.kind === 'done' && !answer.replayed)).toHaveLength(1);
    expect(await suite.balance('storm')).toBe(9_100n);
  });

  test('of another message under the same request id is refused and changes nothing', async () => {
    await suite.openAccount('reuse', 10_000n);
    await done(place(orderOf('reuse', ['tea', 2])), 'reuse-1234');
    for (const other of [
      orderOf('reuse', ['tea', 3]),
      orderOf('reuse', ['cup', 2]),
      orderOf('purse', ['tea', 2]),
      orderOf('reuse', ['tea', 2], ['cup', 1]),
      { ...orderOf('reuse', ['tea', 2]), totalMax: eur(10_000n) },
    ]) {
      expect(await askOnce(place(other), 'reuse-1234')).toMatchObject({
        kind: 'refused',
        replayed: false,
        refusal: { code: 'FailedPrecondition', reason: 'REQUEST_ID_REUSED' },
      });
    }
    expect(await suite.balance('reuse')).toBe(9_100n);
  });

  test('of free items is confirmed without a payment', async () => {
    await suite.stock('leaflet', 10n, eur(0n));
    await suite.openAccount('free', 0n);
    const { order } = await done(place(orderOf('free', ['leaflet', 3])), 'free-1234');
    expect(order).toMatchObject({ status: OrderStatus.CONFIRMED, total: eur(0n) });
    await suite.settle();
    expect(await suite.shelf('leaflet')).toEqual([7n, 0n, 3n]);
    await expect(suite.payment.getPayment({ paymentId: order?.paymentId ?? '' })).rejects.toThrow(
      'no payment',
    );
  });

  test('of exactly the balance is taken, and of one minor unit more is refused', async () => {
    await suite.stock('gem', 10n, eur(1_001n));
    await suite.stock('pin', 10n, eur(1_000n));
    await suite.openAccount('exact', 1_000n);
    expect(await askOnce(place(orderOf('exact', ['gem', 1])), 'exact-above')).toMatchObject({
      kind: 'refused',
      refusal: {
        reason: 'INSUFFICIENT_FUNDS',
        metadata: { balance_minor_units: '1000', amount_minor_units: '1001' },
      },
    });
    await done(place(orderOf('exact', ['pin', 1])), 'exact-at-it');
    expect(await suite.balance('exact')).toBe(0n);
  });

  test('at its total_max is taken', async () => {
    const request = { ...orderOf('purse', ['tea', 2]), totalMax: eur(900n) };
    expect((await done(place(request), 'at-total-max')).order?.total).toMatchObject(eur(900n));
  });

  test('keeps the price at which its stock was held', async () => {
    await suite.stock('oil', 10n, eur(500n));
    const request = orderOf('purse', ['oil', 1]);
    const first = await askOnce(place(request), 'price-1234');
    await done(
      (o) => suite.inventory.putItem({ sku: 'oil', name: 'oil', price: eur(900n) }, o),
      'price-rise',
    );
    expect(textOf(await askOnce(place(request), 'price-1234'))).toBe(textOf(first));
  });
});

describe('a refused order', () => {
  interface Case {
    request: PlaceRequest;
    code: string;
    reason: string;
    metadata?: Record<string, string>;
  }
  const refusals: Record<string, Case> = {
    'too much of an item': {
      request: orderOf('purse', ['scarce', 3]),
      code: 'FailedPrecondition',
      reason: 'INSUFFICIENT_STOCK',
      metadata: { sku: 'scarce', on_hand: '2', asked: '3' },
    },
    'an item that is not there, after one that is': {
      request: orderOf('purse', ['tea', 1], ['nowhere', 1]),
      code: 'NotFound',
      reason: 'ITEM_NOT_FOUND',
      metadata: { sku: 'nowhere' },
    },
    'more than the account has': {
      request: orderOf('poor', ['tea', 1]),
      code: 'FailedPrecondition',
      reason: 'INSUFFICIENT_FUNDS',
      metadata: { account_id: 'poor', balance_minor_units: '10', amount_minor_units: '450' },
    },
    'an account that is not there': {
      request: orderOf('nobody', ['tea', 1]),
      code: 'NotFound',
      reason: 'ACCOUNT_NOT_FOUND',
      metadata: { account_id: 'nobody' },
    },
    'items in two currencies': {
      request: orderOf('purse', ['tea', 1], ['dollar-tea', 1]),
      code: 'FailedPrecondition',
      reason: 'CURRENCY_MISMATCH',
    },
    'an item in another currency than the account': {
      request: orderOf('purse', ['dollar-tea', 1]),
      code: 'FailedPrecondition',
      reason: 'CURRENCY_MISMATCH',
      metadata: { expected: 'EUR', given: 'USD' },
    },
    'a total_max in another currency': {
      request: { ...orderOf('purse', ['tea', 1]), totalMax: { amountMinorUnits: 9_999n, currency: 'USD' } },
      code: 'FailedPrecondition',
      reason: 'CURRENCY_MISMATCH',
    },
    'more than its total_max': {
      request: { ...orderOf('purse', ['tea', 2]), totalMax: eur(899n) },
      code: 'FailedPrecondition',
      reason: 'TOTAL_ABOVE_MAX',
      metadata: { total_minor_units: '900', currency: 'EUR' },
    },
  };

  beforeAll(async () => {
    await suite.stock('scarce', 2n);
    await suite.stock('dollar-tea', 10n, { amountMinorUnits: 500n, currency: 'USD' });
    await suite.openAccount('poor', 10n);
  });

  test.each(Object.entries(refusals))(
    'for %s gets the same refusal in every field for ever, and leaves nothing held or charged',
    async (title, { request, code, reason, metadata = {} }) => {
      const requestId = `refused-${Object.keys(refusals).indexOf(title)}`;
      const shelves = () => Promise.all(['tea', 'scarce', 'dollar-tea'].map((sku) => suite.shelf(sku)));
      const before = [await suite.balance('purse'), await suite.balance('poor'), await shelves()];
      const first = await askOnce(place(request), requestId);
      expect(first).toMatchObject({
        kind: 'refused',
        replayed: false,
        refusal: {
          code,
          reason,
          metadata: { ...metadata, order_id: expect.stringMatching(/^[0-9a-f]{32}$/) },
        },
      });
      expect([await suite.balance('purse'), await suite.balance('poor'), await shelves()]).toEqual(before);
      const again = await askOnce(place(request), requestId);
      expect(again).toMatchObject({ kind: 'refused', replayed: true });
      expect(textOf(again)).toBe(textOf(first));
    },
  );

  test('stays refused when the cause is gone, and can be placed under another request id', async () => {
    await suite.stock('soon', 0n);
    const request = orderOf('purse', ['soon', 1]);
    const first = await askOnce(place(request), 'soon-1234');
    expect(first).toMatchObject({ refusal: { reason: 'INSUFFICIENT_STOCK' } });
    await done((o) => suite.inventory.adjustStock({ sku: 'soon', delta: 5n }, o), 'soon-receive');
    expect(textOf(await askOnce(place(request), 'soon-1234'))).toBe(textOf(first));
    await done(place(request), 'soon-5678');
  });
});

describe('a request that cannot be right is refused before anything is recorded:', () => {
  test.each<[title: string, request: PlaceRequest, field: string]>([
    ['no lines', orderOf('purse'), 'lines'],
    ['no units', orderOf('purse', ['tea', 0]), 'lines[0].quantity'],
    ['a SKU twice', orderOf('purse', ['tea', 1], ['tea', 2]), 'lines[1].sku'],
    ['a bad SKU', orderOf('purse', ['a b', 1]), 'lines[0].sku'],
    ['a bad account', orderOf('no/such', ['tea', 1]), 'account_id'],
    ['the account of cards', orderOf('card', ['tea', 1]), 'account_id'],
    ['nobody who pays', { lines: [{ sku: 'tea', quantity: 1 }] }, 'payment_source'],
    ['a total_max below zero', { ...orderOf('purse', ['tea', 1]), totalMax: eur(-1n) }, 'total_max'],
  ])('%s', async (_title, request, field) => {
    expect(await askOnce(place(request), 'wrong-1234')).toMatchObject({
      kind: 'refused',
      refusal: { code: 'InvalidArgument', reason: 'FIELD_INVALID', metadata: { field } },
    });
    const lookedUp = await alice.lookupRequest({ requestId: 'wrong-1234' });
    expect(lookedUp).toMatchObject({ recorded: false });
  });

  test('a card, while there is no provider', async () => {
    const card = { case: 'card' as const, value: { paymentMethod: 'pm_1' } };
    const request = { ...orderOf('purse', ['tea', 1]), paymentSource: card };
    expect(await askOnce(place(request), 'card-1234')).toMatchObject({
      kind: 'unknown',
      why: expect.stringMatching(/^CARD_PAYMENTS_UNAVAILABLE/),
    });
    expect(await alice.lookupRequest({ requestId: 'card-1234' })).toMatchObject({ recorded: false });
  });
});
