// The books: what the callers were told, added up, against what the databases hold. It knows no rule of a service: an
// acknowledged effect counts once, a refused one not at all, and the sums must be those of the accounts and shelves.

import type { DescEnum } from '@bufbuild/protobuf';
import type { DeleteItemResponse } from '../../shared/gen/twicesafe/inventory/v1/inventory_pb.ts';
import {
  type GetReservationResponse,
  ReservationStatus,
  ReservationStatusSchema,
} from '../../shared/gen/twicesafe/inventory/v1/inventory_pb.ts';
import {
  type GetOrderResponse,
  type Order,
  OrderStatus,
  OrderStatusSchema,
  type PlaceOrderResponse,
} from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import type { State } from '../../shared/journal/index.ts';
import type { Callers } from './callers.ts';
import type { Auditor } from './judge.ts';
import type { Account, Ledger } from './ledger.ts';
import type { Plan } from './plan.ts';
import { accountOf, skuOf } from './requests.ts';
import type { ServiceName } from './suite.ts';

interface Sums {
  received: number;
  held: number;
  sold: number;
}

export async function booksOf(deps: {
  plan: Plan;
  callers: Callers;
  ledger: Ledger;
  auditors: Readonly<Record<ServiceName, Auditor>>;
}): Promise<string[]> {
  const { plan, callers, auditors } = deps;
  const failures: string[] = [];
  const accounts = deps.ledger.accounts();
  const shelves = new Map<string, Sums>(
    plan.items.map(({ onHand }, index) => [skuOf(index), { received: onHand, held: 0, sold: 0 }]),
  );
  const balances = new Map<string, bigint>(
    plan.accounts.map(({ opening }, index) => [accountOf(index), BigInt(opening)]),
  );

  const named = (method: string) => accounts.filter(({ request }) => request.method.name === method);
  const done = (method: string) => named(method).filter(({ definite }) => definite?.answer === 'done');
  const isDone = (method: string, about: string) =>
    done(method).some(({ request }) => request.about === about);

  function pay(accountId: string, amount: bigint): void {
    balances.set(accountId, (balances.get(accountId) ?? 0n) - amount);
  }
  function shelve(lines: readonly { sku: string; quantity: number }[], where: 'held' | 'sold'): void {
    for (const { sku, quantity } of lines) {
      const sums = shelves.get(sku);
      if (sums) sums[where] += quantity;
    }
  }

  for (const account of named('PlaceOrder')) {
    if (isReused(account)) continue;
    const orderId = account.request.about.slice('order/'.length);
    const { caller } = account.request;
    const other = caller === 'alice' ? 'bob' : 'alice';
    const spied = await callers.read(other, 'order', 'getOrder', { orderId });
    if (spied.answer !== 'refused') failures.push(`I9 ${other} reads ${caller}'s order ${orderId}`);
    const read = await callers.read(caller, 'order', 'getOrder', { orderId });
    if (read.answer !== 'done') {
      failures.push(`I8 order ${orderId} cannot be read: ${read.answer}`);
      continue;
    }
    const { order } = read.response as GetOrderResponse;
    if (!order) throw new Error(`GetOrder answered without an order`);
    failures.push(...orderLies(account, order, accounts));
    if (order.status !== OrderStatus.CONFIRMED) continue;
    pay(order.accountId, order.total?.amountMinorUnits ?? 0n);
    shelve(order.lines, 'sold');
  }

  for (const { request } of done('CreatePayment')) {
    const { amount, source } = request.message as {
      amount: { amountMinorUnits: bigint };
      source: { value: string };
    };
    if (isDone('CancelPayment', request.about)) continue;
    pay(source.value, amount.amountMinorUnits);
  }
  for (const { request } of done('RefundPayment')) {
    const { amount, paymentId } = request.message as {
      amount: { amountMinorUnits: bigint };
      paymentId: string;
    };
    if (!isDone('CancelPayment', request.about)) pay(paymentId.split('.')[0] ?? '', -amount.amountMinorUnits);
  }
  for (const [method, sign] of [
    ['Deposit', -1n],
    ['Withdraw', 1n],
  ] as const) {
    for (const { request } of done(method)) {
      const { amount, accountId } = request.message as {
        amount: { amountMinorUnits: bigint };
        accountId: string;
      };
      pay(accountId, sign * amount.amountMinorUnits);
    }
  }

  for (const account of named('ReserveStock')) {
    if (isReused(account)) continue;
    const { about, caller, message } = account.request;
    const { reservationId } = message as { reservationId: string };
    const read = await callers.read(caller, 'inventory', 'getReservation', { reservationId });
    if (read.answer !== 'done') {
      failures.push(`I8 ${about} cannot be read: ${read.answer}`);
      continue;
    }
    const { reservation } = read.response as GetReservationResponse;
    const status = reservation?.status ?? ReservationStatus.UNSPECIFIED;
    const isReleased = isDone('ReleaseReservation', about);
    const isCommitted = isDone('CommitReservation', about);
    const wanted = isReleased
      ? ReservationStatus.RELEASED
      : isCommitted
        ? ReservationStatus.COMMITTED
        : account.definite?.answer === 'done'
          ? 'ttl' in message
            ? ReservationStatus.RELEASED
            : ReservationStatus.HELD
          : ReservationStatus.REFUSED;
    // A time limit is kept by whoever sweeps next: it may be held still, and one that was refused may also have expired.
    const mayBe = 'ttl' in message ? [ReservationStatus.HELD, ReservationStatus.RELEASED] : [];
    const isDefinite = isReleased || isCommitted;
    if (status !== wanted && (isDefinite || !mayBe.some((allowed) => allowed === status))) {
      failures.push(
        `I8 ${about} is ${statusName(ReservationStatusSchema, status)}, but its callers were told ${statusName(ReservationStatusSchema, wanted)}`,
      );
    }
    if (status === ReservationStatus.HELD) shelve(reservation?.lines ?? [], 'held');
    if (status === ReservationStatus.COMMITTED) shelve(reservation?.lines ?? [], 'sold');
  }
  for (const { request } of done('AdjustStock')) {
    const { sku, delta } = request.message as { sku: string; delta: bigint };
    const sums = shelves.get(sku);
    if (sums) sums.received += Number(delta);
  }
  for (const { request, definite } of done('DeleteItem')) {
    const sums = shelves.get((request.message as { sku: string }).sku);
    if (sums && definite?.answer === 'done')
      sums.received -= Number((definite.response as DeleteItemResponse).writtenOff);
  }

  for (const [accountId, balance] of balances) {
    const state = await auditors.payment.journal.readState(`account/${accountId}`);
    if (state?.['balance'] !== balance) {
      failures.push(`I1 account ${accountId} has ${state?.['balance']}; its callers were told of ${balance}`);
    }
  }
  for (const [sku, sums] of shelves) {
    const state: State | undefined = await auditors.inventory.journal.readState(`stock/${sku}`);
    for (const where of ['received', 'held', 'sold'] as const) {
      if (state?.[where] !== sums[where])
        failures.push(`I3 ${sku}: ${state?.[where]} ${where}; its callers were told of ${sums[where]}`);
    }
  }
  return failures;
}

