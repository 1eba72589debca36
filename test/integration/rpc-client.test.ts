// The client against real servers that refuse, vanish, stay silent, or lie in between.

import type { ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, createServer } from 'node:net';
import { Code } from '@connectrpc/connect';
import { afterEach, expect, test } from 'vitest';
import { OrderService } from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import { JournalUnavailableError } from '../../shared/journal/journal.ts';
import {
  createServiceClient,
  rpcError,
  type ServiceClient,
  type ServiceClientDependencies,
} from '../../shared/rpc/index.ts';
import { type Clock, createSystemClock } from '../../shared/runtime/index.ts';
import { serveHttp2 } from '../support/http2-server.ts';
import { silentLog, startToyOrders, type ToyOrders } from '../support/toy-order-server.ts';

const closings: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of closings.splice(0).reverse()) await close();
});

function clientOf(
  address: string,
  more: Partial<ServiceClientDependencies> = {},
): ServiceClient<typeof OrderService> {
  const client = createServiceClient(OrderService, {
    address,
    clock: createSystemClock(),
    random: { fraction: () => 0, name: () => 'test' },
    log: silentLog,
    ...more,
  });
  closings.push(() => client.close());
  return client;
}

async function serve(toy: ToyOrders = {}) {
  const server = await startToyOrders(toy);
  closings.push(() => server.stop());
  return server;
}

async function serveStreams(onStream: (stream: ServerHttp2Stream) => void): Promise<string> {
  const { address, close } = await serveHttp2(onStream);
  closings.push(close);
  return address;
}

const order = {
  paymentSource: { case: 'accountId' as const, value: 'alice' },
  lines: [{ sku: 'tea-1', quantity: 2 }],
};

const options = { requestId: 'client-00001', budgetMs: 5_000 };

test('a success is done, and a replay says so', async () => {
  let calls = 0;
  const { address } = await serve({
    placeOrder: async () => {
      calls += 1;
      return { replayed: calls > 1, response: { order: { orderId: 'o-1' } } };
    },
  });
  const client = clientOf(address);
  const first = await client.call('placeOrder', order, options);
  expect(first).toMatchObject({ answer: 'done', replayed: false, response: { order: { orderId: 'o-1' } } });
  expect(await client.call('placeOrder', order, options)).toMatchObject({ answer: 'done', replayed: true });
});

test('a recorded refusal is refused at the first attempt, with its reason, message and metadata', async () => {
  let calls = 0;
  const refusal = { reason: 'INSUFFICIENT_STOCK', message: 'tea-1 has 1 left', metadata: { sku: 'tea-1' } };
  const { address } = await serve({
    placeOrder: async () => {
      calls += 1;
      return { replayed: false, refusal };
    },
  });
  expect(await clientOf(address).call('placeOrder', order, options)).toEqual({ answer: 'refused', refusal });
  expect(calls).toBe(1);
});

test('an unknown outcome is asked again with the same request id until it is known', async () => {
  const requestIds: string[] = [];
  const { address } = await serve({
    placeOrder: async (_, { requestId }) => {
      requestIds.push(requestId);
      if (requestIds.length < 3) throw new JournalUnavailableError('no answer');
      return { replayed: true, response: { order: { orderId: 'o-1' } } };
    },
  });
  expect(await clientOf(address).call('placeOrder', order, options)).toMatchObject({ answer: 'done' });
  expect(requestIds).toEqual(['client-00001', 'client-00001', 'client-00001']);
});

test('an answer that is lost after the work was done is found by the retry', async () => {
  const done = new Set<string>();
  let isLost = false;
  const { address } = await serve({
    placeOrder: async (_, { key }) => {
      const replayed = done.has(key);
      done.add(key);
      return { replayed, response: { order: { orderId: 'o-1' } } };
    },
    failpoints: {
      reach(name) {
        if (name !== 'rpc.before_answer' || isLost) return;
        isLost = true;
        throw new Error('the answer is lost');
      },
    },
  });
  expect(await clientOf(address).call('placeOrder', order, options)).toMatchObject({
    answer: 'done',
    replayed: true,
  });
});

test('RetryInfo is honoured: the wait is its delay plus a random part of the backoff', async () => {
  const waits: number[] = [];
  const system = createSystemClock();
  const clock: Clock = {
    ...system,
    sleep: (durationMs) => {
      waits.push(durationMs);
      return Promise.resolve();
    },
  };
  const placeOrder = async () => {
    throw new JournalUnavailableError('no answer');
  };
  const { address } = await serve({ placeOrder });
  const client = clientOf(address, { clock, random: { fraction: () => 0.5, name: () => '' } });
  expect(await client.call('placeOrder', order, options)).toMatchObject({
    answer: 'unknown',
    reason: 'DEPENDENCY_UNAVAILABLE',
  });
  expect(waits).toEqual([512.5, 525, 550]);
});

test.each([
  ['a bug', Code.Internal, 'INTERNAL'],
  ['a dependency', Code.Unavailable, 'DEPENDENCY_UNAVAILABLE'],
  ['overload', Code.ResourceExhausted, 'OVERLOADED'],
  ['a deadline', Code.DeadlineExceeded, 'DEADLINE_EXCEEDED'],
  ['a cancel', Code.Canceled, 'CANCELED'],
  ['a missing token', Code.Unauthenticated, 'AUTHENTICATION_REQUIRED'],
  ['a missing right', Code.PermissionDenied, 'PERMISSION_REQUIRED'],
  ['an old server', Code.Unimplemented, 'UNIMPLEMENTED'],
  // Both speak of this message only. The one that a process of another version sent before may have taken effect.
  ['a rule that a newer server has', Code.InvalidArgument, 'FIELD_INVALID'],
  ['a message that an earlier version built otherwise', Code.FailedPrecondition, 'REQUEST_ID_REUSED'],
])('%s is unknown, never refused', async (_, code, reason) => {
  const placeOrder = async () => {
    throw rpcError(code, { reason, message: 'no' });
  };
  const { address } = await serve({ placeOrder });
  expect(await clientOf(address).call('placeOrder', order, options)).toMatchObject({
    answer: 'unknown',
    reason,
  });
});

