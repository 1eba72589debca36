// RefundOrderLines: records what goes back of an order, then waits until it is back, or until everything is.

import { create } from '@bufbuild/protobuf';
import { Code, type ServiceImpl } from '@connectrpc/connect';
import {
  type OrderService,
  type RefundOrderLinesRequest,
  RefundOrderLinesResponseSchema,
} from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import { type Answering, deriveId, type IdempotentCall } from '../../shared/idempotency/index.ts';
import type { Journal } from '../../shared/journal/index.ts';
import { rpcError } from '../../shared/rpc/index.ts';
import type { Coordinator } from '../../shared/saga/index.ts';
import { asOrder, type OrderState, orderEntity } from './domain/order-state.ts';
import { decideRefundLines, openRefundOf, TooManyOpenRefundsError } from './domain/refund.ts';
import { createDriving } from './driving.ts';
import { renderOrder, renderRefund } from './render.ts';
import { requireDistinctSkus } from './requests.ts';

/** About what a refund takes. */
const refundsRetryDelayMs = 1_000;

export function createRefundHandler(deps: {
  journal: Journal;
  answering: Answering;
  coordinator: Coordinator<OrderState>;
}): Pick<ServiceImpl<typeof OrderService>, 'refundOrderLines'> {
  const { journal, answering } = deps;
  const drive = createDriving(deps.coordinator);

  async function refund(call: IdempotentCall, request: RefundOrderLinesRequest) {
    const { orderId, lines, backOnSale = false, reason } = request;
    const { caller } = call;
    const entity = orderEntity(orderId);
    const refundId = deriveId('refund', caller, call.rpc, call.requestId);
    await untilSold(orderId, caller);
    const units = lines.map(({ sku, quantity }) => ({ sku, quantity }));
    const command = { refundId, caller, units, backOnSale, reason };
    const recorded = await journal
      .submit({
        key: call.key,
        fingerprint: call.fingerprint,
        entities: [entity],
        decide: ([state]) => decideRefundLines(orderId, asOrder(state), command),
      })
      .catch((error: unknown) => {
        throw error instanceof TooManyOpenRefundsError ? tooManyRefunds(error) : error;
      });
    const { outcome, replayed, at } = recorded;
    if (!outcome.succeeded) return { refusal: outcome.refusal, replayed };
    const asked = asOrder(recorded.states.get(entity));
    const now = replayed ? asOrder(await journal.readState(entity)) : asked;
    if (!asked || !now) throw new Error(`a refund of order ${orderId} is recorded without a state`);
    await drive(orderId, now, (order) => openRefundOf(order, refundId) === undefined);
    const response = create(RefundOrderLinesResponseSchema, {
      refund: renderRefund(asked, refundId, at),
      order: renderOrder(orderId, asked),
    });
    return { response, replayed };
  }

  /** A confirmed order's stock is sold a moment later; only what is sold can come back. */
  async function untilSold(orderId: string, caller: string): Promise<void> {
    const order = asOrder(await journal.readState(orderEntity(orderId)));
    if (order?.caller !== caller || order.saga.phase !== 'confirmed') return;
    await drive(orderId, order, ({ saga }) => saga.phase !== 'confirmed');
  }

  return {
    refundOrderLines(request, context) {
      requireDistinctSkus(request.lines);
      return answering.answerOnce(context, (call) => refund(call, request));
    },
  };
}

/** Nothing is recorded: some of the refunds under way end soon. */
function tooManyRefunds(cause: Error) {
  return rpcError(Code.ResourceExhausted, {
    reason: 'OVERLOADED',
    message: cause.message,
    retryDelayMs: refundsRetryDelayMs,
  });
}
