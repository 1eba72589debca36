import { createConnection, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, expect, test } from 'vitest';
import { OrderService } from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import { authenticationFrom, startRpcServer } from '../../shared/rpc/index.ts';
import { createSystemClock } from '../../shared/runtime/index.ts';
import {
  faultOf,
  orderJson,
  postJson,
  silentLog,
  startToyOrders,
  type ToyOrders,
  type ToyServer,
} from '../support/toy-order-server.ts';

let server: ToyServer | undefined;

afterEach(async () => {
  await server?.stop();
  server = undefined;
});

async function start(toy: ToyOrders = {}): Promise<ToyServer> {
  server = await startToyOrders(toy);
  return server;
}

async function connectTo({ port }: { port: number }): Promise<Socket> {
  const socket = createConnection({ port, host: '127.0.0.1' });
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  return socket;
}

test('a message above 64 KiB is refused, one just below is read', async () => {
  const toy = await start();
  const paddedTo = (bytes: number) => JSON.stringify({ orderId: 'o-1' }).padEnd(bytes, ' ');
  expect((await postJson(toy, 'GetOrder', paddedTo(64 * 1024))).status).toBe(200);
  const { status, body } = await postJson(toy, 'GetOrder', paddedTo(64 * 1024 + 1));
  expect([status, body['code']]).toEqual([429, 'resource_exhausted']);
});

test('above the limit of calls in flight a call is refused before any work, and a place is given back', async () => {
  const release = Promise.withResolvers<void>();
  const entered = Promise.withResolvers<void>();
  let workCount = 0;
  const toy = await start({
    limits: { callsInFlightMax: 1 },
    placeOrder: async () => {
      workCount += 1;
      entered.resolve();
      await release.promise;
      return { replayed: false, response: { order: { orderId: 'o-1' } } };
    },
  });
  const first = postJson(toy, 'PlaceOrder', orderJson, { 'request-id': 'limits-0001' });
  await entered.promise;
  const second = await postJson(toy, 'PlaceOrder', orderJson, { 'request-id': 'limits-0002' });
  expect(second.status).toBe(429);
  expect(faultOf(second.body)).toMatchObject({
    code: 'resource_exhausted',
    reason: 'OVERLOADED',
    retryDelay: expect.stringMatching(/^[01](\.[0-9]+)?s$/),
  });
  expect(workCount).toBe(1);
  release.resolve();
  expect((await first).status).toBe(200);
  expect((await postJson(toy, 'PlaceOrder', orderJson, { 'request-id': 'limits-0002' })).status).toBe(200);
});

test('work that outlives its call keeps its place until it ends', async () => {
  const release = Promise.withResolvers<void>();
  const toy = await start({
    limits: { callsInFlightMax: 1 },
    placeOrder: async () => {
      await release.promise;
      return { replayed: false, response: { order: { orderId: 'o-1' } } };
    },
  });
  const late = await postJson(toy, 'PlaceOrder', orderJson, {
    'request-id': 'limits-0001',
    'connect-timeout-ms': '50',
  });
  expect(faultOf(late.body).reason).toBe('REQUEST_IN_FLIGHT');
  const refused = await postJson(toy, 'GetOrder', { orderId: 'o-1' });
  expect(faultOf(refused.body).reason).toBe('OVERLOADED');
  release.resolve();
  await expect.poll(async () => (await postJson(toy, 'GetOrder', { orderId: 'o-1' })).status).toBe(200);
});

test('headers above the limit are refused', async () => {
  const headers = { 'x-long': 'x'.repeat(20_000) };
  const response = await fetch((await start()).address, { headers });
  expect(response.status).toBe(431);
});

test('a connection that says nothing is closed', async () => {
  const socket = await connectTo(await start({ limits: { firstBytesMsMax: 50 } }));
  expect(await text(socket)).toBe('');
});

test('a connection that begins like HTTP/2 and goes no further is closed', async () => {
  const socket = await connectTo(await start({ limits: { firstBytesMsMax: 50 } }));
  socket.write('PR');
  expect(await text(socket)).toBe('');
});

test('a request whose first bytes come one by one is served', async () => {
  const socket = await connectTo(await start());
  socket.setNoDelay(true);
  for (const byte of 'PROPFIND / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n') {
    await new Promise<void>((resolve) => socket.write(byte, () => resolve()));
  }
  expect(await text(socket)).toContain('HTTP/1.1 404');
});

test('a request without a usable host is refused and the server lives on', async () => {
  const toy = await start();
  for (const head of ['HTTP/1.0', 'HTTP/1.1\r\nhost: [[', 'HTTP/1.1\r\nhost: a b%%']) {
    const socket = await connectTo(toy);
    socket.end(
      `POST /twicesafe.order.v1.OrderService/GetOrder ${head}\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n`,
    );
    expect(await text(socket)).toContain('HTTP/1.1 400');
  }
  expect((await postJson(toy, 'GetOrder', { orderId: 'o-1' })).status).toBe(200);
});

test('a port that is taken is one plain sentence with the way out', async () => {
  const { port } = await start();
  await expect(startToyOrders({ port })).rejects.toThrow(
    `port ${port} is taken by another program: stop it or set ORDER_PORT`,
  );
});

test('a server refuses to start with an RPC that does not say whether it may be repeated', async () => {
  const [first, ...others] = OrderService.methods;
  if (first === undefined) throw new Error('OrderService has no RPCs');
  const unclear = { ...OrderService, methods: [{ ...first, idempotency: 0 }, ...others] };
  const starting = startRpcServer({
    name: 'unclear',
    host: '127.0.0.1',
    port: 0,
    services: [unclear],
    authentication: authenticationFrom({ tokens: '' }),
    clock: createSystemClock(),
    log: silentLog,
    routes: () => undefined,
  });
  await expect(starting).rejects.toThrow('twicesafe.order.v1.OrderService/PlaceOrder');
});
