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
const placeIdOf = (index: number) => `place-order-${index}`;
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

/** What a command is about, named once for all kinds. */
interface Subject {
  readonly command: Command;
  readonly wish: Wish;
  readonly caller: 'alice' | 'bob';
  readonly requestId: string;
  readonly index: number;
  readonly orderId: string;
  readonly accountId: string;
  readonly paymentId: string;
  readonly reservationId: string;
  readonly sku: string;
  readonly lines: { sku: string; quantity: number }[];
  readonly amount: ReturnType<typeof money>;
  /** ITEM_NOT_FOUND where some command deletes items. */
  readonly whenDeleted: readonly string[];
}

function subjectOf(plan: Plan, command: Command): Subject {
  const { kind, variant, isAltered, isStranger } = command;
  const index = command.target % plan.wishes.length;
  const wish = plan.wishes[index];
  if (!wish) throw new Error('a plan has at least one wish');
  const other = wish.caller === 'alice' ? 'bob' : 'alice';
  const caller = isStranger ? other : wish.caller;
  const accountId = accountOf(wish.account % plan.accounts.length);
  const more = isAltered ? 1 : 0;
  return {
    command,
    wish,
    caller,
    requestId: `${kind}-${index}-number-${variant}`,
    index,
    orderId: orderIdOf(caller, placeIdOf(index)),
    accountId,
    paymentId: `${accountId}.pay-${index}`,
    reservationId: `own-${index}`,
    sku: skuOf(command.target % plan.items.length),
    lines: linesOf(plan, wish).map(({ sku, quantity }) => ({ sku, quantity: quantity + more })),
    amount: money(wish.amount + more),
    whenDeleted: plan.commands.some((each) => each.kind === 'delete') ? ['ITEM_NOT_FOUND'] : [],
  };
}

/** The request of a command. Two commands with one id are the same request, unless one of them is altered. */
export function requestOf(plan: Plan, command: Command): Request {
  const subject = subjectOf(plan, command);
  const request = orderRequest(subject) ?? paymentRequest(subject) ?? stockRequest(subject);
  if (!request) throw new Error(`${command.kind} is no kind of command`);
  return request;
}

function orderRequest(subject: Subject): Request | undefined {
  const { command, wish, caller, requestId, index, orderId, accountId, lines, whenDeleted } = subject;
  const { method } = OrderService;
  const order = { service: 'order' as const, about: `order/${orderId}`, caller, requestId };
  const message = { orderId };
  switch (command.kind) {
    case 'place':
      return {
        ...order,
        method: method.placeOrder,
        requestId: placeIdOf(index),
        message: {
          lines,
          paymentSource: { case: 'accountId', value: accountId },
          ...(wish.totalMax === 0 ? {} : { totalMax: money(wish.totalMax) }),
        },
        refusals: [
          'INSUFFICIENT_STOCK',
          'INSUFFICIENT_FUNDS',
          'ORDER_TOO_LATE',
          'REQUEST_CANCELLED',
          ...whenDeleted,
          ...(wish.totalMax === 0 ? [] : ['TOTAL_ABOVE_MAX']),
        ],
      };
    case 'cancel':
      return { ...order, method: method.cancelOrder, message, refusals: ['ORDER_NOT_FOUND'] };
    case 'abort': {
      const refusals = ['ORDER_NOT_FOUND', 'SAGA_PAST_PIVOT'];
      return { ...order, caller: 'operator', method: method.abortSaga, message, refusals };
    }
    case 'retry':
      return {
        ...order,
        caller: 'operator',
        method: method.retrySaga,
        message,
        refusals: ['ORDER_NOT_FOUND'],
      };
    default:
      return undefined;
  }
}

function paymentRequest(subject: Subject): Request | undefined {
  const { command, wish, caller, requestId, index, accountId, paymentId, amount } = subject;
  const { method } = PaymentService;
  const payment = { service: 'payment' as const, about: `payment/${caller}/${paymentId}`, caller, requestId };
  const account = { service: 'payment' as const, about: `account/${accountId}`, caller, requestId };
  switch (command.kind) {
    case 'pay':
      return {
        ...payment,
        requestId: `pay-payment-${index}`,
        method: method.createPayment,
        message: { paymentId, source: { case: 'accountId', value: accountId }, amount, reference: 'mine' },
        refusals: ['INSUFFICIENT_FUNDS', 'REQUEST_CANCELLED'],
      };
    case 'refund': {
      // One half and one whole: together too much.
      const part = money(command.variant === 0 ? Math.ceil(wish.amount / 2) : wish.amount);
      return {
        ...payment,
        method: method.refundPayment,
        message: { paymentId, amount: part, reason: 'storm' },
        refusals: ['PAYMENT_NOT_FOUND', 'PAYMENT_NOT_CAPTURED', 'REFUND_EXCEEDS_CAPTURED'],
      };
    }
    case 'cancelPayment':
      return { ...payment, method: method.cancelPayment, message: { paymentId }, refusals: [] };
    case 'deposit':
      return { ...account, method: method.deposit, message: { accountId, amount }, refusals: [] };
    case 'withdraw':
      return {
        ...account,
        method: method.withdraw,
        message: { accountId, amount },
        refusals: ['INSUFFICIENT_FUNDS'],
      };
    default:
      return undefined;
  }
}

function stockRequest(subject: Subject): Request | undefined {
  const { command, wish, caller, requestId, index, reservationId, sku, lines, amount, whenDeleted } = subject;
  const { method } = InventoryService;
  const about = `reservation/${caller}/${reservationId}`;
  const reservation = { service: 'inventory' as const, about, caller, requestId };
  const item = {
    service: 'inventory' as const,
    about: `item/${sku}`,
    caller: 'operator' as const,
    requestId,
  };
  switch (command.kind) {
    case 'reserve': {
      const ttl = wish.ttlMs === 0 ? {} : { ttl: durationFromMs(wish.ttlMs) };
      return {
        ...reservation,
        requestId: `reserve-stock-${index}`,
        method: method.reserveStock,
        message: { reservationId, lines, reference: 'mine', ...ttl },
        refusals: ['INSUFFICIENT_STOCK', 'REQUEST_CANCELLED', ...whenDeleted],
      };
    }
    case 'commit':
      return {
        ...reservation,
        method: method.commitReservation,
        message: { reservationId },
        refusals: ['RESERVATION_NOT_FOUND', 'RESERVATION_RELEASED', 'RESERVATION_REFUSED'],
      };
    case 'release':
      return { ...reservation, method: method.releaseReservation, message: { reservationId }, refusals: [] };
    case 'adjust': {
      const units = command.variant === 0 ? wish.amount : -Math.ceil(wish.amount / 40);
      return {
        ...item,
        method: method.adjustStock,
        message: { sku, delta: BigInt(command.isAltered ? 2 * units : units) },
        refusals: ['INSUFFICIENT_STOCK', ...whenDeleted],
      };
    }
    case 'reprice':
      return {
        ...item,
        method: method.putItem,
        message: { sku, name: 'repriced', price: amount },
        refusals: [],
      };
    case 'delete': {
      const refusals = ['ITEM_HAS_HOLDS', ...whenDeleted];
      return { ...item, method: method.deleteItem, message: { sku }, refusals };
    }
    default:
      return undefined;
  }
}
