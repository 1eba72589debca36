// Resume: a coordinator dies at each place, and a duplicate, or the sweeper of another process, brings the order to its
// one end. The place where it died is not the end that it comes to.

import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { OrderStatus } from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import { deriveId } from '../../shared/idempotency/index.ts';
import { askOnce, insist, textOf } from '../support/answers.ts';
import {
  eur,
  type OrderProcess,
  type OrderSuite,
  orderOf,
  soon,
  startOrderSuite,
} from '../support/order-suite.ts';

/** Sixteen processes start and die, one after the other; some seconds on an idle machine. */
const sweepDurationMsMax = 90_000;

let suite: OrderSuite;

beforeAll(async () => {
  suite = await startOrderSuite();
});
afterEach(() => suite.expectHeld());
afterAll(() => suite.stop());

/** Places where a confirmed order's coordinator can die: [failpoint, what is being done there]. */
const onTheWay: [place: string, detail: string][] = [
  ['journal.before_insert', 'placed'],
  ['journal.after_insert', 'placed'],
  ['saga.before_step', 'reserve_stock'],
  ['saga.after_step', 'reserve_stock'],
  ['saga.before_step', 'create_payment'],
  ['saga.after_step', 'create_payment'],
  ['journal.before_insert', 'confirmed'],
  ['journal.after_insert', 'confirmed'],
  ['saga.before_step', 'commit_reservation'],
  ['saga.after_step', 'commit_reservation'],
  ['journal.before_insert', 'completed'],
  ['journal.after_insert', 'completed'],
];
/** The same for one that is refused for want of money. */
const onTheWayBack: [place: string, detail: string][] = [
  ['journal.before_insert', 'compensating'],
  ['journal.after_insert', 'compensating'],
  ['saga.before_step', 'undo_reserve_stock'],
  ['saga.after_step', 'undo_reserve_stock'],
  ['journal.before_insert', 'cancelled'],
  ['journal.after_insert', 'cancelled'],
];

async function shop(name: string, balance: bigint) {
  await suite.stock(name, 10n, eur(450n));
  await suite.openAccount(name, balance);
  const requestId = `place-${name}`;
  const request = orderOf(name, [name, 2]);
  return {
    orderId: deriveId('order', 'alice', 'PlaceOrder', requestId),
    place: ({ client }: OrderProcess) => askOnce((o) => client().placeOrder(request, o), requestId),
    placeUntilKnown: ({ client }: OrderProcess) => insist((o) => client().placeOrder(request, o), requestId),
    things: async () => [await suite.balance(name), await suite.shelf(name)],
  };
}

/** A process that dies at the place, with the order that killed it. Whatever it said to its caller was no answer or the right one. */
async function diedAt(place: string, detail: string, balance: bigint) {
  const victim = await suite.startOrder();
  const dead = victim.dieAt(place, detail);
  const order = await shop(`${place}-${detail}-${balance}`.replaceAll('.', '_'), balance);
  const said = await order.place(victim);
  await dead;
  await victim.kill();
  return { ...order, said };
}

describe('a confirmed order', () => {
  test.each(onTheWay)(
    'whose coordinator died at %s of %s is brought to its end by a duplicate',
    async (place, detail) => {
      const { said, placeUntilKnown, things } = await diedAt(place, detail, 1_000n);
      const answer = await placeUntilKnown(suite.order);
      expect(answer).toMatchObject({ kind: 'done', response: { order: { status: OrderStatus.CONFIRMED } } });
      if (said.kind !== 'unknown') expect(textOf(answer)).toBe(textOf(said));
      await suite.settle();
      expect(await things()).toEqual([100n, [8n, 0n, 2n]]);
    },
  );
});

