import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { beforeAll, expect, test } from 'vitest';
import { OrderService } from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import { createSystemClock } from '../../shared/runtime/index.ts';
import { decodeStatus, type GrpcStatus } from '../support/grpc-status.ts';
import { openShop } from '../support/shop.ts';
import { startSuite, type TestSuite } from '../support/suite.ts';

// The other gRPC of Node, which shares no line with our server: what a program sees that uses any gRPC library.

let suite: TestSuite;
let target: string;
const { placeOrder, getOrder } = OrderService.method;

const tea: MessageInitShape<typeof OrderService.method.placeOrder.input> = {
  paymentSource: { case: 'accountId', value: 'alice' },
  lines: [{ sku: 'tea', quantity: 2 }],
};

beforeAll(async () => {
  suite = await startSuite();
  target = new URL(suite.address('order')).host;
  const shop = openShop(suite);
  await shop.stock('tea', 1_000n, 450n);
  await shop.openAccount('alice', 1_000_000n);
});

interface Unary<O> {
  readonly response: O | undefined;
  readonly error: ServiceError | undefined;
  readonly replayed: unknown;
  readonly status: GrpcStatus | undefined;
}

function unary<I extends DescMessage, O extends DescMessage>(
  method: { name: string; input: I; output: O },
  message: MessageInitShape<I>,
  options: { requestId?: string; deadlineMs?: number } = {},
): Promise<Unary<MessageShape<O>>> {
  const client = new Client(target, credentials.createInsecure());
  const metadata = new Metadata();
  if (options.requestId) metadata.set('request-id', options.requestId);
  const deadline =
    options.deadlineMs === undefined ? {} : { deadline: createSystemClock().nowMs() + options.deadlineMs };
  return new Promise((resolve) => {
    let replayed: unknown;
    client
      .makeUnaryRequest(
        `/twicesafe.order.v1.OrderService/${method.name}`,
        (request: MessageInitShape<I>) => Buffer.from(toBinary(method.input, create(method.input, request))),
        (bytes: Buffer) => fromBinary(method.output, bytes),
        message,
        metadata,
        deadline,
        (error, response) => {
          client.close();
          const [details] = error?.metadata.get('grpc-status-details-bin') ?? [];
          resolve({
            response,
            error: error ?? undefined,
            replayed: replayed ?? error?.metadata.get('idempotency-replayed')[0],
            status: Buffer.isBuffer(details) ? decodeStatus(details) : undefined,
          });
        },
      )
      .on('metadata', (headers) => {
        replayed = headers.get('idempotency-replayed')[0];
      });
  });
}
test('a @grpc/grpc-js client places one order with two calls, and is told that the second is a replay', async () => {
  const first = await unary(placeOrder, tea, { requestId: 'grpc-js-0001' });
  const second = await unary(placeOrder, tea, { requestId: 'grpc-js-0001' });

  expect(first.response?.order?.total).toMatchObject({ amountMinorUnits: 900n, currency: 'EUR' });
  expect(first.replayed).toBeUndefined();
  expect(second.replayed).toBe('true');
  expect(second.response).toEqual(first.response);
});

test('a @grpc/grpc-js client finds code, reason and facts of a refusal in its trailers, and the same ones on a replay', async () => {
  const order = { ...tea, lines: [{ sku: 'no-such-item', quantity: 1 }] };
  const first = await unary(placeOrder, order, { requestId: 'grpc-js-0002' });
  const second = await unary(placeOrder, order, { requestId: 'grpc-js-0002' });

  expect(first.error?.code).toBe(status.NOT_FOUND);
  expect(first.status).toMatchObject({ code: status.NOT_FOUND, reason: 'ITEM_NOT_FOUND' });
  expect(first.error?.details).toBe(first.status?.message);
  expect(first.error?.details).toBe('there is no item no-such-item; put it first');
  expect(second.status).toEqual(first.status);
  expect([first.replayed, second.replayed]).toEqual([undefined, 'true']);
});

test('a @grpc/grpc-js client finds the wrong fields in its trailers', async () => {
  const order = { ...tea, lines: [{ sku: 'tea', quantity: 0 }] };
  const { error, status: details } = await unary(placeOrder, order, { requestId: 'grpc-js-0003' });
  expect(error?.code).toBe(status.INVALID_ARGUMENT);
  expect(details).toMatchObject({ reason: 'FIELD_INVALID', fields: ['lines[0].quantity'] });
});

test('a @grpc/grpc-js client is told before its deadline that the order goes on, and when to ask again; then it finds the order', async () => {
  await suite.kill('payment');
  const early = await unary(placeOrder, tea, { requestId: 'grpc-js-0004', deadlineMs: 800 });
  await suite.restart('payment');

  expect(early.error?.code).toBe(status.UNAVAILABLE);
  expect(early.status).toMatchObject({ reason: 'REQUEST_IN_FLIGHT', retryDelayMs: 200 });
  const later = await unary(placeOrder, tea, { requestId: 'grpc-js-0004', deadlineMs: 20_000 });
  expect(later.response?.order?.orderId).toMatch(/^[0-9a-f]{32}$/);
  expect(later.replayed).toBe('true');
});

test('a @grpc/grpc-js client reads without a request id', async () => {
  const { response } = await unary(placeOrder, tea, { requestId: 'grpc-js-0001' });
  const orderId = response?.order?.orderId ?? '';
  const read = await unary(getOrder, { orderId });
  expect(read.response?.order?.orderId).toBe(orderId);
  const missing = await unary(getOrder, { orderId: 'no-such-order' });
  expect(missing.status).toMatchObject({ code: status.NOT_FOUND, reason: 'ORDER_NOT_FOUND' });
});
