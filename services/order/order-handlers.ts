// The RPCs of callers: place, read, list, cancel. An order belongs to its caller; another's is as if it did not exist.

import { create } from '@bufbuild/protobuf';
import { Code, type HandlerContext, type ServiceImpl } from '@connectrpc/connect';
import {
  CancelOrderResponseSchema,
  type OrderService,
  type PlaceOrderRequest,
  PlaceOrderResponseSchema,
} from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import {
  type Answer,
  type Answering,
  deriveId,
  type IdempotentCall,
} from '../../shared/idempotency/index.ts';
import type { Journal } from '../../shared/journal/index.ts';
import { callerOf, fieldInvalid, refusalError, rpcError } from '../../shared/rpc/index.ts';
import { atRest, type Coordinator } from '../../shared/saga/index.ts';
import { decideCancel, decidePlace, isPlaceAnswered } from './domain/order.ts';
import {
  asOrder,
  moneyOf,
  type OrderState,
  orderEntity,
  orderIdOf,
  orderNotFound,
} from './domain/order-state.ts';
import { createDriving } from './driving.ts';
import { orderReasons } from './order-errors.ts';
import { renderConfirmed, renderOrder } from './render.ts';
import { requireDistinctSkus } from './requests.ts';

/** Orders a page when the caller does not say. */
const pageSizeDefault = 50;

export interface OrderDependencies {
  readonly journal: Journal;
  readonly answering: Answering;
  readonly coordinator: Coordinator<OrderState>;
  readonly orderDeadlineMs: number;
  /** Whether the payment service has a card provider. */
  readonly cardPayments: boolean;
  /** The answer while more sagas are under way than can be finished. */
  readonly overloaded: () => Error;
}

type OrderMethods = 'placeOrder' | 'getOrder' | 'listOrders' | 'cancelOrder';

export function createOrderHandlers(
  deps: OrderDependencies,
): Pick<ServiceImpl<typeof OrderService>, OrderMethods> {
  const { journal, answering, coordinator, orderDeadlineMs, cardPayments, overloaded } = deps;
  const drive = createDriving(coordinator);

  /**
   * Records the order once, then drives its saga or joins the drive. A duplicate takes the same way: it finds the order
   * recorded and, whether its saga is over, under way or abandoned, gets the same answer in the end.
   */
  async function place(call: IdempotentCall, request: PlaceOrderRequest) {
    const orderId = deriveId('order', call.caller, call.rpc, call.requestId);
    const payer = payerOf(request);
    // Before anything is recorded. An order that was recorded is driven in any case.
    if (coordinator.isFull() && !journal.knows(call.key)) throw overloaded();
    const entity = orderEntity(orderId);
    const recorded = await journal.submit({
      key: call.key,
      fingerprint: call.fingerprint,
      entities: [entity],
      derivedNew: [entity],
      decide: (_states, at) =>
        decidePlace(
          {
            orderId,
            caller: call.caller,
            lines: request.lines,
            accountId: payer.accountId,
            paymentMethod: payer.paymentMethod,
            totalMax: request.totalMax ? moneyOf(request.totalMax) : null,
            paymentId: `${payer.place}.${orderId}`,
            deadlineMs: orderDeadlineMs,
          },
          at,
        ),
    });
    const known = recorded.replayed
      ? (restingOrder(orderId) ?? (await readOrder(orderId, recorded.seq)))
      : asOrder(recorded.states.get(entity));
    if (!known) throw new Error(`order ${orderId} is recorded without a state`);
    const order = await drive(orderId, known, isPlaceAnswered);
    return placeAnswer(orderId, order, recorded.replayed);
  }

  async function cancel(call: IdempotentCall, orderId: string) {
    const entity = orderEntity(orderId);
    const recorded = await journal.submit({
      key: call.key,
      fingerprint: call.fingerprint,
      entities: [entity],
      decide: ([state]) => decideCancel(orderId, call.caller, asOrder(state)),
    });
    const { outcome, replayed } = recorded;
    if (!outcome.succeeded) return { refusal: outcome.refusal, replayed };
    const known = replayed ? await readOrder(orderId) : asOrder(recorded.states.get(entity));
    if (!known) throw new Error(`order ${orderId} is cancelled without a state`);
    const order = await drive(orderId, known, ({ saga }) => saga.phase === 'cancelled');
    return { response: create(CancelOrderResponseSchema, { order: renderOrder(orderId, order) }), replayed };
  }

  /**
   * The order if this process saw it come to rest. It may have been cancelled since, at another process even; but whatever
   * becomes of it, the answer to PlaceOrder stays, and a storm of duplicates need not ask the database for it.
   */
  function restingOrder(orderId: string): OrderState | undefined {
    const order = asOrder(journal.rememberedState(orderEntity(orderId)));
    return order && atRest(order.saga) && isPlaceAnswered(order) ? order : undefined;
  }

  async function readOrder(orderId: string, fromSeq?: number): Promise<OrderState | undefined> {
    return asOrder(await journal.readState(orderEntity(orderId), fromSeq));
  }

  return {
    placeOrder(request, context) {
      requireDistinctSkus(request.lines);
      requirePayable(request, cardPayments);
      return answering.answerOnce(context, (call) => place(call, request));
    },
    cancelOrder({ orderId }, context) {
      return answering.answerOnce(context, (call) => cancel(call, orderId));
    },
    async getOrder({ orderId }, context) {
      return { order: renderOrder(orderId, ownOrder(orderId, await readOrder(orderId), context)) };
    },
    async listOrders({ pageSize, pageToken }, context) {
      const list = `orders/${callerOf(context).name}`;
      const page = await journal.list(list, { size: pageSize || pageSizeDefault, token: pageToken });
      const orders = await Promise.all(
        page.items.map(orderIdOf).map(async (orderId) => {
          return renderOrder(orderId, ownOrder(orderId, await readOrder(orderId), context));
        }),
      );
      return { orders, nextPageToken: page.nextPageToken ?? '' };
    },
  };
}

