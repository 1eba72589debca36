// Batches of calls, between the real client and the real server: each call must be answered as if it had come alone.

import { constants, type ServerHttp2Stream } from 'node:http2';
import { create, toBinary } from '@bufbuild/protobuf';
import { Http2SessionManager } from '@connectrpc/connect-node';
import { afterEach, expect, test } from 'vitest';
import {
  GetOrderRequestSchema,
  GetOrderResponseSchema,
} from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import { frameOf } from '../../shared/rpc/batch-frames.ts';
import { createBatchedExchange } from '../../shared/rpc/batched-exchange.ts';
import { createLoneExchange } from '../../shared/rpc/lone-exchange.ts';
import { heldOrders } from '../support/held-orders.ts';
import { serveHttp2 } from '../support/http2-server.ts';
import { anyOrder as order, placePath, startToyOrders, type ToyOrders } from '../support/toy-order-server.ts';
import { openWatchedClient, type WatchedClient } from '../support/watched-client.ts';

const endings: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

const batchPath = '/twicesafe.calls';
const getPath = '/twicesafe.order.v1.OrderService/GetOrder';
const readBytesMax = 4 * 1024 * 1024;

async function serve(toy: ToyOrders = {}) {
  const server = await startToyOrders(toy);
  endings.push(() => server.stop());
  return server;
}

function watchedClient(address: string, token?: string): WatchedClient {
  const watched = openWatchedClient(address, token);
  endings.push(watched.close);
  return watched;
}

const once = (requestId: string) => ({ requestId, budgetMs: 5_000, attempts: 1 });

test('calls of one turn go on one stream, and each gets its own answer: done, replayed, refused, invalid', async () => {
  const refusal = { reason: 'INSUFFICIENT_STOCK', message: 'tea-1 has 1 left', metadata: { sku: 'tea-1' } };
  const { address } = await serve({
    async placeOrder(_, { requestId }) {
      if (requestId === 'refused-0001') return { replayed: true, refusal };
      return { replayed: requestId === 'again-0001', response: { order: { orderId: `of-${requestId}` } } };
    },
  });
  const { client, paths } = watchedClient(address);
  const answers = await Promise.all([
    client.call('placeOrder', order, once('first-0001')),
    client.call('placeOrder', order, once('again-0001')),
    client.call('placeOrder', order, once('refused-0001')),
    client.call('placeOrder', { lines: [] }, once('invalid-0001')),
    client.call('getOrder', { orderId: 'o-7' }, { budgetMs: 5_000 }),
  ]);
  expect(answers).toMatchObject([
    { answer: 'done', replayed: false, response: { order: { orderId: 'of-first-0001' } } },
    { answer: 'done', replayed: true, response: { order: { orderId: 'of-again-0001' } } },
    { answer: 'refused', refusal },
    { answer: 'unknown', reason: 'FIELD_INVALID' },
    { answer: 'done', replayed: false, response: { order: { orderId: 'o-7' } } },
  ]);
  expect(paths).toEqual([batchPath]);
});

test('a call without company goes as an ordinary call', async () => {
  const { address } = await serve();
  const { client, paths } = watchedClient(address);
  expect(await client.call('placeOrder', order, once('alone-0001'))).toMatchObject({ answer: 'done' });
  expect(paths).toEqual([placePath]);
});

test('a slow call holds up none of the others', async () => {
  const { placeOrder, letGo } = heldOrders();
  const { address } = await serve({ placeOrder });
  const { client, paths } = watchedClient(address);
  let isSlowDone = false;
  const slow = client.call('placeOrder', order, once('held-0001')).finally(() => {
    isSlowDone = true;
  });
  const others = ['quick-0001', 'quick-0002'].map((id) => client.call('placeOrder', order, once(id)));
  expect(await Promise.all(others)).toMatchObject([{ answer: 'done' }, { answer: 'done' }]);
  expect(isSlowDone).toBe(false);
  letGo('held-0001');
  expect(await slow).toMatchObject({ answer: 'done' });
  expect(paths).toEqual([batchPath]);
});

