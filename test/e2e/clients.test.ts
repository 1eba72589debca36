import type { MessageInitShape } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import { beforeAll, describe, expect, test } from 'vitest';
import type { OrderService } from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import { buf, findCommand, findGrpcurl, type Ran, run } from '../support/commands.ts';
import { openShop, type Shop } from '../support/shop.ts';
import { startSuite, type TestSuite } from '../support/suite.ts';

// Clients of other makes against the running suite, each as a person or a program would use it.

const [grpcurl, curl] = await Promise.all([findGrpcurl(), findCommand('curl')]);

let suite: TestSuite;
let shop: Shop;
let address: string;
let target: string;

const rpc = 'twicesafe.order.v1.OrderService/PlaceOrder';
const teaJson = '{"account_id":"alice","lines":[{"sku":"tea","quantity":2}]}';
const tea: MessageInitShape<typeof OrderService.method.placeOrder.input> = {
  paymentSource: { case: 'accountId', value: 'alice' },
  lines: [{ sku: 'tea', quantity: 2 }],
};

beforeAll(async () => {
  suite = await startSuite();
  shop = openShop(suite);
  address = suite.address('order');
  target = new URL(address).host;
  await shop.stock('tea', 1_000n, 450n);
  await shop.openAccount('alice', 1_000_000n);
});

const orderIdIn = ({ stdout }: Ran) => /"orderId":\s*"([0-9a-f]{32})"/.exec(stdout)?.[1];

/** How many orders of tea are paid: what a duplicate must not change. */
async function teaSold(): Promise<bigint> {
  await shop.settle();
  return (await shop.shelf('tea')).sold;
}

describe.skipIf(!grpcurl)('grpcurl', () => {
  const call = (...args: string[]) => run(grpcurl ?? '', ['-plaintext', ...args]);

  test('lists and describes by reflection what is served, at each of the three', async () => {
    const { stdout: services } = await call(target, 'list');
    expect(services.trim().split('\n')).toEqual([
      'grpc.health.v1.Health',
      'grpc.reflection.v1.ServerReflection',
      'grpc.reflection.v1alpha.ServerReflection',
      'twicesafe.order.v1.OrderService',
    ]);
    const { stdout: described } = await call(target, 'describe', 'twicesafe.order.v1.PlaceOrderRequest');
    expect(described).toContain('repeated .twicesafe.order.v1.OrderLine lines = 3');
    for (const name of ['inventory', 'payment']) {
      const { stdout } = await call(new URL(suite.address(name)).host, 'list');
      expect(stdout).toContain(`twicesafe.${name}.v1.`);
    }
  });

  test('places an order, and the second time gets the same one with idempotency-replayed', async () => {
    const before = await teaSold();
    const args = ['-v', '-H', 'request-id: grpcurl-0001', '-d', teaJson, target, rpc];

    const first = await call(...args);
    const second = await call(...args);

    expect(first.code).toBe(0);
    expect(first.stdout).not.toContain('idempotency-replayed');
    expect(second.stdout).toContain('idempotency-replayed: true');
    expect(orderIdIn(first)).toMatch(/^[0-9a-f]{32}$/);
    expect(orderIdIn(second)).toBe(orderIdIn(first));
    expect((await teaSold()) - before).toBe(2n);
  });

  test('shows why an order is refused, and shows a replay of the refusal as one', async () => {
    const order = '{"account_id":"alice","lines":[{"sku":"tea","quantity":999999}]}';
    const args = ['-v', '-H', 'request-id: grpcurl-0002', '-d', order, target, rpc];

    const first = await call(...args);
    const second = await call(...args);

    expect(first.code).toBe(64 + status.FAILED_PRECONDITION);
    expect(first.stderr).toContain('Code: FailedPrecondition');
    expect(first.stderr).toContain('"reason": "INSUFFICIENT_STOCK"');
    expect(first.stderr).toContain('"domain": "twicesafe"');
    expect(second.stderr).toBe(first.stderr);
    expect(`${second.stdout}${second.stderr}`).toContain('idempotency-replayed: true');
  });

  test('shows what is missing when the request id is, and which field is wrong', async () => {
    const withoutId = await call('-d', teaJson, target, rpc);
    expect(withoutId.stderr).toContain('"reason": "REQUEST_ID_REQUIRED"');
    expect(withoutId.stderr).toContain("-H 'request-id: <uuid>'");

    const order = '{"account_id":"alice","lines":[{"sku":"tea","quantity":0}]}';
    const wrong = await call('-H', 'request-id: grpcurl-0003', '-d', order, target, rpc);
    expect(wrong.stderr).toContain('"reason": "FIELD_INVALID"');
    expect(wrong.stderr).toContain('"field": "lines[0].quantity"');
  });

  test('finds every service healthy by its name, and the whole process', async () => {
    for (const [name, service] of [
      ['order', 'twicesafe.order.v1.OrderService'],
      ['inventory', 'twicesafe.inventory.v1.InventoryService'],
      ['payment', 'twicesafe.payment.v1.PaymentService'],
      ['payment', ''],
    ] as const) {
      const { host } = new URL(suite.address(name));
      const { stdout } = await call('-d', JSON.stringify({ service }), host, 'grpc.health.v1.Health/Check');
      expect(JSON.parse(stdout)).toEqual({ status: 'SERVING' });
    }
    const unknown = await call('-d', '{"service":"no.such"}', target, 'grpc.health.v1.Health/Check');
    expect(unknown.code).toBe(64 + status.NOT_FOUND);
  });
});

