import { v7 } from 'uuid';
import { expect, test } from 'vitest';
import { deriveId, requestKey } from '../../shared/idempotency/index.ts';
import { requestIdFrom } from '../../shared/idempotency/request-id.ts';

// Pinned: the ids of orders and of the steps of their sagas. If they change, a retry is a new order.
test('a derived id is the same for ever', () => {
  expect(deriveId('order', 'alice', 'request-0001')).toBe('8445edc3bf1b9764f2be339cbe071ddd');
  expect(deriveId()).toBe('e3b0c44298fc1c149afbf4c8996fb924');
  expect(deriveId('é')).toBe('2f23c71856587c2a6ffdb64f0e11e994');
});

// Pinned as well: callers who follow the advice get these.
test('an id that is derived from a UUID of version 7 begins with its time', () => {
  const requestId = '019a9f3c-7b21-7cde-8f01-23456789abcd';
  expect(deriveId('order', 'alice', 'PlaceOrder', requestId)).toBe('019a9f3c7b21d8fd027ee5ebd3663d29abde');
  // Another request id, though the same UUID to some; the same time all the same.
  expect(deriveId('order', 'alice', 'PlaceOrder', requestId.toUpperCase())).toBe(
    '019a9f3c7b21c5173bcff0ac523d04b92c4b',
  );
  expect(deriveId('order', 'bob', 'PlaceOrder', requestId)).not.toBe(
    deriveId('order', 'alice', 'PlaceOrder', requestId),
  );
});

test.each([
  ['version 4', '019a9f3c-7b21-4cde-8f01-23456789abcd'],
  ['another variant', '019a9f3c-7b21-7cde-cf01-23456789abcd'],
  ['with more behind it', '019a9f3c-7b21-7cde-8f01-23456789abcd:cancel'],
  ['with more before it', 'x019a9f3c-7b21-7cde-8f01-23456789abcd'],
])('a UUID of %s gives an id without a time', (_what, requestId) => {
  expect(deriveId('order', requestId)).toMatch(/^[0-9a-f]{32}$/);
  expect(deriveId('order', requestId).slice(0, 12)).not.toBe('019a9f3c7b21');
});

test('what is made later sorts later, in whichever order it is asked', () => {
  const ids = Array.from({ length: 50 }, (_, number) =>
    deriveId('alice', v7({ msecs: 1_790_000_000_000 + number })),
  );
  expect(ids.toSorted()).toEqual(ids);
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
