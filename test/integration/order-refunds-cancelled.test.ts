// CancelOrder after, during and beside refunds by line: everything comes back, once, and what was written off stays so.

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { OrderStatus } from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import { deriveId } from '../../shared/idempotency/index.ts';
import { type Answer, askOnce, insist, textOf } from '../support/answers.ts';
import { eur, type OrderClient, type OrderSuite, orderOf, startOrderSuite } from '../support/order-suite.ts';
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

describe('a cancel after a refund', () => {
  test('gives back the rest, of the money and of the units, and PlaceOrder still says what it said', async () => {
    const { a, b, place, refund, cancel, books } = await shop('rest');
    const placed = await place();
    const lines: Lines = [
      [a, 1],
      [b, 1],
    ];
    const refunded = await refund('1', lines, { backOnSale: false });
    expect(await cancel()).toMatchObject({
      response: { order: { status: OrderStatus.CANCELLED, refunded: eur(550n) } },
    });
    // The two that were written off stay so.
    expect(await books()).toEqual({ balance: 5_000n, a: [9n, 0n, 0n], b: [9n, 0n, 0n] });
    expect(textOf(await place())).toBe(textOf(placed));
    expect(textOf(await refund('1', lines, { backOnSale: false }))).toBe(textOf(refunded));
  });

  test('of everything finds nothing left to give back', async () => {
    const { a, b, place, refund, cancel, books } = await shop('all');
    await place();
    await refund('1', [
      [a, 3],
      [b, 2],
    ]);
    await cancel();
    expect(await books()).toEqual({ balance: 5_000n, a: [10n, 0n, 0n], b: [10n, 0n, 0n] });
  });

  test.each(['return_stock', 'refund_payment'])(
    'that comes while %s of the refund is due gives back all of it, once, and what was written off stays so',
    async (step) => {
      const { a, place, refund, cancel, books } = await shop(`amid-${step.replace('_', '-')}`);
      await place();
      await suite.settle();
      const held = suite.order.holdAt('saga.before_step', step);
      const refunding = refund('1', [[a, 2]], { backOnSale: false });
      await held.reached;
      const cancelling = cancel();
      held.release();
      const [refunded, cancelled] = await Promise.all([refunding, cancelling]);
      expect(cancelled).toMatchObject({ response: { order: { status: OrderStatus.CANCELLED } } });
      expect(refunded).toMatchObject({ kind: 'done', response: { refund: { amount: eur(900n) } } });
      expect(await books()).toEqual({ balance: 5_000n, a: [8n, 0n, 0n], b: [10n, 0n, 0n] });
    },
  );

  test('of which nothing was done yet, by a process that died, still writes off what it said', async () => {
    const { a, place, cancel, books, orderId } = await shop('undone');
    await place();
    await suite.settle();
    const mortal = await suite.startOrder();
    const dead = mortal.dieAt('saga.before_step', 'return_stock');
    const request = { orderId, lines: [{ sku: a, quantity: 2 }], backOnSale: false };
    void askOnce((o) => mortal.client().refundOrderLines(request, o), 'refund-undone', { timeoutMs: 2_000 });
    await dead;
    expect(await cancel()).toMatchObject({ kind: 'done' });
    await mortal.kill();
    expect(await books()).toEqual({ balance: 5_000n, a: [8n, 0n, 0n], b: [10n, 0n, 0n] });
  });

  test('by another process while this one is about to refund, gives the money back once', async () => {
    const { a, place, refund, cancel, books } = await shop('apart');
    const other = await suite.startOrder();
    await place();
    await suite.settle();
    const held = suite.order.holdAt('saga.before_step', 'refund_payment');
    const refunding = refund('1', [[a, 2]]);
    await held.reached;
    await cancel(other.client());
    held.release();
    expect(await refunding).toMatchObject({ kind: 'done' });
    expect(await books()).toEqual({ balance: 5_000n, a: [10n, 0n, 0n], b: [10n, 0n, 0n] });
    const { decisions } = await suite.order.client('books').getSaga({
      orderId: deriveId('order', 'alice', 'PlaceOrder', 'place-apart'),
    });
    expect(decisions.map(({ event }) => event)).not.toContain('needs_attention');
    await other.stop();
  });
});

test('thirty refunds that race with thirty cancels, at another process: everything comes back, once', async () => {
  const other = await suite.startOrder();
  await suite.stock('race', 1_000n, eur(10n));
  await suite.openAccount('race', 10_000n);

  async function race(round: number): Promise<string> {
    const requestId = `race-place-${round}`;
    const orderId = deriveId('order', 'alice', 'PlaceOrder', requestId);
    await insist((o) => alice.placeOrder(orderOf('race', ['race', 3]), o), requestId);
    const refund = (n: number) =>
      insist(
        (o) =>
          alice.refundOrderLines({ orderId, lines: [{ sku: 'race', quantity: n }], backOnSale: true }, o),
        `race-refund-${round}-${n}`,
      );
    const refunds = Promise.all([refund(1), refund(2)]);
    // Later and later into the refunds, so that the cancels meet every step of them.
    for (let wait = 0; wait < round % 10; wait += 1) await askOnce((o) => alice.getOrder({ orderId }, o));
    const cancel = await insist((o) => other.client().cancelOrder({ orderId }, o), `race-cancel-${round}`);
    expect(cancel).toMatchObject({ response: { order: { status: OrderStatus.CANCELLED } } });
    return (await refunds).map(reasonOf).join();
  }

  const outcomes = await Promise.all(Array.from({ length: 30 }, (_, round) => race(round)));
  const ends = ['done', 'ORDER_NOT_CONFIRMED'];
  expect(outcomes.flatMap((end) => end.split(',')).filter((end) => !ends.includes(end))).toEqual([]);
  await suite.settle();
  expect(await suite.balance('race')).toBe(10_000n);
  expect(await suite.shelf('race')).toEqual([1_000n, 0n, 0n]);
  await other.stop();
});
