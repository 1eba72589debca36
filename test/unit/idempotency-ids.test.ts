import { expect, test } from 'vitest';
import { deriveId, requestKey } from '../../shared/idempotency/index.ts';
import { requestIdFrom } from '../../shared/idempotency/request-id.ts';

// Pinned: the ids of orders and of the steps of their sagas. If they change, a retry is a new order.
test('a derived id is the same for ever', () => {
  expect(deriveId('order', 'alice', 'request-0001')).toBe('8445edc3bf1b9764f2be339cbe071ddd');
  expect(deriveId()).toBe('e3b0c44298fc1c149afbf4c8996fb924');
  expect(deriveId('é')).toBe('2f23c71856587c2a6ffdb64f0e11e994');
});

test('parts do not run into each other', () => {
  const ids = [
    deriveId('ab', 'c'),
    deriveId('a', 'bc'),
    deriveId('abc'),
    deriveId('abc', ''),
    deriveId('', 'abc'),
  ];
  expect(new Set(ids).size).toBe(5);
});

test('a request key has the scope of a request: caller, RPC, request id', () => {
  expect(requestKey('alice', 'PlaceOrder', 'request-0001')).toBe('req/alice/PlaceOrder/request-0001');
});

test.each(['12345678', 'x'.repeat(128), '8e03978e-40d5-43dd-bc93-6894a57f9324', 'a:b.c_d-e'])(
  '%s is a request id',
  (value) => {
    expect(requestIdFrom(new Headers({ 'request-id': value }))).toBe(value);
    expect(requestIdFrom(new Headers({ 'idempotency-key': value }))).toBe(value);
  },
);

test('an empty request id is malformed, not missing', () => {
  expect(() => requestIdFrom(new Headers({ 'request-id': '' }))).toThrow('8 to 128');
});

test('a repeated header is more than one request id, even with equal values', () => {
  const headers = new Headers();
  headers.append('request-id', 'request-0001');
  headers.append('request-id', 'request-0001');
  expect(() => requestIdFrom(headers)).toThrow('more than one');
});
