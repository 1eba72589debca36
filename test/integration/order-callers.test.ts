// Who may see what: a request id and an order belong to their caller, and to nobody else.

import { Code, ConnectError } from '@connectrpc/connect';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { OrderStatus } from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import { deriveId } from '../../shared/idempotency/index.ts';
import { askOnce, done, textOf } from '../support/answers.ts';
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
let bob: OrderClient;
let books: OrderClient;

beforeAll(async () => {
  suite = await startOrderSuite();
  alice = suite.order.client('alice');
  bob = suite.order.client('bob');
  books = suite.order.client('books');
  await suite.stock('tea', 1_000n, eur(100n));
  await suite.openAccount('purse', 1_000_000n);
});
afterEach(() => suite.expectHeld());
afterAll(() => suite.stop());

const tea = (quantity = 1) => orderOf('purse', ['tea', quantity]);
const place = (client: OrderClient, requestId: string, quantity = 1) =>
  askOnce((o) => client.placeOrder(tea(quantity), o), requestId);

async function placed(client: OrderClient, requestId: string): Promise<string> {
  const { order } = await done((o) => client.placeOrder(tea(), o), requestId);
  if (!order) throw new Error('an answer without an order');
  return order.orderId;
}

describe('a request id', () => {
  const header = (headers: Record<string, string>) => {
    const call = alice.placeOrder(tea(), { headers });
    return call.then(
      ({ order }) => order?.orderId,
      (error: unknown) => ConnectError.from(error).rawMessage,
    );
  };

  test('is required, and the server invents none', async () => {
    expect(await askOnce((o) => alice.placeOrder(tea(), o))).toMatchObject({
      refusal: { code: 'InvalidArgument', reason: 'REQUEST_ID_REQUIRED' },
    });
    expect(await askOnce((o) => alice.cancelOrder({ orderId: 'o' }, o))).toMatchObject({
      refusal: { reason: 'REQUEST_ID_REQUIRED' },
    });
  });

  test.each(['short', 'with a blank', '"quoted-1234"', 'slash/1234', 'x'.repeat(129)])(
    '%s is malformed',
    async (id) => {
      expect(await place(alice, id)).toMatchObject({
        refusal: { code: 'InvalidArgument', reason: 'REQUEST_ID_MALFORMED' },
      });
    },
  );

  test('may be called idempotency-key, and is the same request then', async () => {
    const orderId = await header({ 'idempotency-key': 'either-name' });
    expect(await header({ 'request-id': 'either-name' })).toBe(orderId);
    expect(await header({ 'request-id': 'either-name', 'idempotency-key': 'either-name' })).toBe(orderId);
  });

  test('given twice and differently is a conflict', async () => {
    expect(await header({ 'request-id': 'one-name-1', 'idempotency-key': 'one-name-2' })).toMatch('differ');
  });

  test('of another caller is another request: each has its own order, at the same moment too', async () => {
    const answers = await Promise.all([alice, bob, alice, bob].map((client) => place(client, 'shared-1234')));
    expect(new Set(answers.map(textOf)).size).toBe(2);
    const placedBy = await Promise.all([alice, bob].map((client) => placed(client, 'shared-1234')));
    expect(new Set(placedBy).size).toBe(2);
  });

  test('that another caller used with another message is free', async () => {
    await placed(alice, 'free-for-bob');
    expect(await place(bob, 'free-for-bob', 2)).toMatchObject({ kind: 'done', replayed: false });
  });
});

describe("another caller's order", () => {
  const notFound = (orderId: string) => ({
    code: 'NotFound',
    reason: 'ORDER_NOT_FOUND',
    message: `there is no order ${orderId} of yours: its id is in PlaceOrder's answer`,
    metadata: { order_id: orderId },
  });

  test('is answered exactly as one that does not exist, by every RPC', async () => {
    const orderId = await placed(alice, 'hidden-1234');
    const missing = '0'.repeat(32);
    for (const [id, suffix] of [
      [orderId, 'real'],
      [missing, 'none'],
    ] as const) {
      const read = await askOnce((o) => bob.getOrder({ orderId: id }, o));
      expect(read).toEqual({ kind: 'refused', replayed: false, refusal: notFound(id) });
      const cancel = await askOnce((o) => bob.cancelOrder({ orderId: id }, o), `cancel-${suffix}`);
      expect(cancel).toEqual({ kind: 'refused', replayed: false, refusal: notFound(id) });
      const watch = await Array.fromAsync(bob.watchOrder({ orderId: id })).catch(ConnectError.from);
      expect(watch).toMatchObject({ code: Code.NotFound, rawMessage: notFound(id).message });
    }
    expect(await alice.getOrder({ orderId })).toMatchObject({ order: { status: OrderStatus.CONFIRMED } });
  });

  test('is not told of by looking up the cancel that was refused', async () => {
    const orderId = await placed(alice, 'hidden-5678');
    await askOnce((o) => bob.cancelOrder({ orderId }, o), 'bob-cancels-1');
    const looked = await bob.lookupRequest({ requestId: 'bob-cancels-1', rpc: 'CancelOrder' });
    expect(looked).toMatchObject({
      recorded: true,
      orderId: '',
      status: OrderStatus.UNSPECIFIED,
      refusalReason: 'ORDER_NOT_FOUND',
    });
  });

  test('is in nobody else’s list', async () => {
    const orderId = await placed(alice, 'listed-1234');
    const { orders } = await bob.listOrders({ pageSize: 200 });
    expect(orders.map((order) => order.orderId)).not.toContain(orderId);
  });
});

