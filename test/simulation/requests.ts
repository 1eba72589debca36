// From the commands of a plan to requests: what is called, by whom, under which id, and which refusals it may get.

import type { DescMethodUnary } from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { InventoryService } from '../../shared/gen/twicesafe/inventory/v1/inventory_pb.ts';
import { OrderService } from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import { PaymentService } from '../../shared/gen/twicesafe/payment/v1/payment_pb.ts';
import { deriveId } from '../../shared/idempotency/index.ts';
import type { Command, Plan, Wish } from './plan.ts';
import type { ServiceName } from './suite.ts';

export interface Request {
  readonly service: ServiceName;
  readonly method: DescMethodUnary;
  readonly caller: 'alice' | 'bob' | 'operator';
  readonly requestId: string;
  readonly message: Readonly<Record<string, unknown>>;
  /** What it is about: `order/<id>`, `payment/<id>`, `reservation/<caller>/<id>`, `account/a0`, `item/sku-0`. */
  readonly about: string;
  /** Refusals that this request may get, whatever went wrong meanwhile. Any other would be a lie. */
  readonly refusals: readonly string[];
}

export const currency = 'EUR';
export const skuOf = (index: number) => `sku-${index}`;
export const accountOf = (index: number) => `a${index}`;

const money = (minorUnits: number) => ({ amountMinorUnits: BigInt(minorUnits), currency });

/** The order's id, which its caller can know before it asked. */
export function orderIdOf(caller: string, placeId: string): string {
  return deriveId('order', caller, 'PlaceOrder', placeId);
}

export function linesOf(plan: Plan, wish: Wish): { sku: string; quantity: number }[] {
  const lines = new Map<string, number>();
  for (const { sku, quantity } of wish.lines) {
    const name = skuOf(sku % plan.items.length);
    lines.set(name, (lines.get(name) ?? 0) + quantity);
  }
  return [...lines].map(([sku, quantity]) => ({ sku, quantity }));
}

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