test('a definite code without our ErrorInfo, as a proxy may send it, is unknown', async () => {
  const address = await serveStreams((stream) => {
    stream.respond({ ':status': 404, 'content-type': 'application/json' });
    stream.end('{"code":"not_found","message":"no such route"}');
  });
  const answer = await clientOf(address).call('placeOrder', order, options);
  expect(answer).toMatchObject({ answer: 'unknown', reason: 'NOT_FOUND' });
});

test('a server that dies in the middle of each call leaves the outcome unknown, after the limit of attempts', async () => {
  let attempts = 0;
  const address = await serveStreams((stream) => {
    attempts += 1;
    stream.session?.socket.destroy();
  });
  expect(await clientOf(address).call('placeOrder', order, options)).toMatchObject({ answer: 'unknown' });
  expect(attempts).toBe(4);
  const fewer = await clientOf(address).call('placeOrder', order, { ...options, attempts: 2 });
  expect(fewer).toMatchObject({ answer: 'unknown' });
  expect(attempts).toBe(6);
});

test('a server that begins its answer and dies leaves the outcome unknown', async () => {
  const address = await serveStreams((stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/proto' });
    stream.write('half', () => stream.session?.destroy());
  });
  const answer = await clientOf(address).call('placeOrder', order, { ...options, attempts: 1 });
  expect(answer).toMatchObject({ answer: 'unknown' });
});

test('nobody listening is unknown, and the call that comes after the restart is done', async () => {
  const first = await startToyOrders();
  const client = clientOf(first.address);
  expect(await client.call('placeOrder', order, options)).toMatchObject({ answer: 'done' });
  await first.stop();
  expect(await client.call('placeOrder', order, options)).toMatchObject({
    answer: 'unknown',
    reason: 'UNAVAILABLE',
  });
  await serve({ port: first.port });
  expect(await client.call('placeOrder', order, options)).toMatchObject({ answer: 'done' });
});

test('a server that never answers is unknown when the budget is spent, and the next call takes a new connection', async () => {
  let connectionCount = 0;
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.resume();
    connectionCount += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closings.push(() => void server.close());
  const client = clientOf(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const impatient = { ...options, budgetMs: 60 };
  for (const connectionsSoFar of [1, 2]) {
    const answer = await client.call('placeOrder', order, impatient);
    expect(answer).toMatchObject({ answer: 'unknown', reason: 'DEADLINE_EXCEEDED' });
    expect(connectionCount).toBe(connectionsSoFar);
  }
});

test('the server answers before the timer of the client fires, so the stream is not reset', async () => {
  const { address } = await serve({
    placeOrder: () => new Promise(() => undefined),
    limits: { drainMsMax: 0 },
  });
  const answer = await clientOf(address).call('placeOrder', order, {
    ...options,
    budgetMs: 400,
    attempts: 1,
  });
  expect(answer).toMatchObject({ answer: 'unknown', reason: 'REQUEST_IN_FLIGHT' });
});

test('a caller that stops waiting gets unknown at once', async () => {
  const entered = Promise.withResolvers<void>();
  const { address } = await serve({
    placeOrder: async () => {
      entered.resolve();
      return new Promise(() => undefined);
    },
    limits: { drainMsMax: 0 },
  });
  const controller = new AbortController();
  const calling = clientOf(address).call('placeOrder', order, { ...options, signal: controller.signal });
  await entered.promise;
  controller.abort();
  expect(await calling).toMatchObject({ answer: 'unknown', reason: 'CANCELED' });
});

test('without a retry budget there is no retry', async () => {
  let calls = 0;
  const { address } = await serve({
    placeOrder: async () => {
      calls += 1;
      throw new JournalUnavailableError('no answer');
    },
  });
  const retryBudget = { earn: () => undefined, spend: () => false };
  const answer = await clientOf(address, { retryBudget }).call('placeOrder', order, options);
  expect(answer).toMatchObject({ answer: 'unknown' });
  expect(calls).toBe(1);
});

test('an IDEMPOTENT call without a request id, or with a malformed one, is a bug and throws', async () => {
  const client = clientOf('http://127.0.0.1:1');
  await expect(client.call('placeOrder', order, { budgetMs: 100 })).rejects.toThrow('needs a request id');
  const malformed = { budgetMs: 100, requestId: 'short' };
  await expect(client.call('placeOrder', order, malformed)).rejects.toThrow('needs a request id');
});

test('a token makes the client a caller, and a read needs no request id', async () => {
  const { address } = await serve({ tokens: 'token-of-orders=orders' });
  const refused = await clientOf(address).call('getOrder', { orderId: 'o-1' }, { budgetMs: 1_000 });
  expect(refused).toMatchObject({ answer: 'unknown', reason: 'AUTHENTICATION_REQUIRED' });
  const client = clientOf(address, { token: 'token-of-orders' });
  expect(await client.call('getOrder', { orderId: 'o-1' }, { budgetMs: 1_000 })).toMatchObject({
    answer: 'done',
  });
});
