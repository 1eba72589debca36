// Each service dies right before and right after each write, step and answer of a refund by line, and of the cancel that
// comes after one. Then it is started again, and whoever asks is told the same; every unit and every cent went back once.

import { beforeAll, beforeEach, expect, test } from 'vitest';
import { deriveId } from '../../shared/idempotency/index.ts';
import type { Call } from '../support/answers.ts';
import { insist } from '../support/answers.ts';
import { answers, type DeathPoint, steps, writes } from '../support/death-points.ts';
import { createDyingOrders, type DyingOrders } from '../support/dying-orders.ts';
import { openShop, type Shop } from '../support/shop.ts';
import { startSuite } from '../support/suite.ts';

let orders: DyingOrders;
let shop: Shop;

beforeAll(async () => {
  const suite = await startSuite();
  shop = openShop(suite);
  orders = createDyingOrders(suite, shop);
});

beforeEach(() => orders.revive());

const orderIdOf = (name: string) => deriveId('order', 'anonymous', 'PlaceOrder', `place:${name}`);

/** One of two `<name>-a`, at 450. */
const refunding =
  (name: string, backOnSale: boolean): Call<unknown> =>
  (options) => {
    const lines = [{ sku: `${name}-a`, quantity: 1 }];
    return shop.order().refundOrderLines({ orderId: orderIdOf(name), lines, backOnSale }, options);
  };

const refundPoints: readonly DeathPoint[] = [
  ...writes('order', ['refund_asked', 'refunded']),
  ...steps(['return_stock', 'refund_payment']),
  ...answers('order', ['RefundOrderLines']),
  ...writes('inventory', ['return-requested', 'units-taken-back', 'return-settled']),
  ...answers('inventory', ['ReturnStock']),
  ...writes('payment', ['refunded']),
  ...answers('payment', ['RefundPayment']),
];

test.each(refundPoints.map((each, index) => ({ ...each, index })))(
  '$process dies at $point while a line of an order is refunded',
  async ({ index, ...each }) => {
    const name = `refund-${index}`;
    await orders.sold(name, 10_000n);
    const answer = await orders.dieDuring(each, `refund:${name}`, refunding(name, true));
    expect(answer).toMatchObject({
      kind: 'done',
      response: { refund: { amount: { amountMinorUnits: 450n } } },
    });
    await orders.expectBooks(name, {
      a: '9 on hand, 0 held, 1 sold',
      b: '9 on hand, 0 held, 1 sold',
      balance: 8_350n,
    });
  },
);

/** Where such a cancel differs from any other: failpoints-order.test.ts and failpoints-steps.test.ts have the rest. */
const cancelPoints: readonly DeathPoint[] = [
  ...steps(['undo_reserve_stock']),
  ...writes('inventory', ['reservation-released', 'units-returned']),
  ...writes('payment', ['cancelled']),
];

test.each(cancelPoints.map((each, index) => ({ ...each, index })))(
  '$process dies at $point while an order is cancelled of which a broken unit went back before',
  async ({ index, ...each }) => {
    const name = `rest-${index}`;
    await orders.sold(name, 10_000n);
    await insist(refunding(name, false), `refund:${name}`);
    const cancel: Call<unknown> = (options) =>
      shop.order().cancelOrder({ orderId: orderIdOf(name) }, options);
    expect(await orders.dieDuring(each, `cancel:${name}`, cancel)).toMatchObject({ kind: 'done' });
    await orders.expectBooks(name, {
      a: '9 on hand, 0 held, 0 sold',
      b: '10 on hand, 0 held, 0 sold',
      balance: 10_000n,
    });
  },
);

test.each(writes('inventory', ['units-written-off']))(
  '$process dies at $point while a broken unit goes back',
  async ({ process, point }) => {
    const name = `broken-${point.includes('before') ? 'before' : 'after'}`;
    await orders.sold(name, 10_000n);
    const answer = await orders.dieDuring({ process, point }, `refund:${name}`, refunding(name, false));
    expect(answer.kind).toBe('done');
    await orders.expectBooks(name, {
      a: '8 on hand, 0 held, 1 sold',
      b: '9 on hand, 0 held, 1 sold',
      balance: 8_350n,
    });
  },
);

const standing: Readonly<Record<string, (name: string) => Call<unknown>>> = {
  frozen: (accountId) => (options) => shop.payment().freezeAccount({ accountId, reason: 'a test' }, options),
  unfrozen: (accountId) => (options) => shop.payment().unfreezeAccount({ accountId }, options),
  closed: (accountId) => (options) => shop.payment().closeAccount({ accountId, reason: 'a test' }, options),
  reopened: (accountId) => (options) => shop.payment().reopenAccount({ accountId }, options),
};
/** What an account goes through, and how it stands after each. */
const life = [
  ['frozen', 2],
  ['unfrozen', 1],
  ['closed', 3],
  ['reopened', 1],
] as const;

test.each(['journal.before_insert', 'journal.after_insert'])(
  'payment dies at %s of each change of an account’s standing, which happens once',
  async (place) => {
    const name = `standing-${place.replace('journal.', '').replace('_', '-')}`;
    await shop.openAccount(name, 0n);
    for (const [change, stands] of life) {
      const call = standing[change]?.(name);
      if (!call) throw new Error(`${change} is no change`);
      const point = { process: 'payment' as const, point: `${place}/${change}` };
      const answer = await orders.dieDuring(point, `${change}:${name}`, call);
      expect(answer).toMatchObject({ kind: 'done', response: { account: { standing: stands } } });
    }
    await shop.expectCleanAudit();
  },
);
