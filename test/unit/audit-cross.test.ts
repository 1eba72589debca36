// Comparing what the three services say of the same orders: each planted contradiction is found, and nothing else.

import { create } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { compare, type Facts } from '../../cli/audit/compare.ts';
import {
  ReservationFactSchema,
  ReservationStatus,
} from '../../shared/gen/twicesafe/inventory/v1/inventory_pb.ts';
import { OrderFactSchema, SagaPhase } from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import { PaymentFactSchema, PaymentStatus } from '../../shared/gen/twicesafe/payment/v1/payment_pb.ts';

const money = (amountMinorUnits: bigint, currency = 'EUR') => ({ amountMinorUnits, currency });

type OrderInit = Parameters<typeof create<typeof OrderFactSchema>>[1];
type PaymentInit = Parameters<typeof create<typeof PaymentFactSchema>>[1];
type ReservationInit = Parameters<typeof create<typeof ReservationFactSchema>>[1];

const sold: OrderInit = {
  orderId: 'o1',
  phase: SagaPhase.COMPLETED,
  paymentId: 'purse.o1',
  reservationId: 'o1',
  total: money(900n),
  units: 2n,
};
const cancelled: OrderInit = { ...sold, phase: SagaPhase.CANCELLED };
const taken: PaymentInit = {
  paymentId: 'purse.o1',
  reference: 'o1',
  status: PaymentStatus.CAPTURED,
  chargeCount: 1,
  charged: money(900n),
  refunded: money(0n),
  caller: 'order',
};
const givenBack: PaymentInit = { ...taken, refunded: money(900n), status: PaymentStatus.CANCELLED };
/** One of its two units went back, with its price. */
const refundedHalf: OrderInit = { ...sold, refunded: money(450n), refundedUnits: 1n };
const committed: ReservationInit = {
  reservationId: 'o1',
  reference: 'o1',
  status: ReservationStatus.COMMITTED,
  soldUnits: 2n,
  caller: 'order',
};
const held: ReservationInit = { ...committed, status: ReservationStatus.HELD, heldUnits: 2n, soldUnits: 0n };
const released: ReservationInit = { ...committed, status: ReservationStatus.RELEASED, soldUnits: 0n };

/** What the services said: the order the same both times unless `before` says otherwise. */
function told(said: {
  orders?: OrderInit[];
  before?: OrderInit[];
  payments?: PaymentInit[];
  reservations?: ReservationInit[];
}): Facts {
  const byId = <T>(facts: T[], idOf: (fact: T) => string) => Map.groupBy(facts, idOf);
  const orders = (inits: OrderInit[]) =>
    new Map(inits.map((init) => create(OrderFactSchema, init)).map((order) => [order.orderId, order]));
  return {
    ordersBefore: orders(said.before ?? said.orders ?? []),
    ordersAfter: orders(said.orders ?? []),
    payments: byId(
      (said.payments ?? []).map((init) => create(PaymentFactSchema, init)),
      ({ paymentId }) => paymentId,
    ),
    reservations: byId(
      (said.reservations ?? []).map((init) => create(ReservationFactSchema, init)),
      ({ reservationId }) => reservationId,
    ),
  };
}

const found = (said: Parameters<typeof told>[0]) =>
  compare(told(said)).findings.map(
    ({ invariant, entity, description }) => `${invariant} ${entity} ${description}`,
  );

