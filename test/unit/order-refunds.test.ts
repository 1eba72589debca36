// Refunds of an order by line: what is decided, in which state, and that no sequence of decisions gives back more than was
// bought.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { auditParts } from '../../services/order/audit.ts';
import { decideRetry, evolveOrder } from '../../services/order/domain/order.ts';
import { TooManyOpenRefundsError } from '../../services/order/domain/refund.ts';
import { renderConfirmed, renderOrder } from '../../services/order/render.ts';
import { OrderStatus } from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import { atRest } from '../../shared/saga/saga-state.ts';
import { because, eur, type OrderBook, openOrderBook, placedAt } from '../support/order-book.ts';

const refused = (reason: string, metadata: Record<string, string>) => ({
  succeeded: false,
  refusal: { reason, metadata },
});
const tea = (quantity: number) => [{ sku: 'tea', quantity }];

/** Two teas at 450, sold. */
function soldTea(): OrderBook {
  const book = openOrderBook();
  book.place();
  book.confirm();
  book.completed();
  return book;
}

describe('a refund by line', () => {
  test('decides what goes back and its price before anything is done, and opens the order again', () => {
    const book = soldTea();
    expect(book.refund('r-1', tea(1), { backOnSale: false, reason: 'broken' })).toEqual({ succeeded: true });
    expect(book.state()?.refunds).toEqual({
      units: [{ sku: 'tea', quantity: 1 }],
      amountMinorUnits: 450n,
      open: [{ id: 'r-1', units: tea(1), amount: eur(450n), backOnSale: false, reason: 'broken' }],
    });
    const saga = book.state()?.saga;
    expect(saga).toMatchObject({ phase: 'completed', amendments: ['r-1'], revision: 1 });
    expect(saga && atRest(saga)).toBe(false);
  });

  test('is at rest again when it is done, and remembers what went back', () => {
    const book = soldTea();
    book.refund('r-1', tea(1));
    book.refunded('r-1');
    expect(book.state()?.refunds).toEqual({
      units: [{ sku: 'tea', quantity: 1 }],
      amountMinorUnits: 450n,
      open: [],
    });
    const saga = book.state()?.saga;
    expect(saga && atRest(saga)).toBe(true);
    expect(book.types()).toEqual(['placed', 'confirmed', 'completed', 'refund_asked', 'refunded']);
  });

  test('gives back no more units than were bought, over all refunds, those under way included', () => {
    const book = soldTea();
    book.refund('r-1', tea(1));
    expect(book.refund('r-2', tea(2))).toMatchObject(
      refused('REFUND_EXCEEDS_ORDERED', { order_id: 'o1', sku: 'tea', refundable: '1', asked: '2' }),
    );
    expect(book.refund('r-3', tea(1))).toEqual({ succeeded: true });
    expect(book.refund('r-4', tea(1))).toMatchObject({ refusal: { metadata: { refundable: '0' } } });
    expect(book.state()?.refunds?.amountMinorUnits).toBe(900n);
  });

  test('of an item that is not in the order is refused', () => {
    expect(soldTea().refund('r-1', [{ sku: 'cup', quantity: 1 }])).toMatchObject(
      refused('REFUND_EXCEEDS_ORDERED', { order_id: 'o1', sku: 'cup', refundable: '0', asked: '1' }),
    );
  });

  test('of another caller’s order, and of none, is refused in the same words', () => {
    const book = soldTea();
    const missing = refused('ORDER_NOT_FOUND', { order_id: 'o1' });
    expect(book.refund('r-1', tea(1), { caller: 'mallory' })).toMatchObject(missing);
    expect(openOrderBook().refund('r-1', tea(1))).toMatchObject(missing);
  });

  test.each<[string, (book: OrderBook) => void]>([
    ['placed', (book) => book.place()],
    [
      'cancelled',
      (book) => {
        book.place();
        book.confirm();
        book.completed();
        book.cancel('cancel-1');
        book.cancelled();
      },
    ],
    [
      'being cancelled',
      (book) => {
        book.place();
        book.confirm();
        book.completed();
        book.cancel('cancel-1');
      },
    ],
  ])('of an order that is %s is refused', (_state, bring) => {
    const book = openOrderBook();
    bring(book);
    expect(book.refund('r-1', tea(1))).toMatchObject({ refusal: { reason: 'ORDER_NOT_CONFIRMED' } });
    expect(book.state()?.refunds).toBeUndefined();
  });

  test('is not decided while twenty are open, and that is not recorded', () => {
    const many = openOrderBook();
    many.place();
    many.confirm([{ sku: 'tea', quantity: 30, unitPrice: eur(1n) }], eur(30n));
    many.completed();
    for (let number = 0; number < 20; number += 1) many.refund(`r-${number}`, tea(1));
    expect(() => many.refund('r-20', tea(1))).toThrow(TooManyOpenRefundsError);
    many.refunded('r-0');
    expect(many.refund('r-20', tea(1))).toEqual({ succeeded: true });
  });
});

describe('a cancel', () => {
  test('overtakes an open refund: everything goes back, and the refund is over with it', () => {
    const book = soldTea();
    book.refund('r-1', tea(1));
    book.cancel('cancel-1');
    expect(book.state()?.saga).toMatchObject({ phase: 'compensating', amendments: ['r-1'] });
    expect(book.refunded('r-1')).toEqual({ succeeded: true });
    expect(book.types().at(-1)).toBe('overtaken');
    book.cancelled();
    expect(book.state()).toMatchObject({
      refunds: { units: [{ sku: 'tea', quantity: 1 }], open: [] },
      saga: { phase: 'cancelled', amendments: [] },
    });
  });
});

