// CancelOrder before, during and after the charge: never both charged and cancelled, and what was answered stays so.

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { OrderStatus } from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import { deriveId } from '../../shared/idempotency/index.ts';
import { askOnce, insist, textOf } from '../support/answers.ts';
import {
  eur,
  type OrderClient,
  type OrderSuite,
  orderOf,
  soon,
  startOrderSuite,
} from '../support/order-suite.ts';

let suite: OrderSuite;
let alice: OrderClient;

beforeAll(async () => {
  suite = await startOrderSuite();
  alice = suite.order.client();
});
afterEach(() => suite.expectHeld());
afterAll(() => suite.stop());

/** An item with ten units and an account with 1,000, both called `name`; an order of two units for 900. */
async function shop(name: string) {
  await suite.stock(name, 10n, eur(450n));
  await suite.openAccount(name, 1_000n);
  const request = orderOf(name, [name, 2]);
  const orderId = deriveId('order', 'alice', 'PlaceOrder', `place-${name}`);
  return {
    place: (client = alice) => askOnce((o) => client.placeOrder(request, o), `place-${name}`),
    cancel: (requestId = `cancel-${name}`, client = alice) =>
      askOnce((o) => client.cancelOrder({ orderId }, o), requestId),
    orderId,
    untouched: async () =>
      expect([await suite.balance(name), await suite.shelf(name)]).toEqual([1_000n, [10n, 0n, 0n]]),
  };
}

describe('a cancel before the charge', () => {
  test.each(['reserve_stock', 'create_payment'])(
    'while %s has not begun undoes the order, and its place is refused',
    async (step) => {
      const { place, cancel, orderId, untouched } = await shop(`before-${step}`);
      const held = suite.order.holdAt('saga.before_step', step);
      const placing = place();
      await held.reached;
      const cancelling = cancel();
      held.release();
      expect(await cancelling).toMatchObject({
        kind: 'done',
        response: { order: { status: OrderStatus.CANCELLED, cancelReason: 'REQUEST_CANCELLED' } },
      });
      const refused = await placing;
      expect(refused).toMatchObject({
        kind: 'refused',
        refusal: {
          code: 'FailedPrecondition',
          reason: 'REQUEST_CANCELLED',
          message: 'the order was cancelled',
          metadata: { order_id: orderId },
        },
      });
      expect(textOf(await place())).toBe(textOf(refused));
      await untouched();
    },
  );

  test('while the payment service is away turns the order round at once, and ends when the service is back', async () => {
    const { place, cancel, orderId, untouched } = await shop('away');
    await suite.stopService('payment');
    const placing = place();
    await expect.poll(() => alice.getOrder({ orderId }), soon).toBeDefined();
    const books = suite.order.client('books');
    await expect
      .poll(
        async () => (await books.getSaga({ orderId })).steps.find(({ name }) => name === 'create_payment'),
        soon,
      )
      .toMatchObject({ lastAnswer: 'unknown', requestId: `${orderId}:create_payment` });
    const cancelling = cancel();
    await expect
      .poll(async () => (await alice.getOrder({ orderId })).order?.status, soon)
      .toBe(OrderStatus.COMPENSATING);
    await suite.startAgain('payment');
    expect(await cancelling).toMatchObject({ kind: 'done' });
    expect(await placing).toMatchObject({ refusal: { reason: 'REQUEST_CANCELLED' } });
    await untouched();
  });
});

describe('a cancel after the charge', () => {
  test('gives the money back and returns the stock; PlaceOrder still says what it said', async () => {
    const { place, cancel, untouched } = await shop('after');
    const first = await place();
    await suite.settle();
    const cancelled = await cancel();
    expect(cancelled).toMatchObject({
      response: {
        order: { status: OrderStatus.CANCELLED, total: eur(900n), cancelReason: 'REQUEST_CANCELLED' },
      },
    });
    await untouched();
    const again = await place();
    expect(textOf(again)).toBe(textOf(first));
    expect(again).toMatchObject({ replayed: true, response: { order: { status: OrderStatus.CONFIRMED } } });
  });

  test('twice, under the same request id and under another one, undoes once', async () => {
    const { place, cancel, untouched } = await shop('twice');
    await place();
    const answers = [await cancel(), await cancel(), await cancel('cancel-twice-2')];
    expect(new Set(answers.map(textOf)).size).toBe(1);
    expect(answers).toMatchObject([{ replayed: false }, { replayed: true }, { replayed: false }]);
    await untouched();
  });

  test('before the stock was sold undoes it, though the sale was under way', async () => {
    const { place, cancel, untouched } = await shop('selling');
    const held = suite.order.holdAt('saga.before_step', 'commit_reservation');
    expect(await place()).toMatchObject({ kind: 'done' });
    await held.reached;
    const cancelling = cancel();
    held.release();
    expect(await cancelling).toMatchObject({ kind: 'done' });
    await untouched();
  });

  test('by another process while this one still sells, calls nobody to attention', async () => {
    const { place, cancel, orderId, untouched } = await shop('apart');
    const other = await suite.startOrder();
    const held = suite.order.holdAt('saga.before_step', 'commit_reservation');
    await place();
    await held.reached;
    expect(await cancel('cancel-apart', other.client())).toMatchObject({ kind: 'done' });
    held.release();
    await untouched();
    await suite.settle();
    const books = suite.order.client('books');
    const { decisions } = await books.getSaga({ orderId });
    expect(decisions.map(({ event }) => event)).not.toContain('needs_attention');
    await other.stop();
  });
});

test('sixty cancels that race with sixty confirmations, at another process: all are undone, whoever was first', async () => {
  const other = await suite.startOrder();
  await suite.stock('race', 1_000n, eur(10n));
  await suite.openAccount('race', 10_000n);

  async function race(round: number): Promise<string> {
    const requestId = `race-place-${round}`;
    const orderId = deriveId('order', 'alice', 'PlaceOrder', requestId);
    const placing = insist((o) => alice.placeOrder(orderOf('race', ['race', 1]), o), requestId);
    await expect
      .poll(() => askOnce((o) => alice.getOrder({ orderId }, o)), soon)
      .toMatchObject({ kind: 'done' });
    // Later and later into the order, so that the cancels meet every step of it.
    for (let wait = 0; wait < round % 12; wait += 1) await askOnce((o) => alice.getOrder({ orderId }, o));
    const cancel = await insist((o) => other.client().cancelOrder({ orderId }, o), `race-cancel-${round}`);
    expect(cancel).toMatchObject({ response: { order: { status: OrderStatus.CANCELLED } } });
    const placed = await placing;
    return placed.kind === 'done' ? 'confirmed first' : placed.refusal.reason;
  }

  const outcomes = await Promise.all(Array.from({ length: 60 }, (_, round) => race(round)));
  // Which of the two a race ends in is the machine's luck; that there is no third is not.
  expect(outcomes.filter((end) => end !== 'REQUEST_CANCELLED' && end !== 'confirmed first')).toEqual([]);
  await suite.settle();
  expect(await suite.balance('race')).toBe(10_000n);
  expect(await suite.shelf('race')).toEqual([1_000n, 0n, 0n]);
  await other.stop();
});