describe('nothing is found in', () => {
  test('an order that was charged once and whose stock was sold', () => {
    const said = told({ orders: [sold], payments: [taken], reservations: [committed] });
    expect(compare(said)).toEqual({ findings: [], checkedCounts: { I2: 1, I3: 1, I6: 2 }, openCount: 0 });
  });

  test('a cancelled order whose payment and stock went back', () => {
    expect(found({ orders: [cancelled], payments: [givenBack], reservations: [released] })).toEqual([]);
  });

  test('a cancelled order that never came to a payment or a reservation', () => {
    expect(found({ orders: [cancelled] })).toEqual([]);
  });

  test('an order of which a line went back, with its price and its units', () => {
    const payments = [{ ...taken, refunded: money(450n) }];
    const reservations = [{ ...committed, soldUnits: 1n }];
    expect(found({ orders: [refundedHalf], payments, reservations })).toEqual([]);
  });

  test('an order of which all lines went back', () => {
    const order = { ...sold, refunded: money(900n), refundedUnits: 2n };
    const payments = [{ ...taken, refunded: money(900n), status: PaymentStatus.REFUNDED }];
    const reservations = [{ ...committed, soldUnits: 0n }];
    expect(found({ orders: [order], payments, reservations })).toEqual([]);
  });

  test('an order of which a line went back before it was cancelled', () => {
    const order = { ...cancelled, refunded: money(450n), refundedUnits: 1n };
    expect(found({ orders: [order], payments: [givenBack], reservations: [released] })).toEqual([]);
  });

  test('a free order without a payment', () => {
    expect(found({ orders: [{ ...sold, total: money(0n) }], reservations: [committed] })).toEqual([]);
  });

  test('payments and reservations of others, who name them as they like', () => {
    const payment = { ...taken, paymentId: 'purse.rent', reference: 'rent of May' };
    const reservation = { ...held, reservationId: 'r1', reference: '' };
    const { findings, checkedCounts } = compare(told({ payments: [payment], reservations: [reservation] }));
    expect(findings).toEqual([]);
    expect(checkedCounts.I6).toBe(0);
  });

  test("an order whose payment's and reservation's names another caller uses too", () => {
    const payments = [{ ...taken, caller: 'mallory', charged: money(1n) }, taken];
    const reservations = [{ ...held, caller: 'mallory' }, committed];
    expect(found({ orders: [sold], payments, reservations })).toEqual([]);
  });

  test('a charge and a hold whose order is placed but was not told yet the first time', () => {
    const running = { ...sold, phase: SagaPhase.RUNNING };
    const said = told({ before: [], orders: [running], payments: [taken], reservations: [held] });
    expect(compare(said)).toMatchObject({ findings: [], openCount: 1 });
  });
});

describe('an order is not judged', () => {
  test.each([
    ['that was not there the first time', [], [sold]],
    ['that moved on in between', [{ ...sold, phase: SagaPhase.CONFIRMED }], [sold]],
    [
      'that is still confirmed',
      [{ ...sold, phase: SagaPhase.CONFIRMED }],
      [{ ...sold, phase: SagaPhase.CONFIRMED }],
    ],
    [
      'of which a line is going back',
      [{ ...refundedHalf, openRefundCount: 1 }],
      [{ ...refundedHalf, openRefundCount: 1 }],
    ],
    ['of which a line went back in between', [sold], [refundedHalf]],
    [
      'that is being undone',
      [{ ...sold, phase: SagaPhase.COMPENSATING }],
      [{ ...sold, phase: SagaPhase.COMPENSATING }],
    ],
  ])('%s', (_title, before, orders) => {
    expect(compare(told({ before, orders }))).toEqual({
      findings: [],
      checkedCounts: { I2: 0, I3: 0, I6: 0 },
      openCount: 1,
    });
  });

  test('that needs attention, which is no work under way', () => {
    const stuck = { ...sold, phase: SagaPhase.CONFIRMED, needsAttention: true };
    expect(compare(told({ orders: [stuck] })).openCount).toBe(0);
  });
});