/** The order if it is the caller's own; otherwise the same answer whether it exists or not. */
export function ownOrder(
  orderId: string,
  order: OrderState | undefined,
  context: HandlerContext,
): OrderState {
  if (order?.caller === callerOf(context).name) return order;
  throw refusalError(orderReasons, orderNotFound(orderId), false);
}

function placeAnswer(
  orderId: string,
  order: OrderState,
  replayed: boolean,
): Answer<ReturnType<typeof create<typeof PlaceOrderResponseSchema>>> {
  if (order.confirmedAt !== null) {
    return {
      response: create(PlaceOrderResponseSchema, { order: renderConfirmed(orderId, order) }),
      replayed,
    };
  }
  const { reason } = order.saga;
  if (!reason) throw new Error(`order ${orderId} was cancelled without a reason`);
  return { refusal: { ...reason, metadata: { ...reason.metadata, order_id: orderId } }, replayed };
}

/** Who pays, and the first part of the payment's id: the place its money comes from. */
function payerOf({ paymentSource }: PlaceOrderRequest) {
  switch (paymentSource.case) {
    case 'accountId':
      return { place: paymentSource.value, accountId: paymentSource.value, paymentMethod: '' };
    case 'card':
      return { place: 'card', accountId: '', paymentMethod: paymentSource.value.paymentMethod };
    default:
      throw new Error('an order without a payment source came past validation');
  }
}

function requirePayable({ paymentSource, totalMax }: PlaceOrderRequest, cardPayments: boolean): void {
  if (paymentSource.case === 'accountId' && paymentSource.value === 'card') {
    throw fieldInvalid('account_id', '`card` is no account: it is the place of card payments');
  }
  if (totalMax && totalMax.amountMinorUnits < 0n) throw fieldInvalid('total_max', 'must not be below zero');
  if (paymentSource.case !== 'card' || cardPayments) return;
  throw rpcError(Code.Unimplemented, {
    reason: 'CARD_PAYMENTS_UNAVAILABLE',
    message: 'no card provider is configured (CARD_PAYMENTS): set account_id',
  });
}
