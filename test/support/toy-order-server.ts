// A real server with the real OrderService descriptor and toy handlers, for tests of what lies around handlers.

import { Code, type ConnectRouter, type HandlerContext } from '@connectrpc/connect';
import {
  type GetOrderRequest,
  OrderService,
  type PlaceOrderRequest,
  type WatchOrderRequest,
} from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import { type Answer, createAnswering, type IdempotentCall } from '../../shared/idempotency/index.ts';
import {
  type AdmissionLimits,
  authenticationFrom,
  type RpcServer,
  type ServerLimits,
  type ServiceLoad,
  startRpcServer,
} from '../../shared/rpc/index.ts';
import {
  createLog,
  createSystemClock,
  type Failpoints,
  type Logger,
  noFailpoints,
} from '../../shared/runtime/index.ts';

type OrderAnswer = Answer<{ order: { orderId: string } }>;

export interface ToyOrders {
  /** Runs inside answerOnce. Default: the order's id is the request id, never replayed. */
  placeOrder?: (request: PlaceOrderRequest, call: IdempotentCall) => Promise<OrderAnswer>;
  /** Default: the order asked for. */
  getOrder?: (request: GetOrderRequest, context: HandlerContext) => Promise<{ order: { orderId: string } }>;
  /** Default: one event. */
  watchOrder?: (
    request: WatchOrderRequest,
    context: HandlerContext,
  ) => AsyncIterable<{ position: bigint; event: string }>;
  tokens?: string;
  limits?: Partial<ServerLimits>;
  admissionLimits?: Partial<AdmissionLimits>;
  load?: ServiceLoad;
  log?: Logger;
  port?: number;
  failpoints?: Failpoints;
}

export interface ToyServer extends RpcServer {
  /** `http://127.0.0.1:PORT` */
  readonly address: string;
}

export const silentLog = createLog('test', 'silent');

export async function startToyOrders(toy: ToyOrders = {}): Promise<ToyServer> {
  const log = toy.log ?? silentLog;
  const clock = createSystemClock();
  const answering = createAnswering({ reasons: { INSUFFICIENT_STOCK: Code.FailedPrecondition }, clock, log });
  const placeOrder =
    toy.placeOrder ??
    (async (_, call) => ({ replayed: false, response: { order: { orderId: call.requestId } } }));
  const getOrder = toy.getOrder ?? (async ({ orderId }) => ({ order: { orderId } }));
  const watchOrder =
    toy.watchOrder ??
    async function* () {
      yield { position: 1n, event: 'placed' };
    };
  const server = await startRpcServer({
    name: 'toy',
    host: '127.0.0.1',
    port: toy.port ?? 0,
    portVariable: 'ORDER_PORT',
    services: [OrderService],
    authentication: authenticationFrom({ tokens: toy.tokens ?? '' }),
    limits: toy.limits ?? {},
    admissionLimits: toy.admissionLimits ?? {},
    load: toy.load ?? {},
    clock,
    log,
    failpoints: toy.failpoints ?? noFailpoints,
    routes(router: ConnectRouter) {
      router.service(OrderService, {
        placeOrder: (request, context) => answering.answerOnce(context, (call) => placeOrder(request, call)),
        getOrder,
        watchOrder,
      });
    },
  });
  return { ...server, address: `http://127.0.0.1:${server.port}` };
}

/** What a JSON client sends to place a valid order. */
export const orderJson = { accountId: 'alice', lines: [{ sku: 'tea-1', quantity: 2 }] };

/** A Connect call as curl makes it: HTTP/1.1 and JSON. */
export async function postJson(
  server: { address: string },
  rpc: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; headers: Headers; body: Record<string, unknown> }> {
  const response = await fetch(`${server.address}/twicesafe.order.v1.OrderService/${rpc}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Record<string, unknown>,
  };
}

/** Reason, retry delay and first field violation of a Connect error in JSON, as its details' debug forms say them. */
export function faultOf(body: Record<string, unknown>): {
  code: unknown;
  reason: string | undefined;
  retryDelay: string | undefined;
  fields: string[] | undefined;
} {
  const details = (body['details'] ?? []) as { type: string; debug: Record<string, unknown> }[];
  const debugOf = (type: string) => details.find((detail) => detail.type === type)?.debug;
  const violations = debugOf('google.rpc.BadRequest')?.['fieldViolations'] as { field: string }[] | undefined;
  return {
    code: body['code'],
    reason: debugOf('google.rpc.ErrorInfo')?.['reason'] as string | undefined,
    retryDelay: debugOf('google.rpc.RetryInfo')?.['retryDelay'] as string | undefined,
    fields: violations?.map(({ field }) => field),
  };
}

export const placePath = '/twicesafe.order.v1.OrderService/PlaceOrder';

/** What PlaceOrder takes. */
export const anyOrder = {
  paymentSource: { case: 'accountId' as const, value: 'alice' },
  lines: [{ sku: 'tea-1', quantity: 2 }],
};