describe('I2 finds an order that', () => {
  test.each<[title: string, order: OrderInit, payments: PaymentInit[], says: string]>([
    ['was charged twice', sold, [{ ...taken, chargeCount: 2, charged: money(1_800n) }], 'charged 2 times'],
    ['is confirmed but was never charged', sold, [], 'confirmed, but never charged'],
    [
      'was charged another amount',
      sold,
      [{ ...taken, charged: money(901n) }],
      'costs 900 minor units, but 901 were taken',
    ],
    ['is kept but was refunded', sold, [givenBack], 'costs 900 minor units, but 0 were taken'],
    [
      'had a line go back without its price',
      refundedHalf,
      [taken],
      'costs 450 minor units after its refunds, but 900 were taken',
    ],
    [
      'had a line’s price go back twice',
      refundedHalf,
      [{ ...taken, refunded: money(900n) }],
      'costs 450 minor units after its refunds, but 0 were taken',
    ],
    [
      'was charged in another currency',
      sold,
      [{ ...taken, charged: money(900n, 'USD') }],
      'costs EUR, but was charged in USD',
    ],
    ['is cancelled but kept the money', cancelled, [taken], 'cancelled, but 900 minor units are still taken'],
    [
      'is cancelled but gave back too little',
      cancelled,
      [{ ...givenBack, refunded: money(899n) }],
      'cancelled, but 1 minor units are still taken',
    ],
    [
      'is cancelled but gave back too much',
      cancelled,
      [{ ...givenBack, refunded: money(901n) }],
      'cancelled, but -1 minor units are still taken',
    ],
    [
      'costs nothing but was charged',
      { ...sold, total: money(0n) },
      [taken],
      'costs nothing, but 900 minor units were taken',
    ],
  ])('%s', (_title, order, payments, says) => {
    const left = { ...committed, soldUnits: (order?.units ?? 0n) - (order?.refundedUnits ?? 0n) };
    const reservations = order?.phase === SagaPhase.CANCELLED ? [released] : [left];
    expect(found({ orders: [order], payments, reservations })).toEqual([`I2 order/o1 ${says}`]);
  });
});

describe('I3 finds an order that', () => {
  test.each<[title: string, order: OrderInit, reservations: ReservationInit[], says: string]>([
    ['is completed without a reservation', sold, [], 'completed, but its stock was not sold'],
    ['is completed but only holds its stock', sold, [held], 'completed, but its stock was not sold'],
    [
      'sold too little',
      sold,
      [{ ...committed, soldUnits: 1n }],
      'has 2 units, but 1 were sold and 0 are held for it',
    ],
    [
      'sold too much',
      sold,
      [{ ...committed, soldUnits: 4n }],
      'has 2 units, but 4 were sold and 0 are held for it',
    ],
    [
      'sold its units and holds more',
      sold,
      [{ ...committed, heldUnits: 1n }],
      'has 2 units, but 2 were sold and 1 are held for it',
    ],
    [
      'had a line go back whose unit is still sold',
      refundedHalf,
      [committed],
      'has 1 units after its refunds, but 2 were sold and 0 are held for it',
    ],
    [
      'is cancelled but holds its stock',
      cancelled,
      [held],
      'cancelled, but 2 units are held and 0 sold for it',
    ],
    [
      'is cancelled but sold its stock',
      cancelled,
      [committed],
      'cancelled, but 0 units are held and 2 sold for it',
    ],
  ])('%s', (_title, order, reservations, says) => {
    const kept = { ...taken, refunded: order?.refunded ?? money(0n) };
    const payments = order?.phase === SagaPhase.CANCELLED ? [givenBack] : [kept];
    expect(found({ orders: [order], payments, reservations })).toEqual([`I3 order/o1 ${says}`]);
  });
});

describe('I6 finds', () => {
  test('a charge without its order', () => {
    expect(found({ payments: [taken] })).toEqual([
      'I6 payment/purse.o1 took 900 minor units for order o1, which does not exist',
    ]);
  });

  test('a hold without its order, and units sold without one', () => {
    expect(found({ reservations: [held] })).toEqual([
      'I6 reservation/o1 has 2 units for order o1, which does not exist',
    ]);
    expect(found({ reservations: [committed] })).toEqual([
      'I6 reservation/o1 has 2 units for order o1, which does not exist',
    ]);
  });

  test('no orphan in what was undone, for an order that was never recorded', () => {
    expect(found({ payments: [givenBack], reservations: [released] })).toEqual([]);
  });
});
