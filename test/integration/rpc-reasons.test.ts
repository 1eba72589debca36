// Every reason that the server itself answers with, each provoked by a call.

import { Writable } from 'node:stream';
import { findTrailerError } from '@connectrpc/connect/protocol-grpc';
import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import { ErrorInfoSchema } from '../../shared/gen/google/rpc/error_details_pb.ts';
import { JournalUnavailableError, KeyReusedError, PageTokenError } from '../../shared/journal/journal.ts';
import {
  faultOf,
  orderJson,
  postJson,
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

const requestId = { 'request-id': 'reasons-0001' };

test('a write without a request id is refused and told what to add', async () => {
  const { status, body } = await postJson(await start(), 'PlaceOrder', orderJson);
  expect(status).toBe(400);
  expect(faultOf(body)).toMatchObject({ code: 'invalid_argument', reason: 'REQUEST_ID_REQUIRED' });
  expect(body['message']).toBe("this RPC needs a request id: add -H 'request-id: <uuid>'");
});

test.each([
  ['too short', '1234567'],
  ['too long', 'x'.repeat(129)],
  ['a space', 'has a space'],
  ['quotes', '"quoted-0001"'],
])('a malformed request id is refused: %s', async (_, id) => {
  const { body } = await postJson(await start(), 'PlaceOrder', orderJson, { 'request-id': id });
  expect(faultOf(body)).toMatchObject({ code: 'invalid_argument', reason: 'REQUEST_ID_MALFORMED' });
});

test('two different request ids are refused, under two names or under one', async () => {
  const toy = await start();
  const twoNames = { 'request-id': 'reasons-0001', 'idempotency-key': 'reasons-0002' };
  const twoValues = { 'request-id': 'reasons-0001, reasons-0002' };
  for (const headers of [twoNames, twoValues]) {
    const { body } = await postJson(toy, 'PlaceOrder', orderJson, headers);
    expect(faultOf(body)).toMatchObject({ code: 'invalid_argument', reason: 'REQUEST_ID_CONFLICT' });
  }
  const same = { 'request-id': 'reasons-0001', 'idempotency-key': 'reasons-0001' };
  expect((await postJson(toy, 'PlaceOrder', orderJson, same)).status).toBe(200);
});

test('a request id sent with a read is ignored, even a malformed one', async () => {
  const { status } = await postJson(await start(), 'GetOrder', { orderId: 'o-1' }, { 'request-id': '?' });
  expect(status).toBe(200);
});

test('every broken field rule is named with its path in the proto', async () => {
  const bad = { lines: [{ sku: 'tea 1', quantity: 0 }] };
  const { body } = await postJson(await start(), 'PlaceOrder', bad, requestId);
  expect(faultOf(body)).toEqual({
    code: 'invalid_argument',
    reason: 'FIELD_INVALID',
    retryDelay: undefined,
    fields: ['lines[0].sku', 'lines[0].quantity', 'payment_source'],
  });
  expect(body['message']).toBe(
    'lines[0].sku: does not match regex pattern `^[A-Za-z0-9_-]{1,64}$` (and 2 more)',
  );
});

test('the one message of a stream is validated too', async () => {
  const response = await fetch(`${(await start()).address}/twicesafe.order.v1.OrderService/WatchOrder`, {
    method: 'POST',
    headers: { 'content-type': 'application/connect+json' },
    body: envelope('{"orderId": "not an id"}'),
  });
  expect(await response.text()).toContain('order_id: does not match regex pattern');
});

function envelope(json: string): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(json.length, 1);
  return Buffer.concat([head, Buffer.from(json)]);
}

test('a timeout above the limit is refused', async () => {
  const { body } = await postJson(
    await start(),
    'GetOrder',
    { orderId: 'o-1' },
    // By more than what passes before it is looked at: Connect counts down what is left.
    { 'connect-timeout-ms': '310000' },
  );
  expect(faultOf(body)).toMatchObject({
    code: 'invalid_argument',
    reason: 'FIELD_INVALID',
    fields: ['timeout'],
  });
});

test('a request id with another message is REQUEST_ID_REUSED', async () => {
  const placeOrder = async () => {
    throw new KeyReusedError('req/anonymous/PlaceOrder/reasons-0001');
  };
  const { body } = await postJson(await start({ placeOrder }), 'PlaceOrder', orderJson, requestId);
  expect(faultOf(body)).toMatchObject({ code: 'failed_precondition', reason: 'REQUEST_ID_REUSED' });
});

test('a database that does not answer is DEPENDENCY_UNAVAILABLE with RetryInfo, for writes and reads', async () => {
  const unavailable = async () => {
    throw new JournalUnavailableError('no answer in 5000 ms');
  };
  const toy = await start({ placeOrder: unavailable, getOrder: unavailable });
  const answers = [
    await postJson(toy, 'PlaceOrder', orderJson, requestId),
    await postJson(toy, 'GetOrder', { orderId: 'o-1' }),
  ];
  for (const { body } of answers) {
    expect(faultOf(body)).toMatchObject({
      code: 'unavailable',
      reason: 'DEPENDENCY_UNAVAILABLE',
      retryDelay: '0.500s',
    });
  }
});