describe('LookupRequest', () => {
  test('finds the order of a request, and says that another caller may not look', async () => {
    const orderId = await placed(alice, 'looked-1234');
    expect(await alice.lookupRequest({ requestId: 'looked-1234' })).toMatchObject({
      recorded: true,
      orderId,
      status: OrderStatus.CONFIRMED,
      refusalReason: '',
    });
    expect(await bob.lookupRequest({ requestId: 'looked-1234' })).toMatchObject({
      recorded: false,
      orderId: '',
    });
    const spy = await askOnce((o) => bob.lookupRequest({ requestId: 'looked-1234', caller: 'alice' }, o));
    expect(spy).toMatchObject({ kind: 'unknown', why: expect.stringMatching(/^PERMISSION_REQUIRED/) });
    expect(await books.lookupRequest({ requestId: 'looked-1234', caller: 'alice' })).toMatchObject({
      orderId,
    });
  });

  test('says why an order was refused', async () => {
    await askOnce((o) => alice.placeOrder(orderOf('purse', ['tea', 1_000_000]), o), 'looked-refused');
    expect(await alice.lookupRequest({ requestId: 'looked-refused' })).toMatchObject({
      recorded: true,
      status: OrderStatus.CANCELLED,
      refusalReason: 'INSUFFICIENT_STOCK',
    });
  });

  test('of a cancel that succeeded tells no refusal, and of the order that it was confirmed', async () => {
    const orderId = await placed(alice, 'looked-cancel');
    await done((o) => alice.cancelOrder({ orderId }, o), 'looked-cancel-2');
    expect(await alice.lookupRequest({ requestId: 'looked-cancel-2', rpc: 'CancelOrder' })).toMatchObject({
      recorded: true,
      orderId,
      status: OrderStatus.CANCELLED,
      refusalReason: '',
    });
    expect(await alice.lookupRequest({ requestId: 'looked-cancel' })).toMatchObject({
      status: OrderStatus.CANCELLED,
      refusalReason: '',
    });
  });

  test('of a cancel before the confirmation tells no refusal either', async () => {
    const held = suite.order.holdAt('saga.before_step', 'create_payment');
    const placing = place(alice, 'looked-early-1');
    await held.reached;
    const orderId = deriveId('order', 'alice', 'PlaceOrder', 'looked-early-1');
    const cancelling = done((o) => alice.cancelOrder({ orderId }, o), 'looked-early-2');
    await expect
      .poll(() => alice.lookupRequest({ requestId: 'looked-early-2', rpc: 'CancelOrder' }), soon)
      .toMatchObject({ recorded: true, status: OrderStatus.COMPENSATING, refusalReason: '' });
    held.release();
    await cancelling;
    expect(await placing).toMatchObject({ refusal: { reason: 'REQUEST_CANCELLED' } });
    expect(await alice.lookupRequest({ requestId: 'looked-early-1' })).toMatchObject({
      refusalReason: 'REQUEST_CANCELLED',
    });
  });
});

test('ListOrders gives every order of its caller once, the newest first, in pages', async () => {
  const own = await suite.startOrder();
  const client = own.client('books');
  const ids: string[] = [];
  for (const number of [1, 2, 3, 4, 5, 6, 7]) ids.push(await placed(client, `page-of-orders-${number}`));
  const pages: string[][] = [];
  for (let pageToken = ''; pages.length === 0 || pageToken; ) {
    const page = await client.listOrders({ pageSize: 3, pageToken });
    pages.push(page.orders.map(({ orderId }) => orderId));
    pageToken = page.nextPageToken;
  }
  expect(pages.map((page) => page.length)).toEqual([3, 3, 1]);
  expect(pages.flat()).toEqual([...ids].reverse());
  const wrong = await askOnce((o) => client.listOrders({ pageToken: 'nonsense' }, o));
  expect(wrong).toMatchObject({ refusal: { reason: 'FIELD_INVALID', metadata: { field: 'page_token' } } });
  await own.stop();
});

test('what only operators may do is refused to everybody else', async () => {
  const orderId = await placed(alice, 'operators-1234');
  const answers = await Promise.all([
    askOnce((o) => alice.listSagas({}, o)),
    askOnce((o) => alice.getSaga({ orderId }, o)),
    askOnce((o) => alice.retrySaga({ orderId }, o), 'operators-retry'),
    askOnce((o) => alice.abortSaga({ orderId }, o), 'operators-abort'),
    askOnce(() => Array.fromAsync(alice.audit({}))),
  ]);
  for (const answer of answers) {
    expect(answer).toMatchObject({ why: expect.stringMatching(/^PERMISSION_REQUIRED/) });
  }
});
