// The audit of orders: what it finds in histories that a buggy service might have recorded.

import { describe, expect, test } from 'vitest';
import { auditParts } from '../../services/order/audit.ts';
import { Verdict } from '../../shared/gen/twicesafe/audit/v1/audit_pb.ts';
import { SagaPhase } from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import type { RecordedOp } from '../../shared/journal/journal.ts';
import { eur, type OrderBook, openOrderBook } from '../support/order-book.ts';

async function audit(ops: Iterable<RecordedOp>) {
  const parts = [];
  for await (const part of auditParts(ops)) parts.push(part);
  return {
    parts,
    found: parts.flatMap(({ findings = [] }) => findings.map((one) => `${one.invariant} ${one.entity}`)),
    orders: parts.flatMap(({ orders = [] }) => orders),
    summary: parts.at(-1)?.summary,
  };
}

function bookOf(...acts: ((book: OrderBook) => unknown)[]): OrderBook {
  const book = openOrderBook();
  for (const act of acts) act(book);
  return book;
}

const place = (book: OrderBook) => book.place();
const confirm = (book: OrderBook) => book.confirm();
const complete = (book: OrderBook) => book.completed();
const turn = (book: OrderBook) => book.turnRound('ORDER_TOO_LATE', ['create_payment', 'reserve_stock']);
const finishUndo = (book: OrderBook) => book.cancelled();

/** The history as it would be had its last decision been recorded once more, or after another one than it may follow. */
function forged(book: OrderBook, type: string, state = book.state()): RecordedOp[] {
  const last = book.ops.at(-1);
  if (!last) throw new Error('an empty history cannot be forged');
  return [...book.ops, { ...last, seq: last.seq + 1, type, data: {}, state }];
}

describe('an audit of orders', () => {
  test('holds for every way an order can go, and says what each order says', async () => {
    const book = bookOf(place, confirm, complete);
    book.place({ orderId: 'o2', paymentId: 'purse.o2' });
    book.turnRound('INSUFFICIENT_FUNDS', ['reserve_stock'], 'o2');
    book.cancelled('o2');
    book.cancel('c1', 'mallory', 'o3');
    const { found, orders, summary } = await audit(book.ops);
    expect(found).toEqual([]);
    expect(orders).toEqual([
      {
        orderId: 'o1',
        phase: SagaPhase.COMPLETED,
        paymentId: 'purse.o1',
        reservationId: 'o1',
        total: eur(900n),
        units: 2n,
        needsAttention: false,
        refundedUnits: 0n,
        openRefundCount: 0,
      },
      {
        orderId: 'o2',
        phase: SagaPhase.CANCELLED,
        paymentId: 'purse.o2',
        reservationId: 'o2',
        units: 2n,
        needsAttention: false,
        refundedUnits: 0n,
        openRefundCount: 0,
      },
    ]);
    expect(summary).toEqual({
      verdicts: [
        { invariant: 'journal', verdict: Verdict.HOLDS, checkedCount: 7n },
        { invariant: 'I5', verdict: Verdict.HOLDS, checkedCount: 3n, reason: '' },
        { invariant: 'I10', verdict: Verdict.HOLDS, checkedCount: 3n },
      ],
      entryCount: 7n,
      opCount: 7n,
    });
  });

  test('holds for a journal with nothing in it', async () => {
    const { parts } = await audit([]);
    expect(parts).toHaveLength(1);
    expect(parts[0]?.summary?.verdicts?.map(({ verdict }) => verdict)).toEqual([1, 1, 1]);
  });

  test.each([
    ['placed', [place]],
    ['confirmed', [place, confirm]],
    ['compensating', [place, turn]],
    [
      'cancelled after it was completed, and not undone yet',
      [place, confirm, complete, (b: OrderBook) => b.cancel('c1')],
    ],
  ])('cannot tell while an order is %s', async (_phase, acts) => {
    const { found, summary } = await audit(bookOf(...acts).ops);
    expect(found).toEqual([]);
    expect(summary?.verdicts?.[1]).toEqual({
      invariant: 'I5',
      verdict: Verdict.CANNOT_TELL,
      checkedCount: 1n,
      reason: '1 sagas are not at rest',
    });
  });

  test('counts a saga that needs attention as told: it says why, and its fact says so', async () => {
    const book = bookOf(place, confirm);
    book.attention('RESERVATION_RELEASED', 'confirmed');
    const { orders, summary } = await audit(book.ops);
    expect(summary?.verdicts?.[1]).toMatchObject({ verdict: Verdict.HOLDS });
    expect(orders).toMatchObject([{ phase: SagaPhase.CONFIRMED, needsAttention: true }]);
  });

  test('judges each stream by itself', async () => {
    const other = bookOf(place).ops.map((op) => ({ ...op, stream: 's1', entity: 'order/o9' }));
    expect((await audit([...bookOf(place).ops, ...other])).found).toEqual([]);
  });

  test('answers in parts of at most 500', async () => {
    const book = openOrderBook();
    for (let index = 0; index < 1_100; index += 1) book.place({ orderId: `o${index}` });
    const { parts } = await audit(book.ops);
    expect(parts.map(({ orders }) => orders?.length)).toEqual([500, 500, 100, undefined]);
  });
});

describe('an audit of orders with a planted bug finds', () => {
  test('a missing entry', async () => {
    const { ops } = bookOf(place, confirm, complete);
    const { found, summary } = await audit([...ops.slice(0, 1), ...ops.slice(2)]);
    expect(found).toContain('journal s0');
    expect(summary?.verdicts?.[0]).toMatchObject({ invariant: 'journal', verdict: Verdict.BROKEN });
  });

  test('a missing first entry', async () => {
    expect((await audit(bookOf(place, confirm).ops.slice(1))).found).toContain('journal s0');
  });

  test('a carried state that its change does not give', async () => {
    const { ops } = bookOf(place, confirm);
    const wrong = ops.map((op) => (op.seq === 2 ? { ...op, state: { ...op.state, total: eur(1n) } } : op));
    expect((await audit(wrong)).found).toEqual(['journal order/o1']);
  });

  test('a decision on a state that was not the newest', async () => {
    const book = bookOf(place, confirm, (b) => b.cancel('c1'));
    const confirmed = book.ops[1]?.state as ReturnType<OrderBook['state']>;
    expect((await audit(forged(book, 'noted', confirmed))).found).toEqual(['journal order/o1']);
  });

  test.each([
    ['confirmed after it turned round', [place, turn], 'confirmed'],
    ['confirmed twice', [place, confirm], 'confirmed'],
    ['turned round twice', [place, turn], 'compensating'],
    ['completed after it turned round', [place, turn], 'completed'],
    ['cancelled without having turned round', [place], 'cancelled'],
    ['cancelled twice', [place, turn, finishUndo], 'cancelled'],
  ])('a saga that was %s', async (_what, acts, type) => {
    const { found, summary } = await audit(forged(bookOf(...acts), type));
    expect(found).toContain('I10 order/o1');
    expect(summary?.verdicts?.[2]).toMatchObject({ invariant: 'I10', verdict: Verdict.BROKEN });
  });

  test('more than it can say in one part, and says all of it', async () => {
    const { ops } = bookOf(place);
    const [first] = ops;
    if (!first) throw new Error('nothing was placed');
    const gaps = Array.from({ length: 1_200 }, (_, index) => ({
      ...first,
      type: 'noted',
      seq: 3 + index * 2,
    }));
    const { found, parts } = await audit([...ops, ...gaps]);
    expect(found).toHaveLength(1_200);
    expect(Math.max(...parts.map(({ findings = [] }) => findings.length))).toBe(500);
  });
});
