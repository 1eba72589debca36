// Given an order in some phase, when it is cancelled, aborted, confirmed, … , then.

import { describe, expect, test } from 'vitest';
import { decidePlace, isPlaceAnswered } from '../../services/order/domain/order.ts';
import { moneyOf } from '../../services/order/domain/order-state.ts';
import { orderRules } from '../../services/order/domain/rules.ts';
import {
  because,
  eur,
  type OrderBook,
  openOrderBook,
  placedAt,
  placeTea,
  pricedTea,
} from '../support/order-book.ts';

const succeeded = { succeeded: true };
const refused = (reason: string) => ({
  succeeded: false,
  refusal: { reason, metadata: { order_id: 'o1' } },
});
const cancelReason = { reason: 'REQUEST_CANCELLED', message: 'the order was cancelled', metadata: {} };
const both = ['create_payment', 'reserve_stock'];

/** An order that has come to a phase on the usual way. */
const given: Record<string, (book: OrderBook) => unknown> = {
  running: (book) => book.place(),
  confirmed: (book) => [book.place(), book.confirm()],
  completed: (book) => [book.place(), book.confirm(), book.completed()],
  compensating: (book) => [book.place(), book.turnRound('INSUFFICIENT_FUNDS', ['reserve_stock'])],
  cancelled: (book) => [book.place(), book.turnRound('INSUFFICIENT_STOCK', [])],
};
function orderIn(phase: keyof typeof given): OrderBook {
  const book = openOrderBook();
  given[phase]?.(book);
  expect(book.phase()).toBe(phase);
  return book;
}

describe('PlaceOrder', () => {
  test('records what is wanted, who wants it, and until when it must be confirmed', () => {
    const book = openOrderBook();
    expect(book.place({ totalMax: eur(1_000n) })).toEqual(succeeded);
    expect(book.state()).toEqual({
      caller: 'alice',
      lines: [{ sku: 'tea', quantity: 2, unitPrice: null }],
      accountId: 'purse',
      totalMax: eur(1_000n),
      total: null,
      reservationId: 'o1',
      paymentId: 'purse.o1',
      paymentMethod: '',
      placedAt,
      confirmedAt: null,
      saga: {
        phase: 'running',
        deadlineAt: new Date('2026-11-24T12:00:30Z'),
        undo: [],
        reason: null,
        attention: null,
      },
    });
  });

  test("joins its caller's list, and records no more of a line than its SKU and quantity", () => {
    const line = { sku: 'tea', quantity: 2, $typeName: 'twicesafe.order.v1.OrderLine' };
    const [change] = decidePlace({ ...placeTea, lines: [line] }, placedAt).changes;
    expect(change.lists).toEqual(['orders/alice']);
    expect(change.data['lines']).toEqual([{ sku: 'tea', quantity: 2 }]);
  });

  test('is answered when the order was confirmed once, or is undone for good', () => {
    const answered = Object.keys(given).filter((phase) => {
      const state = orderIn(phase).state();
      return state && isPlaceAnswered(state);
    });
    expect(answered).toEqual(['confirmed', 'completed', 'cancelled']);
    const book = orderIn('confirmed');
    book.cancel('c1');
    expect(book.phase()).toBe('compensating');
    expect(book.state()).toSatisfy(isPlaceAnswered);
  });

  test('money from the wire is recorded without what else a message carries', () => {
    expect(moneyOf({ ...eur(5n), $typeName: 'twicesafe.money.v1.Money' } as never)).toEqual({
      amountMinorUnits: 5n,
      currency: 'EUR',
    });
  });
});

describe('CancelOrder', () => {
  test.each(['running', 'confirmed', 'completed'])(
    'turns a %s order round and undoes everything',
    (phase) => {
      const book = orderIn(phase);
      expect(book.cancel('c1')).toEqual(succeeded);
      expect(book.state()?.saga).toMatchObject({ phase: 'compensating', undo: both, reason: cancelReason });
      expect(book.types().at(-1)).toBe('compensating');
    },
  );

  test.each(['compensating', 'cancelled'])('of a %s order succeeds and changes nothing', (phase) => {
    const book = orderIn(phase);
    const before = book.state();
    expect(book.cancel('c1')).toEqual(succeeded);
    expect(book.state()).toEqual(before);
    expect(book.types().at(-1)).toBe('noted');
  });

  test('keeps that the order was confirmed', () => {
    const book = orderIn('completed');
    book.cancel('c1');
    book.cancelled();
    expect(book.state()).toMatchObject({
      confirmedAt: placedAt,
      total: eur(900n),
      saga: { phase: 'cancelled' },
    });
  });

  test("of another caller's order is refused as if there were none, and changes nothing", () => {
    const book = orderIn('running');
    const before = book.state();
    const stranger = book.cancel('c1', 'mallory');
    expect(stranger).toMatchObject(refused('ORDER_NOT_FOUND'));
    expect(stranger).toEqual(openOrderBook().cancel('c1', 'mallory'));
    expect(book.state()).toEqual(before);
  });

  test('of an order that was never placed leaves no order behind', () => {
    const book = openOrderBook();
    expect(book.cancel('c1')).toMatchObject(refused('ORDER_NOT_FOUND'));
    expect(book.state()).toBeUndefined();
  });
});

