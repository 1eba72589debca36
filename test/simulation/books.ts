// The books: what the callers were told, added up, against what the databases hold. It knows no rule of a service: an
// acknowledged effect counts once, a refused one not at all, and the sums must be those of the accounts and shelves.

import type { DescService } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import {
  type DeleteItemResponse,
  type GetReservationResponse,
  ReservationStatus,
  ReservationStatusSchema,
} from '../../shared/gen/twicesafe/inventory/v1/inventory_pb.ts';
import {
  type GetOrderResponse,
  type Order,
  OrderStatus,
  type RefundOrderLinesResponse,
} from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import type { Journal } from '../../shared/journal/index.ts';
import type { Callers } from './callers.ts';
import {
  type CardExpectation,
  cardLies,
  moneyOfRefused,
  ownCardPayments,
  refusalLies,
} from './card-books.ts';
import type { CardProvider } from './card-provider.ts';
import { type Account, isReused, type Ledger } from './ledger.ts';
import { orderLies } from './order-lies.ts';
import type { Plan } from './plan.ts';
import { standingLies } from './standing-lies.ts';
import { accountOf, type PaymentSource, skuOf } from './subject.ts';
import type { ServiceName } from './suite.ts';

interface Shelf {
  received: number;
  held: number;
  sold: number;
}

type Lines = readonly { readonly sku: string; readonly quantity: number }[];
type Amount = { readonly amountMinorUnits: bigint };

/** A service on a quiet copy of its journal, for whoever judges what it holds. */
export interface Auditor {
  readonly journal: Journal;
  readonly implementation: ServiceImpl<DescService>;
}

export interface BooksDependencies {
  readonly plan: Plan;
  readonly callers: Callers;
  readonly ledger: Ledger;
  readonly auditors: Readonly<Record<ServiceName, Auditor>>;
  readonly provider: CardProvider;
}

