// Request ids: read from metadata, checked, and put into the context. The server never invents one.

import { MethodOptions_IdempotencyLevel as Level } from '@bufbuild/protobuf/wkt';
import { createContextKey, type HandlerContext, type Interceptor } from '@connectrpc/connect';
import { callerOf } from '../rpc/caller.ts';
import { commonError } from '../rpc/errors.ts';
import { requestKey } from './derive-id.ts';
import { fingerprintOf } from './fingerprint.ts';

/** One request of an IDEMPOTENT RPC: the same key on every retry, for ever. */
export interface IdempotentCall {
  readonly caller: string;
  /** The RPC's short name: `PlaceOrder`. */
  readonly rpc: string;
  readonly requestId: string;
  /** The journal's key: `req/<caller>/<rpc>/<requestId>`. */
  readonly key: string;
  readonly fingerprint: string;
}

/** The second name is that of the IETF draft, which HTTP clients know. */
const headerNames = ['request-id', 'idempotency-key'] as const;

const requestIdPattern = /^[A-Za-z0-9._:-]{8,128}$/;

const callKey = createContextKey<IdempotentCall | undefined>(undefined, { description: 'idempotent call' });

/** The request as the interceptor read it. Throws for an RPC that is not IDEMPOTENT: a bug of its handler. */
export function idempotentCallOf(context: Pick<HandlerContext, 'values'>): IdempotentCall {
  const call = context.values.get(callKey);
  if (call === undefined) throw new Error('the call has no request id: declare its RPC IDEMPOTENT');
  return call;
}

export function isRequestId(value: string): boolean {
  return requestIdPattern.test(value);
}

/** Gives each call of an IDEMPOTENT RPC its `IdempotentCall`. Other RPCs take no request id; one that comes is ignored. */
export function createRequestIdInterceptor(): Interceptor {
  return (next) => (req) => {
    if (req.stream || req.method.idempotency !== Level.IDEMPOTENT) return next(req);
    const requestId = requestIdFrom(req.header);
    const caller = callerOf({ values: req.contextValues }).name;
    const rpc = req.method.name;
    req.contextValues.set(callKey, {
      caller,
      rpc,
      requestId,
      key: requestKey(caller, rpc, requestId),
      fingerprint: fingerprintOf(req.method.input, req.message),
    });
    return next(req);
  };
}

/** Throws REQUEST_ID_REQUIRED, REQUEST_ID_MALFORMED or REQUEST_ID_CONFLICT (INVALID_ARGUMENT). */
export function requestIdFrom(headers: Headers): string {
  const [first, second] = headerNames.map((name) => headers.get(name)).filter((value) => value !== null);
  if (first === undefined) {
    throw commonError('REQUEST_ID_REQUIRED', "this RPC needs a request id: add -H 'request-id: <uuid>'");
  }
  if (second !== undefined && second !== first) {
    throw commonError('REQUEST_ID_CONFLICT', 'request-id and idempotency-key differ: send one of them');
  }
  // Headers joins the values of a repeated header with a comma, which no request id contains.
  if (first.includes(',')) throw commonError('REQUEST_ID_CONFLICT', 'more than one request id: send one');
  if (!isRequestId(first)) {
    throw commonError(
      'REQUEST_ID_MALFORMED',
      'a request id is 8 to 128 of A-Z a-z 0-9 . _ : - without quotes; a UUID is a good one',
    );
  }
  return first;
}
