import { describe, expect, test } from 'vitest';
import { PaymentStatus } from '../../shared/gen/twicesafe/payment/v1/payment_pb.ts';
import { eur, openBooks } from '../support/payment-books.ts';
import { audit, entries } from '../support/payment-entries.ts';

const payment = 'payment/shop/alice.1';
const opened = { entity: 'account/alice', type: 'opened', data: { currency: 'EUR', opening: 100n } };
const charged = (amount: bigint) => ({ entity: 'account/alice', type: 'charged', data: { amount, payment } });
const refunded = (amount: bigint) => ({
  entity: 'account/alice',
  type: 'refunded',
  data: { amount, payment },
});
const captured = (amount: bigint) => ({
  entity: payment,
  type: 'captured',
  data: { accountId: 'alice', amount, currency: 'EUR', reference: 'order-1', createdBy: 'key-2' },
});
const givenBack = (amount: bigint) => ({ entity: payment, type: 'refunded', data: { amount, reason: '' } });

const holds = (invariant: string, checkedCount: bigint) => ({
  invariant,
  verdict: 1,
  checkedCount,
  reason: '',
});

describe('an audit of books that are right', () => {
  test('finds nothing and says what each payment did', async () => {
    const books = openBooks();
    books.open('alice', eur(100n));
    books.create('alice.1', eur(30n));
    books.refund('alice.1', eur(10n));
    books.create('alice.2', eur(1_000n));
    books.cancel('alice.3');
    const { found, payments, summary } = await audit(books.ops);
    expect(found).toEqual([]);
    const money = (amountMinorUnits: bigint) => ({ amountMinorUnits, currency: 'EUR' });
    expect(payments).toEqual([
      {
        paymentId: 'alice.1',
        caller: 'shop',
        reference: 'order-1',
        status: PaymentStatus.CAPTURED,
        chargeCount: 1,
        charged: money(30n),
        refunded: money(10n),
      },
      {
        paymentId: 'alice.2',
        caller: 'shop',
        reference: 'order-1',
        status: PaymentStatus.DECLINED,
        chargeCount: 0,
        charged: money(0n),
        refunded: money(0n),
      },
      {
        paymentId: 'alice.3',
        caller: 'shop',
        reference: '',
        status: PaymentStatus.CANCELLED,
        chargeCount: 0,
      },
    ]);
    expect(summary).toEqual({
      verdicts: [holds('journal', 8n), holds('I1', 1n), holds('I2', 3n), holds('ledger', 3n)],
      entryCount: 5n,
      opCount: 8n,
    });
  });

  test('holds for a journal with nothing in it', async () => {
    const { summary } = await audit([]);
    const verdicts = [holds('journal', 0n), holds('I1', 0n), holds('I2', 0n), holds('ledger', 0n)];
    expect(summary).toEqual({ verdicts, entryCount: 0n, opCount: 0n });
  });

  test('judges each stream by itself', async () => {
    const first = entries([opened], [captured(30n), charged(30n)]);
    const second = entries([{ ...opened, entity: 'account/bob' }]).map((op) => ({ ...op, stream: 's1' }));
    const { found, summary } = await audit([...first, ...second]);
    expect(found).toEqual([]);
    expect(summary).toMatchObject({ entryCount: 3n, opCount: 4n });
  });

  test('answers in parts of at most 500', async () => {
    const books = openBooks();
    for (let number = 0; number < 1_100; number += 1) books.cancel(`alice.${number}`);
    const { parts } = await audit(books.ops);
    expect(parts.map((part) => part.payments?.length)).toEqual([500, 500, 100, undefined]);
  });
});