/** Every difference between what was told and what is there. Reads orders and reservations as their callers do. */
export async function booksOf({
  plan,
  callers,
  ledger,
  auditors,
  provider,
}: BooksDependencies): Promise<string[]> {
  const failures: string[] = [];
  const accounts = ledger.accounts();
  const shelves = new Map<string, Shelf>(
    plan.items.map(({ onHand }, index) => [skuOf(index), { received: onHand, held: 0, sold: 0 }]),
  );
  const balances = new Map<string, bigint>(
    plan.accounts.map(({ opening }, index) => [accountOf(index), BigInt(opening)]),
  );

  const byCard = ownCardPayments(accounts);

  const named = (method: string) => accounts.filter(({ request }) => request.method.name === method);
  const done = (method: string) => named(method).filter(({ definite }) => definite?.answer === 'done');
  const isDone = (method: string, about: string) =>
    done(method).some(({ request }) => request.about === about);

  function pay(accountId: string, amount: bigint): void {
    balances.set(accountId, (balances.get(accountId) ?? 0n) - amount);
  }

  function shelve(lines: Lines, where: keyof Shelf, sign: 1 | -1 = 1): void {
    for (const { sku, quantity } of lines) {
      const shelf = shelves.get(sku);
      if (shelf) shelf[where] += sign * quantity;
    }
  }

  /** What came back of an order or a reservation, line by line. What was written off stays so whatever comes after. */
  function takeBack(method: string, about: string, isSold: boolean): void {
    for (const { request } of done(method)) {
      if (request.about !== about) continue;
      const { lines, backOnSale } = request.message as { lines: Lines; backOnSale: boolean };
      if (isSold) shelve(lines, 'sold', -1);
      if (!backOnSale) shelve(lines, 'received', -1);
    }
  }

  function refundedOf(about: string): bigint {
    let sum = 0n;
    for (const { request, definite } of named('RefundOrderLines')) {
      if (request.about !== about || definite?.answer !== 'done') continue;
      sum += (definite.response as RefundOrderLinesResponse).refund?.amount?.amountMinorUnits ?? 0n;
    }
    return sum;
  }

  async function addOrders(): Promise<void> {
    for (const account of named('PlaceOrder')) {
      if (isReused(account)) continue;
      const { caller, about } = account.request;
      const orderId = about.slice('order/'.length);
      const other = caller === 'alice' ? 'bob' : 'alice';
      const spied = await callers.read(other, 'order', 'getOrder', { orderId });
      if (spied.answer !== 'refused') failures.push(`I9 ${other} can read ${caller}'s ${about}`);
      const read = await callers.read(caller, 'order', 'getOrder', { orderId });
      const order = read.answer === 'done' ? (read.response as GetOrderResponse).order : undefined;
      if (!order) {
        failures.push(`I8 ${caller}'s ${about} cannot be read: ${read.answer}`);
        continue;
      }
      failures.push(...orderLies(account, order, accounts));
      const isConfirmed = order.status === OrderStatus.CONFIRMED;
      const cost = isConfirmed ? (order.total?.amountMinorUnits ?? 0n) : 0n;
      const refunded = isConfirmed ? refundedOf(about) : 0n;
      takeBack('RefundOrderLines', about, isConfirmed);
      if (order.accountId === '') byCard.push(chargeOf(account, order, cost, refunded));
      if (!isConfirmed) continue;
      if (order.accountId !== '') pay(order.accountId, cost - refunded);
      shelve(order.lines, 'sold');
    }
  }

  /** A cancelled payment is as if it had never been, whatever was refunded before. */
  function addPayments(): void {
    for (const { request } of done('CreatePayment')) {
      const { amount, source } = request.message as { amount: Amount; source: PaymentSource };
      if (source.case === 'accountId' && !isDone('CancelPayment', request.about))
        pay(source.value, amount.amountMinorUnits);
    }
    for (const { request } of done('RefundPayment')) {
      const { amount, paymentId } = request.message as { amount: Amount; paymentId: string };
      const [place = ''] = paymentId.split('.');
      if (place === 'card' || isDone('CancelPayment', request.about)) continue;
      pay(place, -amount.amountMinorUnits);
    }
    for (const method of ['Deposit', 'Withdraw']) {
      for (const { request } of done(method)) {
        const { amount, accountId } = request.message as { amount: Amount; accountId: string };
        pay(accountId, method === 'Deposit' ? -amount.amountMinorUnits : amount.amountMinorUnits);
      }
    }
  }

  /** Where a reservation must be by what its callers were told. The first one is the rule, the others may be. */
  function placesOf({ request: { about, message }, definite }: Account): readonly ReservationStatus[] {
    if (isDone('ReleaseReservation', about)) return [ReservationStatus.RELEASED];
    if (isDone('CommitReservation', about)) return [ReservationStatus.COMMITTED];
    // A time limit is kept by whoever sweeps next: the units may be held still, and what was refused may have expired.
    const late = 'ttl' in message ? [ReservationStatus.RELEASED, ReservationStatus.HELD] : [];
    return [definite?.answer === 'done' ? ReservationStatus.HELD : ReservationStatus.REFUSED, ...late];
  }

  async function addReservations(): Promise<void> {
    for (const account of named('ReserveStock')) {
      if (isReused(account)) continue;
      const { about, caller, message } = account.request;
      const { reservationId } = message as { reservationId: string };
      const read = await callers.read(caller, 'inventory', 'getReservation', { reservationId });
      const reservation =
        read.answer === 'done' ? (read.response as GetReservationResponse).reservation : undefined;
      if (!reservation) {
        failures.push(`I8 ${about} cannot be read: ${read.answer}`);
        continue;
      }
      const { status, lines } = reservation;
      const places = placesOf(account);
      if (!places.includes(status))
        failures.push(`I8 ${about} is ${nameOf(status)}; its callers were told ${nameOf(places[0])}`);
      takeBack('ReturnStock', about, status === ReservationStatus.COMMITTED);
      if (status === ReservationStatus.HELD) shelve(lines, 'held');
      if (status === ReservationStatus.COMMITTED) shelve(lines, 'sold');
    }
  }

  function addItems(): void {
    for (const { request } of done('AdjustStock')) {
      const { sku, delta } = request.message as { sku: string; delta: bigint };
      shelve([{ sku, quantity: Number(delta) }], 'received');
    }
    for (const { request, definite } of done('DeleteItem')) {
      if (definite?.answer !== 'done') continue;
      const { sku } = request.message as { sku: string };
      const { writtenOff } = definite.response as DeleteItemResponse;
      shelve([{ sku, quantity: -Number(writtenOff) }], 'received');
    }
  }

  async function compareWithDatabases(): Promise<void> {
    for (const [accountId, balance] of balances) {
      const state = await auditors.payment.journal.readState(`account/${accountId}`);
      if (state?.['balance'] === balance) continue;
      failures.push(`I1 account ${accountId} has ${state?.['balance']}; its callers were told of ${balance}`);
    }
    for (const [sku, shelf] of shelves) {
      const state = await auditors.inventory.journal.readState(`stock/${sku}`);
      for (const where of ['received', 'held', 'sold'] as const) {
        if (state?.[where] === shelf[where]) continue;
        failures.push(`I3 ${sku} has ${state?.[where]} ${where}; its callers were told of ${shelf[where]}`);
      }
    }
  }

  await addOrders();
  addPayments();
  await addReservations();
  addItems();
  await compareWithDatabases();
  failures.push(...cardLies(provider.books, byCard), ...refusalLies(accounts), ...standingLies(accounts));
  return failures;
}

/** The order's charge at the card provider. Nothing is taken for an order of nothing. */
function chargeOf(
  placed: Account,
  { paymentId, status }: Order,
  cost: bigint,
  refunded: bigint,
): CardExpectation {
  const entity = `payment/order/${paymentId}`;
  const isConfirmed = status === OrderStatus.CONFIRMED;
  const money = cost > 0n ? 'kept' : isConfirmed ? 'never taken' : moneyOfRefused(placed);
  return { entity, money, amount: cost, refunded };
}

function nameOf(status: ReservationStatus | undefined): string {
  return ReservationStatusSchema.value[status ?? 0]?.name ?? String(status);
}
