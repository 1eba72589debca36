// The audit of refunds by line: each kind of refund that goes wrong is found.

import { describe, expect, test } from 'vitest';
import { auditParts } from '../../services/order/audit.ts';
import type { RecordedOp } from '../../shared/journal/journal.ts';
import { eur, openOrderBook } from '../support/order-book.ts';

const tea = (quantity: number) => [{ sku: 'tea', quantity }];

describe('the audit finds', () => {
  async function findings(ops: readonly RecordedOp[]): Promise<string[]> {
    const found = [];
    for await (const part of auditParts(ops)) found.push(...(part.findings ?? []));
    return found.filter(({ invariant }) => invariant === 'I10').map(({ description }) => description ?? '');
  }
  const refundedOnce = () => {
    const book = openOrderBook();
    book.place();
    book.confirm();
    book.completed();
    book.refund('r-1', tea(1));
    book.refunded('r-1');
    return book;
  };

  test('a refund of more than was bought', async () => {
    const { ops } = refundedOnce();
    const more = ops.map((op) =>
      op.type === 'refund_asked' ? { ...op, data: { ...op.data, units: tea(3), amount: eur(1_350n) } } : op,
    );
    expect(await findings(more)).toContain('3 units of tea go back, 2 were bought, in entry 4');
  });

  test('a refund at another price', async () => {
    const { ops } = refundedOnce();
    const dear = ops.map((op) =>
      op.type === 'refund_asked' ? { ...op, data: { ...op.data, amount: eur(451n) } } : op,
    );
    expect(await findings(dear)).toContain('refund r-1 gives back 451 for units that cost 450, in entry 4');
  });

  test('a refund that is decided twice', async () => {
    const { ops } = refundedOnce();
    const [placed, confirmed, completed, asked, done] = ops;
    if (!placed || !confirmed || !completed || !asked || !done) throw new Error('five ops');
    const twice = [placed, confirmed, completed, asked, asked, done];
    const renumbered = twice.map((op, index) => ({ ...op, seq: index + 1 }));
    expect(await findings(renumbered)).toContain('refund r-1 is decided twice, in entry 5');
  });

  test('a refund that is done twice, and one that was never decided', async () => {
    const { ops } = refundedOnce();
    const last = ops.at(-1);
    if (!last) throw new Error('five ops');
    expect(await findings([...ops, { ...last, seq: 6 }])).toContain('refund r-1 is done twice, in entry 6');
    const strange = { ...last, data: { refundId: 'r-9' }, seq: 6 };
    expect(await findings([...ops, strange])).toContain(
      'refund r-9 is done and was never decided, in entry 6',
    );
  });

  test('a state that says another sum', async () => {
    const { ops } = refundedOnce();
    const forged = ops.map((op) =>
      op.type === 'refunded'
        ? { ...op, state: { ...op.state, refunds: { units: [], amountMinorUnits: 0n, open: [] } } }
        : op,
    );
    expect(await findings(forged)).toContain('refunds sum to 450, the state says 0, in entry 5');
  });
});
