// Batches as bytes, on a real server: what is malformed is refused whole, and what is a call's alone stays its own.

import { type ClientHttp2Session, connect } from 'node:http2';
import { create, toBinary } from '@bufbuild/protobuf';
import { afterEach, expect, test } from 'vitest';
import { PlaceOrderRequestSchema } from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import { frameOf } from '../../shared/rpc/batch-frames.ts';
import { heldOrders } from '../support/held-orders.ts';
import { anyOrder as order, placePath, startToyOrders, type ToyOrders } from '../support/toy-order-server.ts';

const endings: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

const batchPath = '/twicesafe.calls';

async function serve(toy: ToyOrders = {}) {
  const server = await startToyOrders(toy);
  endings.push(() => server.stop());
  return server;
}

interface RawAnswer {
  readonly status: number;
  readonly text: string;
}

/** A batch as bytes. */
function sendRaw(session: ClientHttp2Session, body: Uint8Array, headers = {}): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': batchPath,
      'content-type': 'application/twicesafe-calls',
      ...headers,
    });
    let status = 0;
    let text = '';
    stream.on('response', (received) => {
      status = received[':status'] ?? 0;
    });
    stream.setEncoding('latin1');
    stream.on('data', (chunk: string) => {
      text += chunk;
    });
    stream.on('error', reject);
    stream.on('close', () => resolve({ status, text }));
    stream.end(body);
  });
}

function sessionTo(address: string): ClientHttp2Session {
  const session = connect(address);
  endings.push(() => session.destroy());
  return session;
}

const message = toBinary(PlaceOrderRequestSchema, create(PlaceOrderRequestSchema, order));
const valid = frameOf({ path: placePath, headers: { 'request-id': 'raw-00001' } }, message);
const framed = (head: unknown) => frameOf(head as never, new Uint8Array());

test.each([
  ['cut short', Buffer.concat([valid, valid.subarray(0, -1)]), 'the last call is cut short'],
  [
    'with a head that is no JSON',
    Buffer.concat([valid, Buffer.from('00000001000000007b', 'hex')]),
    'no JSON',
  ],
  ['with a call without a path', Buffer.concat([valid, framed({ headers: {} })]), 'call 1 has no path'],
  [
    'with a header that HTTP would not let through',
    Buffer.concat([valid, framed({ path: placePath, headers: { 'request-id': 'two\nlines' } })]),
    'call 1 has no path and headers',
  ],
  [
    'with a frame beyond all limits',
    Buffer.concat([valid, Buffer.alloc(8, 0xff)]),
    'a frame of 8589934598 bytes',
  ],
  ['of too many calls', Buffer.concat(Array(129).fill(valid)), '129 calls, of at most 128'],
  ['without a call', Buffer.alloc(0), 'it is empty'],
])('a batch %s is refused whole, and none of its calls runs', async (_, body, sentence) => {
  const { placeOrder, placed } = heldOrders();
  const { address } = await serve({ placeOrder });
  const { status, text } = await sendRaw(sessionTo(address), body);
  expect(status).toBe(400);
  expect(JSON.parse(text)).toMatchObject({
    code: 'invalid_argument',
    message: expect.stringContaining(sentence),
  });
  expect(placed.size).toBe(0);
});

test('a batch above its limit of bytes is refused, and its connection goes on', async () => {
  const { placeOrder, placed } = heldOrders();
  const session = sessionTo((await serve({ placeOrder })).address);
  const { status, text } = await sendRaw(session, Buffer.concat([valid, Buffer.alloc(256 * 1024)]));
  expect([status, text]).toEqual([429, expect.stringContaining('larger than 262144 bytes')]);
  expect(placed.size).toBe(0);
  expect(await sendRaw(session, valid)).toMatchObject({
    status: 200,
    text: expect.stringContaining('raw-00001'),
  });
});

test('a call of an RPC that is not there is told so, and the others are answered', async () => {
  const session = sessionTo((await serve()).address);
  const nowhere = framed({ path: '/nowhere.Service/Do', headers: {} });
  const { status, text } = await sendRaw(session, Buffer.concat([nowhere, valid]));
  expect(status).toBe(200);
  expect(text).toContain('"call":0,"status":501');
  expect(text).toContain('no RPC /nowhere.Service/Do here');
  expect(text).toContain('"call":1,"status":200');
});

test('a message above 64 KiB is refused for its call alone', async () => {
  const session = sessionTo((await serve()).address);
  const head = { path: placePath, headers: { 'request-id': 'large-0001' } };
  const { text } = await sendRaw(session, Buffer.concat([frameOf(head, Buffer.alloc(64 * 1024 + 1)), valid]));
  expect(text).toContain('"call":0,"status":429');
  expect(text).toContain('message is larger than 65536 bytes');
  expect(text).toContain('"call":1,"status":200');
});

test('a call cannot be somebody else’s than its stream', async () => {
  const callers: string[] = [];
  const { address } = await serve({
    tokens: 'token-of-alice=alice,token-of-bob=bob',
    placeOrder: async (_, { caller }) => {
      callers.push(caller);
      return { replayed: false, response: { order: { orderId: 'o-1' } } };
    },
  });
  const headers = { 'request-id': 'raw-00001', authorization: 'Bearer token-of-bob' };
  const body = frameOf({ path: placePath, headers }, message);
  const session = sessionTo(address);
  expect((await sendRaw(session, body)).status).toBe(401);
  expect((await sendRaw(session, body, { authorization: 'Bearer token-of-alice' })).status).toBe(200);
  expect(callers).toEqual(['alice']);
});

test('a server that reads many batches already refuses the next one whole, as overload', async () => {
  const { placeOrder, placed } = heldOrders();
  const session = sessionTo((await serve({ placeOrder })).address);
  const half = () =>
    session.request({
      ':method': 'POST',
      ':path': batchPath,
      'content-type': 'application/twicesafe-calls',
    });
  const dawdling = Array.from({ length: 256 }, half);
  const { status, text } = await sendRaw(session, valid);
  expect([status, text]).toEqual([429, expect.stringContaining('OVERLOADED')]);
  expect(placed.size).toBe(0);
  for (const stream of dawdling) stream.end();
  await expect.poll(async () => (await sendRaw(session, valid)).status).toBe(200);
});
