// Whatever is decided in whatever order: an order only goes on, and what it said stays true.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { auditParts } from '../../services/order/audit.ts';
import { isFurther, type SagaPhase } from '../../shared/saga/saga-state.ts';
import { type OrderBook, openOrderBook } from '../support/order-book.ts';

type Act = (book: OrderBook, key: string) => unknown;
const phases: SagaPhase[] = ['running', 'confirmed', 'completed', 'compensating', 'cancelled'];

const act: fc.Arbitrary<Act> = fc.oneof(
  fc.constantFrom<Act>(
    (book) => book.confirm(),
    (book) => book.completed(),
    (book) => book.cancelled(),
    (book) => book.turnRound('INSUFFICIENT_STOCK', []),
    (book) => book.turnRound('INSUFFICIENT_FUNDS', ['reserve_stock']),
    (book) => book.turnRound('ORDER_TOO_LATE', ['create_payment', 'reserve_stock']),
    (book, key) => book.cancel(key),
    (book, key) => book.cancel(key, 'mallory'),
    (book, key) => book.abort(key),
    (book, key) => book.retry(key),
  ),
  fc.constantFrom(...phases).map(
    (during): Act =>
      (book, key) =>
        book.attention(key, during),
  ),
);

test('no sequence of decisions moves a saga back, cancels it twice, or takes back what PlaceOrder answered', () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 30 }), (acts) => {
      const book = openOrderBook();
      book.place();
      for (const [index, run] of acts.entries()) {
        const before = book.state();
        run(book, `key-${index}`);
        const after = book.state();
        if (!before || !after) throw new Error('the order is gone');
        expect(isFurther(before.saga, after.saga)).toBe(false);
        if (before.saga.phase === 'cancelled') expect(after).toEqual(before);
        if (before.confirmedAt) {
          expect(after).toMatchObject({
            confirmedAt: before.confirmedAt,
            lines: before.lines,
            total: before.total,
          });
        }
        if (before.saga.reason) {
          expect(after.saga.reason).toEqual(before.saga.reason);
          expect(after.saga.undo).toEqual(before.saga.undo);
        }
        const isUnconfirmed = after.saga.phase === 'running' || !after.confirmedAt;
        if (isUnconfirmed) expect(after.saga.phase).not.toMatch(/^(confirmed|completed)$/);
        if (after.saga.phase === 'completed' || after.saga.phase === 'cancelled')
          expect(after.saga.attention).toBeNull();
      }
    }),
    { numRuns: 2_000 },
  );
});

test('whatever the decisions recorded, the audit finds nothing wrong', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 30 }), async (acts) => {
      const book = openOrderBook();
      book.place();
      for (const [index, run] of acts.entries()) run(book, `key-${index}`);
      const findings = [];
      for await (const part of auditParts(book.ops)) findings.push(...(part.findings ?? []));
      expect(findings).toEqual([]);
    }),
    { numRuns: 300 },
  );
});
