import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { createClient } from '@connectrpc/connect';
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from '@connectrpc/connect-node';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  OrderService,
  PlaceOrderRequestSchema,
  PlaceOrderResponseSchema,
} from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import { orderJson, postJson, startToyOrders, type ToyServer } from '../support/toy-order-server.ts';

const order: MessageInitShape<typeof PlaceOrderRequestSchema> = {
  paymentSource: { case: 'accountId', value: 'alice' },
  lines: [{ sku: 'tea-1', quantity: 2 }],
};

let server: ToyServer;

beforeAll(async () => {
  const placed = new Set<string>();
  server = await startToyOrders({
    async placeOrder(_, { requestId }) {
      const replayed = placed.has(requestId);
      placed.add(requestId);
      return { replayed, response: { order: { orderId: `order-of-${requestId}` } } };
    },
    async *watchOrder() {
      yield { position: 1n, event: 'placed' };
      yield { position: 2n, event: 'confirmed' };
    },
  });
});

afterAll(() => server.stop());

test('a grpc-js client places an order, and its second call is marked as a replay', async () => {
  const client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure());
  const metadata = new Metadata();
  metadata.set('request-id', 'grpc-js-0001');
  const call = () =>
    new Promise<{ orderId: string | undefined; replayed: unknown }>((resolve, reject) => {
      let replayed: unknown;
      client
        .makeUnaryRequest(
          '/twicesafe.order.v1.OrderService/PlaceOrder',
          (request: typeof order) =>
            Buffer.from(toBinary(PlaceOrderRequestSchema, create(PlaceOrderRequestSchema, request))),
          (bytes: Buffer) => fromBinary(PlaceOrderResponseSchema, bytes),
          order,
          metadata,
          {},
          (error, response) =>
            error ? reject(error) : resolve({ orderId: response?.order?.orderId, replayed }),
        )
        .on('metadata', (headers) => {
          replayed = headers.get('idempotency-replayed')[0];
        });
    });
  expect(await call()).toEqual({ orderId: 'order-of-grpc-js-0001', replayed: undefined });
  expect(await call()).toEqual({ orderId: 'order-of-grpc-js-0001', replayed: 'true' });
  client.close();
});

test.each([
  ['Connect over h2c', () => createConnectTransport({ baseUrl: server.address, httpVersion: '2' })],
  ['Connect over HTTP/1.1', () => createConnectTransport({ baseUrl: server.address, httpVersion: '1.1' })],
  ['gRPC over h2c', () => createGrpcTransport({ baseUrl: server.address })],
  ['gRPC-Web over HTTP/1.1', () => createGrpcWebTransport({ baseUrl: server.address, httpVersion: '1.1' })],
  ['gRPC-Web over h2c', () => createGrpcWebTransport({ baseUrl: server.address, httpVersion: '2' })],
])('%s reaches every kind of RPC on the one port', async (name, transportOf) => {
  const client = createClient(OrderService, transportOf());
  const requestId = name.replaceAll(/[^A-Za-z0-9]/g, '-');
  const placed = await client.placeOrder(order, { headers: { 'request-id': requestId } });
  expect(placed.order?.orderId).toBe(`order-of-${requestId}`);
  expect((await client.getOrder({ orderId: 'o-1' })).order?.orderId).toBe('o-1');
  const events: string[] = [];
  for await (const { event } of client.watchOrder({ orderId: 'o-1' })) events.push(event);
  expect(events).toEqual(['placed', 'confirmed']);
});

test('curl-like JSON over HTTP/1.1 works, with idempotency-key as well as request-id', async () => {
  const first = await postJson(server, 'PlaceOrder', orderJson, { 'request-id': 'curl-00001' });
  expect([first.status, first.body]).toEqual([200, { order: { orderId: 'order-of-curl-00001' } }]);
  const second = await postJson(server, 'PlaceOrder', orderJson, { 'idempotency-key': 'curl-00001' });
  expect(second.body).toEqual({ order: { orderId: 'order-of-curl-00001' } });
  expect(second.headers.get('idempotency-replayed')).toBe('true');
});

test('a read answers HTTP GET', async () => {
  const message = encodeURIComponent(JSON.stringify({ orderId: 'o-7' }));
  const path = `/twicesafe.order.v1.OrderService/GetOrder?connect=v1&encoding=json&message=${message}`;
  const response = await fetch(`${server.address}${path}`);
  expect([response.status, await response.json()]).toEqual([200, { order: { orderId: 'o-7' } }]);
});

test('a write does not answer HTTP GET', async () => {
  const path = '/twicesafe.order.v1.OrderService/PlaceOrder?connect=v1&encoding=json&message=%7B%7D';
  expect((await fetch(`${server.address}${path}`)).status).toBe(405);
});