function statusName({ value }: DescEnum, status: number): string {
  return value[status]?.name ?? String(status);
}

function isReused({ definite }: Account): boolean {
  return definite?.answer === 'refused' && definite.refusal.reason === 'REQUEST_ID_REUSED';
}

/** An order's end against what its callers were told of it. */
function orderLies(placed: Account, order: Order, accounts: readonly Account[]): string[] {
  const { about, caller } = placed.request;
  const ofOrder = accounts.filter(({ request }) => request.about === about);
  const cancels = ofOrder.filter(({ request }) => request.method.name === 'CancelOrder');
  const aborts = ofOrder.filter(({ request }) => request.method.name === 'AbortSaga');
  const isCancelled = cancels.some(({ definite }) => definite?.answer === 'done');
  const lies: string[] = [];
  const lie = (what: string) => lies.push(`I8 ${caller}'s ${about} ${what}`);

  const { definite } = placed;
  const wanted = definite?.answer === 'done' && !isCancelled ? OrderStatus.CONFIRMED : OrderStatus.CANCELLED;
  if (order.status !== wanted)
    lie(
      `is ${statusName(OrderStatusSchema, order.status)}; its callers were told ${statusName(OrderStatusSchema, wanted)}`,
    );

  if (definite?.answer === 'refused') {
    const { reason } = definite.refusal;
    if (reason !== order.cancelReason) lie(`was refused for ${reason}, but it says ${order.cancelReason}`);
    if (reason === 'REQUEST_CANCELLED' && cancels.length + aborts.length === 0)
      lie('was cancelled by nobody');
  }
  if (definite?.answer === 'done') {
    const told = (definite.response as PlaceOrderResponse).order;
    const sum = order.lines.reduce(
      (total, { quantity, unitPrice }) => total + BigInt(quantity) * (unitPrice?.amountMinorUnits ?? 0n),
      0n,
    );
    if (told?.total?.amountMinorUnits !== sum)
      lie(`costs ${sum}, but its caller was told ${told?.total?.amountMinorUnits}`);
  }
  for (const { request, definite: told, askedAtMs } of cancels) {
    const wasThere = placed.definiteAtMs !== undefined && placed.definiteAtMs < askedAtMs;
    if (told?.answer === 'refused' && wasThere && told.refusal.reason === 'ORDER_NOT_FOUND')
      lie(`was there, but ${request.requestId} was told that it is not`);
  }
  return lies;
}
