import { connect } from 'node:net';
import { createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { expect, test } from 'vitest';
import { OrderService } from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import { faultOf, orderJson, postJson, startToyOrders } from '../support/toy-order-server.ts';

const never = new Promise<never>(() => undefined);

function createGate() {
  const entered = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  return {
    entered: entered.promise,
    release: release.resolve,
    async pass() {
      entered.resolve();
      await release.promise;
    },
  };
}

function isRefused(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', () => resolve(true));
  });
}

test.each(['1.1', '2'] as const)(
  'a stop over HTTP/%s lets a running call end and accepts no new one',
  async (httpVersion) => {
    const gate = createGate();
    const server = await startToyOrders({
      placeOrder: async () => {
        await gate.pass();
        return { replayed: false, response: { order: { orderId: 'o-1' } } };
      },
    });
    const client = createClient(
      OrderService,
      createConnectTransport({ baseUrl: server.address, httpVersion }),
    );
    const order = {
      paymentSource: { case: 'accountId' as const, value: 'alice' },
      lines: [{ sku: 'tea-1', quantity: 2 }],
    };
    const running = client.placeOrder(order, { headers: { 'request-id': 'stopping-0001' } });
    await gate.entered;
    let stopped = false;
    const stopping = server.stop().then(() => {
      stopped = true;
    });
    await expect.poll(() => isRefused(server.port)).toBe(true);
    expect(stopped).toBe(false);
    gate.release();
    expect((await running).order?.orderId).toBe('o-1');
    await stopping;
  },
);

/** Both of its calls begin and never end. */
async function startHanging() {
  const gate = createGate();
  const hang = async () => {
    await gate.pass();
    return never;
  };
  const server = await startToyOrders({ limits: { drainMsMax: 20 }, placeOrder: hang, getOrder: hang });
  return { server, entered: gate.entered };
}

test('a call that does not end in time is told to ask again, and the stop ends', async () => {
  const { server, entered } = await startHanging();
  const write = postJson(server, 'PlaceOrder', orderJson, { 'request-id': 'stopping-0001' });
  const read = postJson(server, 'GetOrder', { orderId: 'o-1' });
  await entered;
  await server.stop();
  expect(faultOf((await write).body)).toMatchObject({ code: 'unavailable', retryDelay: expect.any(String) });
  expect(faultOf((await read).body)).toMatchObject({ code: 'unavailable', reason: 'DEPENDENCY_UNAVAILABLE' });
});

test('a binary call over HTTP/2 that does not end in time is told so too, and in words', async () => {
  const { server, entered } = await startHanging();
  const transport = createConnectTransport({ baseUrl: server.address, httpVersion: '2' });
  const read = createClient(OrderService, transport).getOrder({ orderId: 'o-1' });
  const told = expect(read).rejects.toThrow('[unavailable] this server is stopping');
  await entered;
  await server.stop();
  await told;
});

test('a stream does not hold up a stop', async () => {
  const server = await startToyOrders({
    limits: { drainMsMax: 60_000 },
    async *watchOrder() {
      yield { position: 1n, event: 'placed' };
      await never;
    },
  });
  const client = createClient(
    OrderService,
    createConnectTransport({ baseUrl: server.address, httpVersion: '2' }),
  );
  await expect(
    (async () => {
      for await (const _ of client.watchOrder({ orderId: 'o-1' })) void server.stop();
    })(),
  ).rejects.toThrow('[unavailable]');
  await server.stop();
});

test('an idle kept-alive connection does not hold up a stop, and the port is free afterwards', async () => {
  const server = await startToyOrders({ limits: { drainMsMax: 60_000 } });
  await postJson(server, 'GetOrder', { orderId: 'o-1' });
  await server.stop();
  await server.stop();
  const next = await startToyOrders({ port: server.port });
  expect(next.port).toBe(server.port);
  await next.stop();
});