test('a stream that is lost makes what is not answered unknown, and the retry finds what was done', async () => {
  const { placeOrder, placed, letGo } = heldOrders();
  const { address } = await serve({ placeOrder });
  const { client, cut } = watchedClient(address);
  const held = ['held-0001', 'held-0002'].map((id) => client.call('placeOrder', order, once(id)));
  const quick = client.call('placeOrder', order, once('quick-0001'));
  expect(await quick).toMatchObject({ answer: 'done' });
  expect(placed.size).toBe(3);
  cut();
  expect(await Promise.all(held)).toMatchObject([{ answer: 'unknown' }, { answer: 'unknown' }]);
  letGo('held-0001');
  letGo('held-0002');
  const again = ['held-0001', 'held-0002', 'quick-0001'].map((id) =>
    client.call('placeOrder', order, once(id)),
  );
  expect(await Promise.all(again)).toMatchObject([
    { answer: 'done', replayed: true, response: { order: { orderId: 'order-of-held-0001' } } },
    { answer: 'done', replayed: true, response: { order: { orderId: 'order-of-held-0002' } } },
    { answer: 'done', replayed: true, response: { order: { orderId: 'order-of-quick-0001' } } },
  ]);
});

test.each([
  ['ends', (stream: ServerHttp2Stream) => stream.end(), 'UNAVAILABLE'],
  ['dies', (stream: ServerHttp2Stream) => stream.session?.socket.destroy(), 'UNAVAILABLE'],
  ['is reset', (stream: ServerHttp2Stream) => stream.close(constants.NGHTTP2_INTERNAL_ERROR), 'UNAVAILABLE'],
  [
    'goes on with what is no answer',
    (stream: ServerHttp2Stream) => stream.write(Buffer.alloc(9)),
    'INTERNAL',
  ],
])('a batch that %s after its first answer leaves the others unknown', async (_, ending, reason) => {
  const body = toBinary(
    GetOrderResponseSchema,
    create(GetOrderResponseSchema, { order: { orderId: 'o-1' } }),
  );
  const headers = { 'content-type': 'application/proto' };
  const { address, close } = await serveHttp2((stream) => {
    stream.resume();
    stream.respond({ ':status': 200, 'content-type': 'application/twicesafe-calls' });
    stream.write(frameOf({ call: 1, status: 200, headers }, body), () =>
      setTimeout(() => ending(stream), 10),
    );
  });
  endings.push(close);
  const { client } = watchedClient(address);
  const calls = [0, 1, 2].map(() =>
    client.call('getOrder', { orderId: 'o-1' }, { budgetMs: 5_000, attempts: 1 }),
  );
  expect(await Promise.all(calls)).toMatchObject([
    { answer: 'unknown', reason },
    { answer: 'done', response: { order: { orderId: 'o-1' } } },
    { answer: 'unknown', reason },
  ]);
});

test('each call has a deadline of its own, and is answered before its caller gives up', async () => {
  const { placeOrder, letGo } = heldOrders();
  const { address } = await serve({ placeOrder });
  const { client, paths } = watchedClient(address);
  const patient = client.call('placeOrder', order, once('held-0001'));
  const impatient = client.call('placeOrder', order, { ...once('held-0002'), budgetMs: 400 });
  expect(await impatient).toMatchObject({ answer: 'unknown', reason: 'REQUEST_IN_FLIGHT' });
  letGo('held-0001');
  expect(await patient).toMatchObject({ answer: 'done' });
  expect(paths).toEqual([batchPath]);
});

test('a caller that stops waiting gets unknown at once, and the others of its batch their answers', async () => {
  const { placeOrder, letGo } = heldOrders();
  const { address } = await serve({ placeOrder });
  const { client } = watchedClient(address);
  const leaving = new AbortController();
  const left = client.call('placeOrder', order, { ...once('held-0001'), signal: leaving.signal });
  const stays = client.call('placeOrder', order, once('held-0002'));
  await client.call('placeOrder', order, once('quick-0001'));
  leaving.abort();
  expect(await left).toMatchObject({ answer: 'unknown' });
  letGo('held-0002');
  expect(await stays).toMatchObject({ answer: 'done' });
  letGo('held-0001');
});

test('admission refuses single calls of a batch, and lets in those for which there is room', async () => {
  const { placeOrder, placed, letGo } = heldOrders();
  const { address } = await serve({ placeOrder, limits: { callsInFlightMax: 2 } });
  const { client } = watchedClient(address);
  const ids = ['held-0001', 'held-0002', 'held-0003', 'held-0004'];
  const calls = ids.map((id) => client.call('placeOrder', order, once(id)));
  expect(await Promise.all(calls.slice(2))).toMatchObject([
    { answer: 'unknown', reason: 'OVERLOADED', retryDelayMs: expect.any(Number) },
    { answer: 'unknown', reason: 'OVERLOADED', retryDelayMs: expect.any(Number) },
  ]);
  expect([...placed]).toEqual(['held-0001', 'held-0002']);
  ids.forEach(letGo);
  expect(await Promise.all(calls.slice(0, 2))).toMatchObject([{ answer: 'done' }, { answer: 'done' }]);
});