describe.each([
  { protocol: 'grpc', version: ['--http2-prior-knowledge'] },
  { protocol: 'grpcweb', version: ['--http2-prior-knowledge'] },
  { protocol: 'grpcweb', version: ['--schema', '.'] },
  { protocol: 'connect', version: ['--http2-prior-knowledge'] },
  { protocol: 'connect', version: ['--schema', '.'] },
])('buf curl with $protocol ($version.0)', ({ protocol, version }) => {
  const name = `${protocol}${version[0]}`;
  const call = (...args: string[]) => run(buf, ['curl', '--protocol', protocol, ...version, ...args]);

  test('places one order with two calls, and is told that the second is a replay', async () => {
    const before = await teaSold();
    const args = ['-v', '-H', `request-id: buf-${name}`, '-d', teaJson, `${address}/${rpc}`];

    const first = await call(...args);
    const second = await call(...args);

    expect(first.code, first.stderr).toBe(0);
    expect(first.stderr.toLowerCase()).not.toContain('idempotency-replayed');
    expect(second.stderr.toLowerCase()).toContain('idempotency-replayed: true');
    expect(orderIdIn(second)).toBe(orderIdIn(first));
    expect(orderIdIn(first)).toMatch(/^[0-9a-f]{32}$/);
    expect((await teaSold()) - before).toBe(2n);
  });

  test('reads the reason of a refusal', async () => {
    const order = '{"account_id":"nobody","lines":[{"sku":"tea","quantity":1}]}';
    const refused = await call('-H', `request-id: buf-no-${name}`, '-d', order, `${address}/${rpc}`);
    expect(refused.code).not.toBe(0);
    expect(JSON.parse(refused.stderr)).toMatchObject({
      code: 'not_found',
      message: 'there is no account nobody; open it first',
    });
    const [info] = (JSON.parse(refused.stderr) as { details: { type: string; value: string }[] }).details;
    expect(info?.type).toBe('google.rpc.ErrorInfo');
    // Over gRPC buf shows the details as they came.
    expect(Buffer.from(info?.value ?? '', 'base64').toString()).toContain('ACCOUNT_NOT_FOUND');
  });
});

describe.skipIf(!curl)('curl with JSON over HTTP/1.1', () => {
  const post = (header: string, body = teaJson) =>
    run(curl ?? '', [
      '-sS',
      '-i',
      '-H',
      'content-type: application/json',
      '-H',
      header,
      '-d',
      body,
      `${address}/${rpc}`,
    ]);

  test('places one order, whichever of the two names the request id comes under', async () => {
    const before = await teaSold();
    const first = await post('request-id: curl-0001');
    const second = await post('idempotency-key: curl-0001');

    expect(first.stdout).toMatch(/^HTTP\/1\.1 200 /);
    expect(first.stdout).not.toContain('idempotency-replayed');
    expect(second.stdout).toContain('idempotency-replayed: true');
    expect(orderIdIn(first)).toMatch(/^[0-9a-f]{32}$/);
    expect(orderIdIn(second)).toBe(orderIdIn(first));
    expect((await teaSold()) - before).toBe(2n);
  });

  test('shows the reason of a refusal in clear text, and marks its replay', async () => {
    const order = '{"account_id":"alice","lines":[{"sku":"tea","quantity":999999}]}';
    const first = await post('request-id: curl-0002', order);
    const second = await post('request-id: curl-0002', order);

    expect(first.stdout).toMatch(/^HTTP\/1\.1 400 /);
    expect(first.stdout).toContain('"code":"failed_precondition"');
    expect(first.stdout).toContain('"reason":"INSUFFICIENT_STOCK"');
    expect(second.stdout).toContain('idempotency-replayed: true');
  });

  test('reads with a plain GET, and cannot place an order with one', async () => {
    const orderId = orderIdIn(await post('request-id: curl-0001'));
    const get = (name: string, message: object) => {
      const query = new URLSearchParams({
        connect: 'v1',
        encoding: 'json',
        message: JSON.stringify(message),
      });
      return run(curl ?? '', ['-sS', '-i', `${address}/twicesafe.order.v1.OrderService/${name}?${query}`]);
    };

    const read = await get('GetOrder', { orderId });
    expect(read.stdout).toMatch(/^HTTP\/1\.1 200 /);
    expect(orderIdIn(read)).toBe(orderId);
    const placed = await get('PlaceOrder', { accountId: 'alice', lines: [{ sku: 'tea', quantity: 1 }] });
    expect(placed.stdout).toMatch(/^HTTP\/1\.1 405 /);
  });
});

test('one request id is one order, whatever mixture of clients and encodings asks for it', async () => {
  const before = await teaSold();
  const header = ['-H', 'request-id: mixture-0001'];
  const url = `${address}/${rpc}`;

  const asked = await Promise.all([
    ...(grpcurl ? [run(grpcurl, ['-plaintext', ...header, '-d', teaJson, target, rpc])] : []),
    ...(curl
      ? [run(curl, ['-sS', '-H', 'content-type: application/json', ...header, '-d', teaJson, url])]
      : []),
    ...['grpc', 'grpcweb', 'connect'].map((protocol) =>
      run(buf, ['curl', '--protocol', protocol, '--http2-prior-knowledge', ...header, '-d', teaJson, url]),
    ),
  ]);
  const headers = { 'request-id': 'mixture-0001' };
  const overConnect = await shop.order().placeOrder(tea, { headers });
  const overGrpc = await openShop(suite, 'grpc').order().placeOrder(tea, { headers });

  expect(new Set(asked.map(orderIdIn))).toEqual(new Set([overConnect.order?.orderId]));
  expect(overGrpc).toEqual(overConnect);
  expect((await teaSold()) - before).toBe(2n);
  await shop.expectCleanAudit();
});
