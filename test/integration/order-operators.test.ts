// What operators see and do: sagas under way, those that need attention, retrying and aborting them, and the deadline.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { OrderStatus, SagaPhase } from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import { deriveId } from '../../shared/idempotency/index.ts';
import { askOnce, done, insist, textOf } from '../support/answers.ts';
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
let books: OrderClient;

// A suite of its own for each test: the clock of its order service is moved, and its payment service goes away.
beforeEach(async () => {
  suite = await startOrderSuite({ orderDeadlineMs: 60_000 });
  alice = suite.order.client();
  books = suite.order.client('books');
  await suite.stock('tea', 10n, eur(450n));
  await suite.openAccount('purse', 1_000n);
});
afterEach(async () => {
  await suite.expectHeld();
  await suite.stop();
});

const orderId = deriveId('order', 'alice', 'PlaceOrder', 'place-1234');
const place = (client = alice) =>
  askOnce((o) => client.placeOrder(orderOf('purse', ['tea', 2]), o), 'place-1234');
const cancel = (requestId = 'cancel-1234') => askOnce((o) => alice.cancelOrder({ orderId }, o), requestId);
const phase = async () => (await books.getSaga({ orderId })).saga?.phase;
const things = async () => [await suite.balance('purse'), await suite.shelf('tea')];
const untouched = [1_000n, [10n, 0n, 0n]];

describe('an order that is not confirmed before its deadline', () => {
  test('is undone, and refused as ORDER_TOO_LATE for ever', async () => {
    await suite.stopService('payment');
    const placing = place();
    await expect.poll(() => alice.getOrder({ orderId }).catch(() => undefined), soon).toBeDefined();
    suite.order.jump(60_000);
    await expect.poll(phase, soon).toBe(SagaPhase.COMPENSATING);
    await suite.startAgain('payment');
    const refused = await placing;
    expect(refused).toMatchObject({
      kind: 'refused',
      refusal: {
        code: 'FailedPrecondition',
        reason: 'ORDER_TOO_LATE',
        message:
          'the order was not confirmed before its deadline and is undone: place it again under a new request id',
        metadata: { order_id: orderId },
      },
    });
    expect(textOf(await place())).toBe(textOf(refused));
    expect(await things()).toEqual(untouched);
  });
});

describe('a saga that cannot go on', () => {
  test('needs attention, is listed with its reason, and RetrySaga drives it when the cause is gone', async () => {
    await place();
    await suite.settle();
    await suite.stopService('payment');
    const cancelling = cancel();
    await expect.poll(phase, soon).toBe(SagaPhase.COMPENSATING);
    suite.order.jump(600_000);
    await expect
      .poll(() => books.listSagas({ needsAttentionOnly: true }), soon)
      .toMatchObject({
        totalCount: 1n,
        sagas: [
          {
            orderId,
            phase: SagaPhase.COMPENSATING,
            reason: 'REQUEST_CANCELLED',
            needsAttention: 'STEP_OUTCOME_UNKNOWN',
            caller: 'alice',
          },
        ],
      });
    // Not forgotten and not refused: it goes on when somebody has acted.
    expect(await cancelling).toMatchObject({ why: expect.stringMatching(/^REQUEST_IN_FLIGHT/) });
    suite.order.jump(6_000);
    await suite.startAgain('payment');
    const retry = () => askOnce((o) => books.retrySaga({ orderId }, o), 'retry-1234');
    expect(await retry()).toMatchObject({
      replayed: false,
      response: { saga: { phase: SagaPhase.COMPENSATING, needsAttention: 'STEP_OUTCOME_UNKNOWN' } },
    });
    await expect.poll(phase, soon).toBe(SagaPhase.CANCELLED);
    expect(await retry()).toMatchObject({
      replayed: true,
      response: { saga: { phase: SagaPhase.COMPENSATING, needsAttention: 'STEP_OUTCOME_UNKNOWN' } },
    });
    expect(await books.listSagas({})).toMatchObject({ totalCount: 0n, sagas: [] });
    expect(await insist((o) => alice.cancelOrder({ orderId }, o), 'cancel-1234')).toMatchObject({
      kind: 'done',
    });
    expect(await things()).toEqual(untouched);
  });

  test('because its reservation was released by hand says so in the words of the inventory, and can be cancelled', async () => {
    const held = suite.order.holdAt('saga.before_step', 'commit_reservation');
    await place();
    await held.reached;
    const meddler = suite.inventoryOf('order');
    await done((o) => meddler.releaseReservation({ reservationId: orderId }, o), 'by-hand-1234');
    held.release();
    await expect
      .poll(() => books.getSaga({ orderId }), soon)
      .toMatchObject({ saga: { phase: SagaPhase.CONFIRMED, needsAttention: 'RESERVATION_RELEASED' } });
    // Its verdict is told, because a person was asked: nothing is under way.
    await suite.expectHeld();
    expect(await askOnce((o) => books.abortSaga({ orderId }, o), 'abort-1234')).toMatchObject({
      refusal: { reason: 'SAGA_PAST_PIVOT' },
    });
    expect(await cancel()).toMatchObject({ kind: 'done' });
    expect(await things()).toEqual(untouched);
  });
});

