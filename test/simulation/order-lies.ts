// What callers were told of an order against what became of it.

import {
  type Order,
  OrderStatus,
  OrderStatusSchema,
  type PlaceOrderResponse,
} from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import type { Account } from './ledger.ts';

/** `placed` is the account of its PlaceOrder, `order` what its caller reads when everything is at rest. */
export function orderLies(placed: Account, order: Order, accounts: readonly Account[]): string[] {
  const { about, caller } = placed.request;
  const ofOrder = accounts.filter(({ request }) => request.about === about);
  const cancels = ofOrder.filter(({ request }) => request.method.name === 'CancelOrder');
  const aborts = ofOrder.filter(({ request }) => request.method.name === 'AbortSaga');
  const lies: string[] = [];
  const lie = (what: string) => lies.push(`I8 ${caller}'s ${about} ${what}`);

  const { definite } = placed;
  const isCancelled = cancels.some((cancel) => cancel.definite?.answer === 'done');
  const isConfirmed = definite?.answer === 'done' && !isCancelled;
  const wanted = isConfirmed ? OrderStatus.CONFIRMED : OrderStatus.CANCELLED;
  if (order.status !== wanted) lie(`is ${nameOf(order.status)}; its callers were told ${nameOf(wanted)}`);

  if (definite?.answer === 'refused') {
    const { reason } = definite.refusal;
    if (reason !== order.cancelReason) lie(`was refused for ${reason}, but it says ${order.cancelReason}`);
    // The tombstones of its own undo must never be given as the reason.
    if (reason === 'REQUEST_CANCELLED' && cancels.length + aborts.length === 0)
      lie('was cancelled by nobody');
  }
  if (definite?.answer === 'done') {
    const told = (definite.response as PlaceOrderResponse).order?.total?.amountMinorUnits;
    const cost = costOf(order);
    if (told !== cost) lie(`costs ${cost}, but its caller was told ${told}`);
  }
  for (const { request, definite: answer, askedAtMs } of cancels) {
    const wasThere = placed.definiteAtMs !== undefined && placed.definiteAtMs < askedAtMs;
    if (wasThere && answer?.answer === 'refused' && answer.refusal.reason === 'ORDER_NOT_FOUND')
      lie(`was there, but ${request.requestId} was told that it is not`);
  }
  return lies;
}

function costOf({ lines }: Order): bigint {
  return lines.reduce(
    (sum, { quantity, unitPrice }) => sum + BigInt(quantity) * (unitPrice?.amountMinorUnits ?? 0n),
    0n,
  );
}

function nameOf(status: OrderStatus): string {
  return OrderStatusSchema.value[status]?.name ?? String(status);
}
