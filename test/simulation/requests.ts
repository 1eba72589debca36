// From the commands of a plan to requests: what is called, by whom, under which id, and which refusals it may get.

import { InventoryService } from '../../shared/gen/twicesafe/inventory/v1/inventory_pb.ts';
import { OrderService } from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import { PaymentService } from '../../shared/gen/twicesafe/payment/v1/payment_pb.ts';
import { orderRequest } from './order-requests.ts';
import { accountRequest, paymentRequest } from './payment-requests.ts';
import type { Command, Plan } from './plan.ts';
import { stockRequest } from './stock-requests.ts';
import { accountOf, money, type Request, skuOf, subjectOf } from './subject.ts';

export { accountOf, type Request, skuOf } from './subject.ts';

/** Nothing is refused here: a shop opens before the storm. */
export function openingRequests(plan: Plan): Request[] {
  const items = plan.items.map(({ onHand, price }, index) => ({
    service: 'inventory' as const,
    method: InventoryService.method.putItem,
    caller: 'operator' as const,
    requestId: `open-item-${index}`,
    message: { sku: skuOf(index), name: 'opening', price: money(price), onHand: BigInt(onHand) },
    about: `item/${skuOf(index)}`,
    refusals: [],
  }));
  const accounts = plan.accounts.map(({ opening }, index) => ({
    service: 'payment' as const,
    method: PaymentService.method.openAccount,
    caller: 'operator' as const,
    requestId: `open-account-${index}`,
    message: { accountId: accountOf(index), openingBalance: money(opening) },
    about: `account/${accountOf(index)}`,
    refusals: [],
  }));
  return [...items, ...accounts];
}

/** What an operator asks for in the end: that an order's saga goes on. */
export function retryRequest(order: string, count: number): Request {
  return {
    service: 'order',
    method: OrderService.method.retrySaga,
    caller: 'operator',
    requestId: `operator-retry-${count}`,
    message: { orderId: order.slice('order/'.length) },
    about: order,
    refusals: [],
  };
}

/** The request of a command. Two commands with one id are the same request, unless one of them is altered. */
export function requestOf(plan: Plan, command: Command): Request {
  const subject = subjectOf(plan, command);
  const request =
    orderRequest(subject) ?? paymentRequest(subject) ?? accountRequest(subject) ?? stockRequest(subject);
  if (!request) throw new Error(`${command.kind} is no kind of command`);
  return request;
}