describe('a refused order', () => {
  test.each(onTheWayBack)(
    'whose coordinator died at %s of %s is brought to its end by a duplicate',
    async (place, detail) => {
      const { said, placeUntilKnown, things } = await diedAt(place, detail, 100n);
      const answer = await placeUntilKnown(suite.order);
      expect(answer).toMatchObject({ kind: 'refused', refusal: { reason: 'INSUFFICIENT_FUNDS' } });
      if (said.kind !== 'unknown') expect(textOf(answer)).toBe(textOf(said));
      expect(await things()).toEqual([100n, [10n, 0n, 0n]]);
    },
  );
});

test(
  'what dead coordinators left is brought to its end by the sweeper of another process, with nobody asking',
  async () => {
    const left: { things: () => Promise<unknown[]>; end: unknown[] }[] = [];
    // Without those that may have died before their order was recorded: then there is nothing to find.
    for (const [place, detail] of onTheWay.slice(2)) {
      const { things } = await diedAt(place, detail, 2_000n);
      left.push({ things, end: [1_100n, [8n, 0n, 2n]] });
    }
    for (const [place, detail] of onTheWayBack) {
      const { things } = await diedAt(place, detail, 200n);
      left.push({ things, end: [200n, [10n, 0n, 0n]] });
    }
    await suite.settle();
    for (const { things, end } of left) expect(await things()).toEqual(end);
  },
  sweepDurationMsMax,
);

test('a process that starts finds what it left itself before it died', async () => {
  const alone = await startOrderSuite();
  onTestFinished(() => alone.stop());
  await alone.stock('tea', 10n, eur(450n));
  await alone.openAccount('purse', 1_000n);
  const dead = alone.order.dieAt('saga.after_step', 'create_payment');
  const said = askOnce((o) => alone.order.client().placeOrder(orderOf('purse', ['tea', 2]), o), 'died-alone');
  await dead;
  expect(await said).toMatchObject({ kind: 'unknown' });
  await alone.order.kill();
  const heir = await alone.startOrder();
  const orderId = deriveId('order', 'alice', 'PlaceOrder', 'died-alone');
  await expect
    .poll(async () => (await heir.client().getOrder({ orderId })).order?.status, soon)
    .toBe(OrderStatus.CONFIRMED);
  await alone.expectHeld();
});

test('two processes that place the same request id at once, many times, make one order of each', async () => {
  const other = await suite.startOrder();
  onTestFinished(() => other.stop());
  for (let round = 0; round < 10; round += 1) {
    const { place, things } = await shop(`both-${round}`, 1_000n);
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) => place(index % 2 === 0 ? suite.order : other)),
    );
    expect(new Set(answers.map(textOf)).size).toBe(1);
    expect(answers.filter((answer) => answer.kind === 'done' && !answer.replayed)).toHaveLength(1);
    await suite.settle();
    expect(await things()).toEqual([100n, [8n, 0n, 2n]]);
  }
});

test('a caller that gives up gets REQUEST_IN_FLIGHT; the order goes on, and its answer is there when it asks again', async () => {
  const { place, placeUntilKnown, orderId, things } = await shop('gives-up', 1_000n);
  const held = suite.order.holdAt('saga.before_step', 'create_payment');
  const request = orderOf('gives-up', ['gives-up', 2]);
  const impatient = await askOnce(
    (o) => suite.order.client().placeOrder(request, { ...o, timeoutMs: 300 }),
    'place-gives-up',
  );
  expect(impatient).toMatchObject({ why: expect.stringMatching(/^REQUEST_IN_FLIGHT/) });
  await held.reached;
  held.release();
  await expect
    .poll(async () => (await suite.order.client().getOrder({ orderId })).order?.status, soon)
    .toBe(OrderStatus.CONFIRMED);
  const answer = await placeUntilKnown(suite.order);
  expect(answer).toMatchObject({ kind: 'done', replayed: true });
  expect(textOf(await place(suite.order))).toBe(textOf(answer));
  await suite.settle();
  expect(await things()).toEqual([100n, [8n, 0n, 2n]]);
});