export function requestOf(plan: Plan, command: Command): Request {
  const { kind, variant, isAltered, isStranger } = command;
  const index = command.target % plan.wishes.length;
  const wish = plan.wishes[index];
  if (!wish) throw new Error('a plan has at least one wish');
  const other = wish.caller === 'alice' ? 'bob' : 'alice';
  const caller = isStranger ? other : wish.caller;
  const accountId = accountOf(wish.account % plan.accounts.length);
  const sku = skuOf(command.target % plan.items.length);
  const lines = linesOf(plan, wish).map((line) =>
    isAltered ? { ...line, quantity: line.quantity + 1 } : line,
  );
  const amount = money(wish.amount + (isAltered ? 1 : 0));
  const placeId = `place-order-${index}`;
  const orderId = orderIdOf(caller, placeId);
  const paymentId = `${accountId}.pay-${index}`;
  const reservationId = `own-${index}`;
  const requestId = `${kind}-${index}-number-${variant}`;
  const order = { service: 'order' as const, about: `order/${orderId}`, caller, requestId };
  const payment = { service: 'payment' as const, about: `payment/${caller}/${paymentId}`, caller, requestId };
  const reservation = {
    service: 'inventory' as const,
    about: `reservation/${caller}/${reservationId}`,
    caller,
    requestId,
  };
  const account = { service: 'payment' as const, about: `account/${accountId}`, caller, requestId };
  const item = {
    service: 'inventory' as const,
    about: `item/${sku}`,
    caller: 'operator' as const,
    requestId,
  };
  const isDeleted = plan.commands.some(({ kind: each }) => each === 'delete') ? ['ITEM_NOT_FOUND'] : [];
  const { method: orders } = OrderService;
  const { method: payments } = PaymentService;
  const { method: stock } = InventoryService;

  switch (kind) {
    case 'place': {
      const totalMax = wish.totalMax === 0 ? {} : { totalMax: money(wish.totalMax) };
      const source = { case: 'accountId' as const, value: accountId };
      return {
        ...order,
        method: orders.placeOrder,
        requestId: placeId,
        message: { lines, paymentSource: source, ...totalMax },
        refusals: [
          'INSUFFICIENT_STOCK',
          'INSUFFICIENT_FUNDS',
          'ORDER_TOO_LATE',
          'REQUEST_CANCELLED',
          ...isDeleted,
          ...(wish.totalMax === 0 ? [] : ['TOTAL_ABOVE_MAX']),
        ],
      };
    }
    case 'cancel':
      return { ...order, method: orders.cancelOrder, message: { orderId }, refusals: ['ORDER_NOT_FOUND'] };
    case 'abort':
      return {
        ...order,
        caller: 'operator',
        method: orders.abortSaga,
        message: { orderId },
        refusals: ['ORDER_NOT_FOUND', 'SAGA_PAST_PIVOT'],
      };
    case 'retry':
      return {
        ...order,
        caller: 'operator',
        method: orders.retrySaga,
        message: { orderId },
        refusals: ['ORDER_NOT_FOUND'],
      };
    case 'pay':
      return {
        ...payment,
        requestId: `pay-payment-${index}`,
        method: payments.createPayment,
        message: { paymentId, source: { case: 'accountId', value: accountId }, amount, reference: 'mine' },
        refusals: ['INSUFFICIENT_FUNDS', 'REQUEST_CANCELLED'],
      };
    case 'refund':
      return {
        ...payment,
        method: payments.refundPayment,
        message: {
          paymentId,
          amount: money(variant === 0 ? Math.ceil(wish.amount / 2) : wish.amount),
          reason: 'storm',
        },
        refusals: ['PAYMENT_NOT_FOUND', 'PAYMENT_NOT_CAPTURED', 'REFUND_EXCEEDS_CAPTURED'],
      };
    case 'cancelPayment':
      return { ...payment, method: payments.cancelPayment, message: { paymentId }, refusals: [] };
    case 'deposit':
      return { ...account, method: payments.deposit, message: { accountId, amount }, refusals: [] };
    case 'withdraw':
      return {
        ...account,
        method: payments.withdraw,
        message: { accountId, amount },
        refusals: ['INSUFFICIENT_FUNDS'],
      };
    case 'reserve':
      return {
        ...reservation,
        requestId: `reserve-stock-${index}`,
        method: stock.reserveStock,
        message: {
          reservationId,
          lines,
          reference: 'mine',
          ...(wish.ttlMs === 0 ? {} : { ttl: durationFromMs(wish.ttlMs) }),
        },
        refusals: ['INSUFFICIENT_STOCK', 'REQUEST_CANCELLED', ...isDeleted],
      };
    case 'commit':
      return {
        ...reservation,
        method: stock.commitReservation,
        message: { reservationId },
        refusals: ['RESERVATION_NOT_FOUND', 'RESERVATION_RELEASED', 'RESERVATION_REFUSED'],
      };
    case 'release':
      return { ...reservation, method: stock.releaseReservation, message: { reservationId }, refusals: [] };
    case 'adjust': {
      const delta = variant === 0 ? wish.amount : -Math.ceil(wish.amount / 40);
      return {
        ...item,
        method: stock.adjustStock,
        message: { sku, delta: BigInt(isAltered ? 2 * delta : delta) },
        refusals: ['INSUFFICIENT_STOCK', ...isDeleted],
      };
    }
    case 'reprice':
      return {
        ...item,
        method: stock.putItem,
        message: { sku, name: 'repriced', price: money(isAltered ? wish.amount + 1 : wish.amount) },
        refusals: [],
      };
    case 'delete':
      return {
        ...item,
        method: stock.deleteItem,
        message: { sku },
        refusals: ['ITEM_HAS_HOLDS', ...isDeleted],
      };
  }
}