describe('AbortSaga', () => {
  test('turns a running saga round, whoever placed it', () => {
    const book = orderIn('running');
    expect(book.abort('a1')).toEqual(succeeded);
    expect(book.state()?.saga).toMatchObject({ phase: 'compensating', undo: both, reason: cancelReason });
  });

  test.each(['confirmed', 'completed'])('of a %s order is refused and changes nothing', (phase) => {
    const book = orderIn(phase);
    const before = book.state();
    expect(book.abort('a1')).toMatchObject(refused('SAGA_PAST_PIVOT'));
    expect(book.state()).toEqual(before);
  });

  test.each(['compensating', 'cancelled'])('of a %s order succeeds and changes nothing', (phase) => {
    const book = orderIn(phase);
    const before = book.state();
    expect(book.abort('a1')).toEqual(succeeded);
    expect(book.state()).toEqual(before);
  });

  test('of an order that was never placed is refused', () => {
    expect(openOrderBook().abort('a1')).toMatchObject(refused('ORDER_NOT_FOUND'));
  });
});

describe('RetrySaga', () => {
  test.each(Object.keys(given))('of a %s order leaves its trace and changes nothing', (phase) => {
    const book = orderIn(phase);
    const before = book.state();
    expect(book.retry('r1')).toEqual(succeeded);
    expect(book.state()).toEqual(before);
    expect(book.ops.at(-1)).toMatchObject({ type: 'noted', data: { command: 'retry' } });
  });

  test('of an order that was never placed is refused', () => {
    expect(openOrderBook().retry('r1')).toMatchObject(refused('ORDER_NOT_FOUND'));
  });
});

describe("the saga's decision", () => {
  test('confirmed fixes prices, total and moment', () => {
    const book = orderIn('confirmed');
    expect(book.state()).toMatchObject({ lines: pricedTea, total: eur(900n), confirmedAt: placedAt });
  });

  test('turned round with something to undo is compensating, and cancelled when that is undone', () => {
    const book = orderIn('compensating');
    expect(book.state()?.saga.undo).toEqual(['reserve_stock']);
    book.cancelled();
    expect(book.state()?.saga).toMatchObject({
      phase: 'cancelled',
      reason: { reason: 'INSUFFICIENT_FUNDS' },
    });
    expect(book.types()).toEqual(['placed', 'compensating', 'cancelled']);
  });

  test('turned round with nothing to undo is cancelled at once', () => {
    const book = orderIn('cancelled');
    expect(book.types()).toEqual(['placed', 'cancelled']);
    expect(book.state()?.saga.reason).toEqual(because('INSUFFICIENT_STOCK'));
  });

  test('needs attention is remembered with its reason, and forgotten when the saga goes on', () => {
    const book = orderIn('confirmed');
    book.attention('RESERVATION_RELEASED', 'confirmed');
    expect(book.state()?.saga).toMatchObject({
      phase: 'confirmed',
      attention: because('RESERVATION_RELEASED'),
    });
    book.completed();
    expect(book.state()?.saga).toMatchObject({ phase: 'completed', attention: null });
  });

  type Decide = (book: OrderBook) => unknown;
  const confirm: Decide = (book) => book.confirm();
  const turnRound: Decide = (book) => book.turnRound('ORDER_TOO_LATE', both);
  const cancelled: Decide = (book) => book.cancelled();
  const completed: Decide = (book) => book.completed();
  const attention: Decide = (book) => book.attention('X', 'confirmed');
  test.each<[what: string, decide: Decide, phases: string[]]>([
    ['confirmed', confirm, ['compensating', 'cancelled']],
    ['turned round', turnRound, ['confirmed', 'completed']],
    ['cancelled', cancelled, ['running', 'confirmed', 'completed']],
    ['completed', completed, ['running', 'compensating', 'cancelled']],
    ['needs attention in a phase that is over', attention, ['completed', 'compensating', 'cancelled']],
  ])('%s is overtaken when the order has moved on, and changes nothing', (_what, decide, phases) => {
    for (const phase of phases) {
      const book = orderIn(phase);
      const before = book.state();
      decide(book);
      expect(book.state()).toEqual(before);
      expect(book.types().at(-1)).toBe('overtaken');
    }
  });
});

describe('an order is open', () => {
  test('until its saga is at rest, and again when it is cancelled afterwards', () => {
    const open = Object.keys(given).filter((phase) => {
      const state = orderIn(phase).state();
      return state && orderRules.isOpen('order/o1', state);
    });
    expect(open).toEqual(['running', 'confirmed', 'compensating']);
    const book = orderIn('completed');
    book.cancel('c1');
    const state = book.state();
    expect(state && orderRules.isOpen('order/o1', state)).toBe(true);
  });
});