test('a page token that the journal did not give is an invalid field', async () => {
  const getOrder = async () => {
    throw new PageTokenError();
  };
  const { body } = await postJson(await start({ getOrder }), 'GetOrder', { orderId: 'o-1' });
  expect(faultOf(body)).toMatchObject({
    code: 'invalid_argument',
    reason: 'FIELD_INVALID',
    fields: ['page_token'],
  });
});

test('a refusal is answered with its own reason, and a replay of it is marked', async () => {
  let calls = 0;
  const refusal = { reason: 'INSUFFICIENT_STOCK', message: 'tea-1 has 1 left', metadata: { sku: 'tea-1' } };
  const toy = await start({
    placeOrder: async () => {
      calls += 1;
      return { replayed: calls > 1, refusal };
    },
  });
  const first = await postJson(toy, 'PlaceOrder', orderJson, requestId);
  expect(faultOf(first.body)).toMatchObject({ code: 'failed_precondition', reason: 'INSUFFICIENT_STOCK' });
  expect(first.body['message']).toBe('tea-1 has 1 left');
  expect(first.headers.get('idempotency-replayed')).toBeNull();
  const second = await postJson(toy, 'PlaceOrder', orderJson, requestId);
  expect(second.body).toEqual(first.body);
  expect(second.headers.get('idempotency-replayed')).toBe('true');
});

test('a refusal with a reason that has no code is a bug: INTERNAL, never a final no', async () => {
  const placeOrder = async () => ({
    replayed: false,
    refusal: { reason: 'NO_SUCH_REASON', message: '', metadata: {} },
  });
  const { body } = await postJson(await start({ placeOrder }), 'PlaceOrder', orderJson, requestId);
  expect(faultOf(body)).toMatchObject({ code: 'internal', reason: 'INTERNAL' });
});

test('a bug is INTERNAL with its text hidden, and the log has its cause and the call', async () => {
  const lines: string[] = [];
  const sink = new Writable({
    write(chunk, _, done) {
      lines.push(String(chunk));
      done();
    },
  });
  const placeOrder = async () => {
    throw new Error('secret of the house');
  };
  const toy = await start({ placeOrder, tokens: 'token-of-alice=alice', log: pino({ level: 'info' }, sink) });
  const headers = { ...requestId, authorization: 'Bearer token-of-alice' };
  const { body } = await postJson(toy, 'PlaceOrder', orderJson, headers);
  expect(faultOf(body)).toMatchObject({ code: 'internal', reason: 'INTERNAL' });
  expect(JSON.stringify(body)).not.toContain('secret');
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    rpc: 'PlaceOrder',
    caller: 'alice',
    requestId: 'reasons-0001',
    err: { message: 'secret of the house' },
  });
});

test('without a valid token a call is refused before its body is read, whatever was wrong with the token', async () => {
  const toy = await start({ tokens: 'token-of-alice=alice' });
  const bodies = [];
  for (const authorization of ['', 'Bearer ', 'Bearer token-of-bob', 'Basic token-of-alice']) {
    const { status, body } = await postJson(toy, 'PlaceOrder', '{ not even JSON', { authorization });
    expect(status).toBe(401);
    bodies.push(JSON.stringify(body));
  }
  expect(new Set(bodies).size).toBe(1);
  expect(bodies[0]).toContain('AUTHENTICATION_REQUIRED');
});

test('a gRPC client gets the same reasons as a Connect client', async () => {
  const { port } = await start();
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  const error = await new Promise<ServiceError | null>((resolve) => {
    client.makeUnaryRequest(
      '/twicesafe.order.v1.OrderService/PlaceOrder',
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => bytes,
      Buffer.alloc(0),
      new Metadata(),
      resolve,
    );
  });
  client.close();
  const details = error?.metadata.get('grpc-status-details-bin')[0] as Buffer;
  const trailers = new Headers({
    'grpc-status': String(error?.code),
    'grpc-status-details-bin': details.toString('base64'),
  });
  expect(error?.code).toBe(3);
  expect(findTrailerError(trailers)?.findDetails(ErrorInfoSchema)[0]).toMatchObject({
    domain: 'twicesafe',
    reason: 'REQUEST_ID_REQUIRED',
  });
});

test('what is not a call of ours is answered sensibly', async () => {
  const toy = await start();
  const malformed = await postJson(toy, 'GetOrder', '{"orderId": ');
  expect([malformed.status, malformed.body['code']]).toEqual([400, 'invalid_argument']);
  const unknownFormat = await fetch(`${toy.address}/twicesafe.order.v1.OrderService/GetOrder`, {
    method: 'POST',
    body: new URLSearchParams(),
  });
  expect([unknownFormat.status, await unknownFormat.text()]).toEqual([
    415,
    expect.stringContaining("add -H 'content-type: application/json'"),
  ]);
  const unknownMethod = await postJson(toy, 'EatOrder', {});
  expect([unknownMethod.status, unknownMethod.body['code']]).toEqual([404, 'unimplemented']);
  const notImplemented = await postJson(toy, 'ListOrders', {});
  expect([notImplemented.status, faultOf(notImplemented.body).reason]).toEqual([501, 'UNIMPLEMENTED']);
});
