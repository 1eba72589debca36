// Turning calls away at the door: who, with which bytes, and what is made for it. The rule of who has room is admission's.

import { Code } from '@connectrpc/connect';
import { errorFromJsonBytes } from '@connectrpc/connect/protocol-connect';
import { findTrailerError } from '@connectrpc/connect/protocol-grpc';
import { expect, test } from 'vitest';
import { ErrorInfoSchema, RetryInfoSchema } from '../../shared/gen/google/rpc/error_details_pb.ts';
import { OrderService } from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import { authenticationFrom, createTurnAway } from '../../shared/rpc/index.ts';

const { placeOrder } = OrderService.method;
const shop = { authorization: 'Bearer shop-token', 'request-id': 'request-1' };

function door(crowd: { isCrowded: boolean; delayMs?: number | undefined }) {
  const asked: unknown[] = [];
  const turnAway = createTurnAway({
    authentication: authenticationFrom({ tokens: 'shop-token=shop' }),
    admission: {
      isCrowded: () => crowd.isCrowded,
      delayOfRefusal: ({ method, caller, requestId }) => {
        asked.push([method.name, caller.name, requestId]);
        return crowd.delayMs;
      },
    },
  });
  return { turnAway, asked };
}

test('while new work has room nobody is turned away, and nobody is looked at', () => {
  const { turnAway, asked } = door({ isCrowded: false, delayMs: 700 });
  expect(turnAway(placeOrder, shop)).toBeUndefined();
  expect(asked).toEqual([]);
});

test('who has no room is told OVERLOADED and when to come back, in both protocols', () => {
  const refusal = door({ isCrowded: true, delayMs: 736 }).turnAway(placeOrder, shop);
  expect(refusal?.connect.headers).toEqual({ ':status': 429, 'content-type': 'application/json' });
  const errors = [
    errorFromJsonBytes(refusal?.connect.body ?? new Uint8Array(), undefined, new Error() as never),
    findTrailerError(new Headers(textHeaders(refusal?.grpc ?? {}))),
  ];
  for (const error of errors) {
    expect(error?.code).toBe(Code.ResourceExhausted);
    expect(error?.findDetails(ErrorInfoSchema)).toMatchObject([
      { domain: 'twicesafe', reason: 'OVERLOADED' },
    ]);
    expect(error?.findDetails(RetryInfoSchema)).toMatchObject([
      { retryDelay: { seconds: 0n, nanos: 736_000_000 } },
    ]);
  }
});

test('an answer is encoded once for each delay that is told', () => {
  const crowd = { isCrowded: true, delayMs: 600 };
  const { turnAway } = door(crowd);
  const first = turnAway(placeOrder, shop);
  expect(turnAway(placeOrder, shop)).toBe(first);
  crowd.delayMs = 601;
  expect(turnAway(placeOrder, shop)).not.toEqual(first);
});

test('who has room all the same goes in, as a repeat that is remembered or a saga’s step', () => {
  const { turnAway, asked } = door({ isCrowded: true });
  expect(turnAway(placeOrder, shop)).toBeUndefined();
  expect(
    turnAway(placeOrder, { ...shop, 'request-id': undefined, 'idempotency-key': 'k-2' }),
  ).toBeUndefined();
  expect(asked).toEqual([
    ['PlaceOrder', 'shop', 'request-1'],
    ['PlaceOrder', 'shop', 'k-2'],
  ]);
});

test('a caller without a valid token is not told how busy it is', () => {
  const { turnAway } = door({ isCrowded: true, delayMs: 700 });
  expect(turnAway(placeOrder, { 'request-id': 'request-1' })).toBeUndefined();
  expect(turnAway(placeOrder, { ...shop, authorization: 'Bearer other' })).toBeUndefined();
});

function textHeaders(headers: object): [string, string][] {
  return Object.entries(headers)
    .filter(([name]) => !name.startsWith(':'))
    .map(([name, value]) => [name, String(value)]);
}