describe('AbortSaga', () => {
  test('turns a running saga round without waiting for its end, and says the same again', async () => {
    await suite.stopService('payment');
    const placing = place();
    await expect.poll(phase, soon).toBe(SagaPhase.RUNNING);
    const abort = () => askOnce((o) => books.abortSaga({ orderId }, o), 'abort-1234');
    const first = await abort();
    expect(first).toMatchObject({
      kind: 'done',
      response: { saga: { phase: SagaPhase.COMPENSATING, reason: 'REQUEST_CANCELLED' } },
    });
    await suite.startAgain('payment');
    expect(await placing).toMatchObject({ refusal: { reason: 'REQUEST_CANCELLED' } });
    expect(textOf(await abort())).toBe(textOf(first));
    expect(await things()).toEqual(untouched);
  });

  test('of a confirmed order is refused for ever, and the order is kept', async () => {
    await place();
    const abort = () => askOnce((o) => books.abortSaga({ orderId }, o), 'abort-1234');
    const first = await abort();
    expect(first).toMatchObject({
      refusal: { code: 'FailedPrecondition', reason: 'SAGA_PAST_PIVOT', metadata: { order_id: orderId } },
    });
    await done((o) => alice.cancelOrder({ orderId }, o), 'cancel-1234');
    expect(textOf(await abort())).toBe(textOf(first));
  });

  test('and RetrySaga of an order that is not there are refused', async () => {
    const noOrder = { refusal: { code: 'NotFound', reason: 'ORDER_NOT_FOUND' } };
    expect(await askOnce((o) => books.abortSaga({ orderId: 'none' }, o), 'abort-none')).toMatchObject(
      noOrder,
    );
    expect(await askOnce((o) => books.retrySaga({ orderId: 'none' }, o), 'retry-none')).toMatchObject(
      noOrder,
    );
  });
});

describe('ListSagas and GetSaga', () => {
  test('tell of a saga under way: its steps with their request ids, attempts and reasons, and its decisions', async () => {
    await suite.stopService('payment');
    const placing = place();
    await expect
      .poll(
        async () => (await books.getSaga({ orderId })).steps.find(({ name }) => name === 'create_payment'),
        soon,
      )
      .toMatchObject({
        requestId: `${orderId}:create_payment`,
        lastAnswer: 'unknown',
        lastReason: expect.stringMatching(/^[A-Z_]+$/),
      });
    expect(await books.listSagas({})).toMatchObject({
      totalCount: 1n,
      sagas: [{ orderId, phase: SagaPhase.RUNNING, needsAttention: '', caller: 'alice' }],
    });
    expect(await books.listSagas({ ageSecondsMin: 60n })).toMatchObject({ totalCount: 0n });
    expect(await books.listSagas({ needsAttentionOnly: true })).toMatchObject({ totalCount: 0n });
    suite.order.jump(59_000);
    expect(await books.listSagas({ ageSecondsMin: 59n })).toMatchObject({ totalCount: 1n });
    await suite.startAgain('payment');
    await placing;
    await suite.settle();
    const { decisions, steps } = await books.getSaga({ orderId });
    expect(decisions.map(({ event, reason }) => [event, reason])).toEqual([
      ['placed', ''],
      ['confirmed', ''],
      ['completed', ''],
    ]);
    expect(decisions.every(({ recordedBy }) => recordedBy.startsWith('order-'))).toBe(true);
    expect(steps.map(({ name, lastAnswer }) => [name, lastAnswer])).toEqual([
      ['reserve_stock', 'done'],
      ['create_payment', 'done'],
      ['commit_reservation', 'done'],
      ['undo_create_payment', ''],
      ['undo_reserve_stock', ''],
    ]);
  });

  test('list the oldest first, at most so many, and count all', async () => {
    await suite.stopService('payment');
    const placings = [1, 2, 3].map(async (number) => {
      const request = orderOf('purse', ['tea', 1]);
      return insist((o) => alice.placeOrder(request, o), `several-${number}`);
    });
    await expect.poll(async () => (await books.listSagas({})).totalCount, soon).toBe(3n);
    const { sagas, totalCount } = await books.listSagas({ limit: 2 });
    expect([sagas.length, totalCount]).toEqual([2, 3n]);
    await suite.startAgain('payment');
    expect((await Promise.all(placings)).map(({ kind }) => kind).sort()).toEqual(['done', 'done', 'refused']);
  });
});

test('a bug in a handler is told as INTERNAL without its text, and the order is found under its request id', async () => {
  const dead = suite.order.dieAt('saga.before_step', 'create_payment');
  const answer = await place();
  await dead;
  expect(answer).toMatchObject({
    kind: 'unknown',
    why: expect.stringMatching(/^INTERNAL: internal error: what happened is unknown/),
  });
  expect(answer.kind === 'unknown' && answer.why).not.toMatch(/dead/);
  const heir = await suite.startOrder();
  await suite.order.kill();
  const found = await insist((o) => heir.client().placeOrder(orderOf('purse', ['tea', 2]), o), 'place-1234');
  expect(found).toMatchObject({
    kind: 'done',
    response: { order: { orderId, status: OrderStatus.CONFIRMED } },
  });
});