describe('an audit of books with a planted bug', () => {
  test('finds a carried state that its changes do not give', async () => {
    const books = entries([opened], [captured(30n), charged(30n)], [givenBack(30n), refunded(30n)]);
    const forged = books.map((op) =>
      op.type === 'refunded' && op.entity === payment ? { ...op, state: { ...op.state, refunded: 0n } } : op,
    );
    const { found, summary } = await audit(forged);
    expect(found).toEqual(['journal payment/shop/alice.1', 'ledger sales/EUR']);
    expect(summary?.verdicts?.[0]).toEqual({
      invariant: 'journal',
      verdict: 2,
      checkedCount: 5n,
      reason: '',
    });
  });

  test('finds a missing entry', async () => {
    const books = entries([opened], [{ ...opened, type: 'deposited', data: { amount: 1n } }]);
    expect((await audit(books.slice(1))).found).toContain('journal s0');
  });

  test('finds a lost update: a withdrawal decided on an old balance', async () => {
    const [first] = entries([opened]);
    const state = { ...first?.state, balance: 60n, withdrawn: 40n };
    const withdrawn = { entity: 'account/alice', type: 'withdrawn', data: { amount: 40n }, carried: state };
    const { found } = await audit(entries([opened], [withdrawn], [withdrawn]));
    expect(found).toEqual([
      'journal account/alice',
      'I1 account/alice',
      'ledger account/alice',
      'ledger cash/EUR',
    ]);
  });

  test('finds money from nothing: a balance raised without a movement', async () => {
    const [first] = entries([opened]);
    const raised = {
      entity: 'account/alice',
      type: 'refused',
      data: {},
      carried: { ...first?.state, balance: 900n },
    };
    expect((await audit(entries([opened], [raised]))).found).toContain('I1 account/alice');
  });

  test('finds a balance below zero', async () => {
    const withdrawn = { entity: 'account/alice', type: 'withdrawn', data: { amount: 101n } };
    expect((await audit(entries([opened], [withdrawn]))).found).toEqual(['I1 account/alice']);
  });

  test('finds a refusal that moved money', async () => {
    const withdrawn = { entity: 'account/alice', type: 'withdrawn', data: { amount: 1n }, refused: true };
    expect((await audit(entries([opened], [withdrawn]))).found).toEqual(['I1 account/alice']);
  });

  test('finds a payment that charged twice', async () => {
    const books = entries([opened], [captured(30n), charged(30n)], [captured(30n), charged(30n)]);
    expect((await audit(books)).found).toEqual(['I2 payment/shop/alice.1', 'ledger sales/EUR']);
  });

  test('finds a payment that gave back more than it charged', async () => {
    const books = entries([opened], [captured(30n), charged(30n)], [givenBack(31n), refunded(31n)]);
    expect((await audit(books)).found).toEqual(['I2 payment/shop/alice.1']);
  });

  test('finds a charge without its payment', async () => {
    expect((await audit(entries([opened], [charged(30n)]))).found).toEqual([
      'I2 payment/shop/alice.1',
      'ledger sales/EUR',
    ]);
  });

  test('finds a captured payment that its account never paid', async () => {
    expect((await audit(entries([opened], [captured(30n)]))).found).toEqual([
      'I2 payment/shop/alice.1',
      'ledger sales/EUR',
    ]);
  });

  test('finds the two halves of a movement in two entries', async () => {
    const books = entries([opened], [captured(30n)], [charged(30n)]);
    expect((await audit(books)).found).toEqual(['I2 payment/shop/alice.1']);
  });

  test('finds the two halves of a movement under two keys', async () => {
    const books = entries([opened], [captured(30n), { ...charged(30n), key: 'another' }]);
    expect((await audit(books)).found).toEqual(['I2 payment/shop/alice.1']);
  });

  test('finds two halves that are not equal', async () => {
    const books = entries([opened], [captured(30n), charged(29n)]);
    expect((await audit(books)).found).toEqual(['I2 payment/shop/alice.1', 'ledger sales/EUR']);
  });

  test('finds a charge to an account that is not the payment’s', async () => {
    const bob = { ...opened, entity: 'account/bob' };
    const books = entries([opened], [bob], [captured(30n), { ...charged(30n), entity: 'account/bob' }]);
    expect((await audit(books)).found).toEqual(['I2 payment/shop/alice.1']);
  });

  test('finds an amount that is no money, and does not die of it', async () => {
    const [first] = entries([opened]);
    const damaged = {
      entity: 'account/alice',
      type: 'deposited',
      data: { amount: 'ten' },
      carried: { ...first?.state },
    };
    expect((await audit(entries([opened], [damaged]))).found).toEqual(['journal account/alice']);
  });

  test('finds a change that it does not know', async () => {
    const strange = { entity: 'account/alice', type: 'doubled', data: {}, carried: { balance: 0n } };
    expect((await audit(entries([strange]))).found).toEqual(['journal account/alice']);
  });

  // Each payment that its account never paid, and sales, which say so of all of them.
  test('tells more than 500 contradictions in parts of at most 500', async () => {
    const unpaid = Array.from({ length: 1_200 }, (_, index) => ({
      ...captured(1n),
      entity: `payment/shop/alice.${index}`,
    }));
    const { parts } = await audit(entries(unpaid));
    expect(parts.map((part) => part.findings?.length ?? 0).filter((length) => length > 0)).toEqual([
      500, 500, 201,
    ]);
  });

  test('reports an entity once for each invariant', async () => {
    const withdrawn = { entity: 'account/alice', type: 'withdrawn', data: { amount: 101n } };
    expect((await audit(entries([opened], [withdrawn], [withdrawn]))).found).toEqual(['I1 account/alice']);
  });
});

test('an audit that meets more entities than it remembers cannot tell, and states no fact that may be stale', async () => {
  const books = entries([opened], [captured(30n), charged(30n)], [givenBack(30n), refunded(30n)]);
  const { found, payments, summary } = await audit(books, 2);
  expect(found).toEqual([]);
  expect(payments).toEqual([]);
  const reason = 'a stream has more entities than an audit remembers';
  expect(summary?.verdicts).toEqual([
    { invariant: 'journal', verdict: 3, checkedCount: 3n, reason },
    { invariant: 'I1', verdict: 3, checkedCount: 1n, reason },
    { invariant: 'I2', verdict: 3, checkedCount: 1n, reason },
    { invariant: 'ledger', verdict: 3, checkedCount: 2n, reason },
  ]);
});