describe('an operator’s retry', () => {
  const asked = { phase: 'completed', step: 'refund_payment:r-1', round: 0, amendment: 'r-1' } as const;

  test('of a step that was refused opens a round and takes the order from the list of those that need a person', () => {
    const book = soldTea();
    book.refund('r-1', tea(1));
    book.refusedStep('a', asked);
    expect(book.state()?.saga.attention).toEqual({
      reason: 'REFUND_REFUSED',
      message: 'REFUND_REFUSED it is',
      metadata: {},
      refusedStep: 'refund_payment:r-1',
    });
    book.retry('retry-1');
    expect(book.state()?.saga).toMatchObject({ attention: null, rounds: { 'refund_payment:r-1': 1 } });
    expect(book.types().at(-1)).toBe('retried');
  });

  test('twice opens one round: the second one finds nothing refused', () => {
    const book = soldTea();
    book.refund('r-1', tea(1));
    book.refusedStep('a', asked);
    book.retry('retry-1');
    book.retry('retry-2');
    expect(book.state()?.saga.rounds).toEqual({ 'refund_payment:r-1': 1 });
    expect(book.types().at(-1)).toBe('noted');
  });

  test('is not undone by a refusal of the round before, which somebody slow reports', () => {
    const book = soldTea();
    book.refund('r-1', tea(1));
    book.refusedStep('a', asked);
    book.retry('retry-1');
    book.refusedStep('late', asked);
    expect(book.state()?.saga.attention).toBeNull();
    expect(book.types().at(-1)).toBe('overtaken');
    book.refusedStep('again', { ...asked, round: 1 });
    expect(book.state()?.saga.attention?.refusedStep).toBe('refund_payment:r-1');
  });

  test('of a step whose outcome is unknown opens none', () => {
    const book = soldTea();
    book.refund('r-1', tea(1));
    book.attention('STEP_OUTCOME_UNKNOWN', 'completed');
    book.retry('retry-1');
    expect(book.state()?.saga.rounds).toBeUndefined();
    expect(book.state()?.saga.attention).not.toBeNull();
  });

  test('of a refusal that was recorded before there were rounds opens none, and the old record reads as it did', () => {
    const book = openOrderBook();
    book.place();
    book.confirm();
    const reason = because('RESERVATION_RELEASED');
    const old = evolveOrder(book.state(), { type: 'needs_attention', data: { reason } }, placedAt);
    expect(old?.saga.attention).toEqual(reason);
    expect(decideRetry('o1', old)).toMatchObject({
      changes: [{ type: 'noted', data: { command: 'retry' } }],
    });
  });
});

test('what PlaceOrder answered stays, whatever was refunded; what the order is now says it', () => {
  const book = soldTea();
  const before = book.state();
  book.refund('r-1', tea(1));
  book.refusedStep('a', { phase: 'completed', step: 'refund_payment:r-1', round: 0, amendment: 'r-1' });
  const after = book.state();
  if (!before || !after) throw new Error('the order is gone');
  expect(renderConfirmed('o1', after)).toEqual(renderConfirmed('o1', before));
  expect(renderOrder('o1', after)).toMatchObject({
    status: OrderStatus.CONFIRMED,
    lines: [{ sku: 'tea', quantity: 2, refundedQuantity: 1 }],
    total: eur(900n),
    refunded: eur(450n),
    needsAttention: 'REFUND_REFUSED',
  });
});

type Act = (book: OrderBook, number: number) => unknown;
const act: fc.Arbitrary<Act> = fc.oneof(
  fc.constantFrom<Act>(
    (book) => book.confirm(),
    (book) => book.completed(),
    (book) => book.cancelled(),
    (book, number) => book.cancel(`cancel-${number}`),
    (book, number) => book.retry(`retry-${number}`),
  ),
  {
    weight: 3,
    arbitrary: fc.integer({ min: 1, max: 3 }).map(
      (n): Act =>
        (book, number) =>
          book.refund(`r-${number}`, tea(n)),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.nat(25).map(
      (n): Act =>
        (book) =>
          book.refunded(`r-${n}`),
    ),
  },
  fc.tuple(fc.nat(25), fc.nat(2)).map(
    ([n, round]): Act =>
      (book, number) =>
        book.refusedStep(`${number}`, {
          phase: 'completed',
          step: `refund_payment:r-${n}`,
          round,
          amendment: `r-${n}`,
        }),
  ),
);

test('no sequence of decisions gives back more than was bought, and the audit finds nothing wrong with any', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 25 }), async (acts) => {
      const book = openOrderBook();
      book.place();
      for (const [number, run] of acts.entries()) {
        run(book, number);
        const state = book.state();
        const units = state?.refunds?.units.find(({ sku }) => sku === 'tea')?.quantity ?? 0;
        expect(units).toBeLessThanOrEqual(2);
        expect(state?.refunds?.amountMinorUnits ?? 0n).toBe(450n * BigInt(units));
        expect(state?.saga.amendments ?? []).toEqual((state?.refunds?.open ?? []).map(({ id }) => id));
      }
      const findings = [];
      for await (const part of auditParts(book.ops)) findings.push(...(part.findings ?? []));
      expect(findings).toEqual([]);
    }),
    { numRuns: 500 },
  );
});