test('more calls than a batch may have go on as many streams as they need', async () => {
  const { address } = await serve();
  const { client, paths } = watchedClient(address);
  const calls = Array.from({ length: 300 }, (_, index) =>
    client.call('placeOrder', order, once(`many-${String(index).padStart(4, '0')}`)),
  );
  const answers = await Promise.all(calls);
  expect(answers.filter(({ answer }) => answer === 'done')).toHaveLength(300);
  expect(paths).toEqual([batchPath, batchPath, batchPath]);
});

test('large messages go alone, and a batch ends where its bytes do', async () => {
  const { address } = await serve();
  const { client, paths } = watchedClient(address);
  const read = (bytes: number) =>
    client.call('getOrder', { orderId: 'o'.repeat(bytes) }, { budgetMs: 5_000, attempts: 1 });
  await Promise.all([read(10), read(40_000), read(10)]);
  expect(paths).toEqual([getPath, batchPath]);
  paths.length = 0;
  await Promise.all(Array.from({ length: 18 }, () => read(30_000)));
  expect(paths).toEqual([batchPath, batchPath, batchPath]);
});

test('a client with many batches that wait for their slowest call sends the next calls one by one', async () => {
  const { placeOrder, placed, letGo } = heldOrders();
  const { address } = await serve({ placeOrder, admissionLimits: { placesInitial: 1_000 } });
  const { client, paths } = watchedClient(address);
  const held: Promise<unknown>[] = [];
  for (let batch = 1000; batch < 1257; batch += 1) {
    held.push(client.call('placeOrder', order, once(`held-${batch}`)));
    held.push(client.call('placeOrder', order, once(`quick-${batch}`)));
    await expect.poll(() => placed.size, { interval: 1 }).toBe(held.length);
  }
  expect(paths.filter((path) => path === batchPath)).toHaveLength(256);
  expect(paths.slice(256)).toEqual([placePath, placePath]);
  for (let batch = 1000; batch < 1257; batch += 1) letGo(`held-${batch}`);
  await Promise.all(held);
});

test('a stop lets the calls of a batch end, and tells those that do not to ask again', async () => {
  const { placeOrder, placed, letGo } = heldOrders();
  const server = await startToyOrders({ placeOrder, limits: { drainMsMax: 300 } });
  const { client } = watchedClient(server.address);
  const calls = ['held-0001', 'held-0002'].map((id) => client.call('placeOrder', order, once(id)));
  await expect.poll(() => placed.size).toBe(2);
  const stopped = server.stop();
  letGo('held-0001');
  expect(await Promise.all(calls)).toMatchObject([
    { answer: 'done' },
    { answer: 'unknown', reason: expect.stringMatching(/^(REQUEST_IN_FLIGHT|DEPENDENCY_UNAVAILABLE)$/) },
  ]);
  await stopped;
});

test('a token that is nobody’s is refused for the whole batch, with its reason', async () => {
  const { address } = await serve({ tokens: 'token-of-orders=orders' });
  const { client } = watchedClient(address, 'wrong-token');
  const calls = ['first-0001', 'first-0002'].map((id) => client.call('placeOrder', order, once(id)));
  expect(await Promise.all(calls)).toMatchObject([
    { answer: 'unknown', reason: 'AUTHENTICATION_REQUIRED' },
    { answer: 'unknown', reason: 'AUTHENTICATION_REQUIRED' },
  ]);
});

test('a server that knows no batches gets ordinary calls from then on', async () => {
  const { address } = await serve();
  const manager = new Http2SessionManager(address);
  endings.push(() => manager.abort());
  const opened: string[] = [];
  const session: Pick<Http2SessionManager, 'request'> = {
    request(method, path, headers, options) {
      opened.push(path);
      // As an older server sees it: a content type that it does not know.
      const seen = path === batchPath ? { ...headers, 'content-type': 'application/unheard-of' } : headers;
      return manager.request(method, path, seen, options);
    },
  };
  const alone = createLoneExchange(session, readBytesMax);
  const exchange = createBatchedExchange({ session, alone, readBytesMax });
  const body = toBinary(GetOrderRequestSchema, create(GetOrderRequestSchema, { orderId: 'o-1' }));
  const path = getPath;
  const pair = () =>
    Promise.allSettled([1, 2].map(() => exchange({ path, headers: {}, body, signal: undefined })));
  expect(await pair()).toMatchObject([{ status: 'rejected' }, { status: 'rejected' }]);
  expect(await pair()).toMatchObject([{ value: { status: 200 } }, { value: { status: 200 } }]);
  expect(opened).toEqual([batchPath, path, path]);
});
