import { createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { afterEach, expect, test } from 'vitest';
import { OrderService } from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import { faultOf, orderJson, postJson, startToyOrders, type ToyServer } from '../support/toy-order-server.ts';

let server: ToyServer | undefined;

afterEach(async () => {
  await server?.stop();
  server = undefined;
});

const never = new Promise<never>(() => undefined);

test('a read that runs past its deadline is answered DEADLINE_EXCEEDED although its handler ignores its signal', async () => {
  server = await startToyOrders({ getOrder: () => never, limits: { drainMsMax: 0 } });
  const { status, body } = await postJson(
    server,
    'GetOrder',
    { orderId: 'o-1' },
    { 'connect-timeout-ms': '60' },
  );
  expect([status, faultOf(body).reason]).toEqual([504, 'DEADLINE_EXCEEDED']);
});

test('a handler sees its signal abort at the deadline, with the reason', async () => {
  const seen = Promise.withResolvers<unknown>();
  server = await startToyOrders({
    getOrder: (_, { signal }) => {
      signal.addEventListener('abort', () => seen.resolve(signal.reason));
      return never;
    },
    limits: { drainMsMax: 0 },
  });
  await postJson(server, 'GetOrder', { orderId: 'o-1' }, { 'connect-timeout-ms': '60' });
  expect(await seen.promise).toMatchObject({
    name: 'ConnectError',
    rawMessage: expect.stringContaining('deadline'),
  });
});

test('a write that runs past its deadline is answered REQUEST_IN_FLIGHT, goes on, and the same id finds its answer', async () => {
  const release = Promise.withResolvers<void>();
  let recorded = false;
  server = await startToyOrders({
    placeOrder: async () => {
      const replayed = recorded;
      await release.promise;
      recorded = true;
      return { replayed, response: { order: { orderId: 'o-1' } } };
    },
  });
  const requestId = { 'request-id': 'deadline-0001' };
  const late = await postJson(server, 'PlaceOrder', orderJson, { ...requestId, 'connect-timeout-ms': '60' });
  expect(late.status).toBe(503);
  expect(faultOf(late.body)).toMatchObject({ reason: 'REQUEST_IN_FLIGHT', retryDelay: '0.200s' });
  const again = postJson(server, 'PlaceOrder', orderJson, requestId);
  release.resolve();
  expect((await again).body).toEqual({ order: { orderId: 'o-1' } });
  expect((await again).headers.get('idempotency-replayed')).toBe('true');
});

test('a call without time is answered before any work', async () => {
  let workCount = 0;
  server = await startToyOrders({
    getOrder: async () => {
      workCount += 1;
      return { order: { orderId: 'o-1' } };
    },
  });
  const { body } = await postJson(server, 'GetOrder', { orderId: 'o-1' }, { 'connect-timeout-ms': '0' });
  expect(faultOf(body).reason).toBe('DEADLINE_EXCEEDED');
  expect(workCount).toBe(0);
});

test('a call without a deadline gets the default one', async () => {
  server = await startToyOrders({ getOrder: () => never, limits: { timeoutMsDefault: 40, drainMsMax: 0 } });
  const { body } = await postJson(server, 'GetOrder', { orderId: 'o-1' });
  expect(faultOf(body).reason).toBe('DEADLINE_EXCEEDED');
});

test('a stream ends at its deadline, after what it had to say', async () => {
  server = await startToyOrders({
    async *watchOrder() {
      yield { position: 1n, event: 'placed' };
      await never;
    },
    limits: { timeoutMsMax: 80 },
  });
  const client = createClient(
    OrderService,
    createConnectTransport({ baseUrl: server.address, httpVersion: '2' }),
  );
  const events: string[] = [];
  await expect(
    (async () => {
      for await (const { event } of client.watchOrder({ orderId: 'o-1' })) events.push(event);
    })(),
  ).rejects.toThrow('[deadline_exceeded]');
  expect(events).toEqual(['placed']);
});
