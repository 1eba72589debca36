// The double-entry ledger: what each movement debits and credits, that it balances in every currency, and that the audit
// finds each kind of wrong posting.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createLedgerSum, linesOf, postedBy } from '../../services/payment/domain/ledger.ts';
import type { RecordedOp } from '../../shared/journal/journal.ts';
import { createCardWorld } from '../support/card-world.ts';
import { eur, jpy, openBooks, usd } from '../support/payment-books.ts';
import { audit, entries } from '../support/payment-entries.ts';

/** Every posting in the order of recording: debit, credit, amount. */
const postingsOf = (ops: readonly RecordedOp[]) =>
  ops.flatMap((op) => {
    const posted = postedBy(op);
    return posted ? [`${posted.debit} > ${posted.credit} ${posted.amount} ${posted.currency}`] : [];
  });

function trialBalanceOf(ops: readonly RecordedOp[]) {
  const sum = createLedgerSum();
  for (const op of ops) {
    const posted = postedBy(op);
    if (posted) sum.add(linesOf(posted));
  }
  return sum.lines().map(({ account, debits, credits }) => `${account} ${debits} ${credits}`);
}

describe('a movement', () => {
  test('of an account debits one account and credits another, in the op that moves it', () => {
    const books = openBooks();
    books.open('alice', eur(100n));
    books.deposit('alice', eur(20n));
    books.withdraw('alice', eur(5n));
    books.create('alice.1', eur(30n));
    books.refund('alice.1', eur(10n));
    books.cancel('alice.1');
    expect(postingsOf(books.ops)).toEqual([
      'opening/EUR > account/alice 100 EUR',
      'cash/EUR > account/alice 20 EUR',
      'account/alice > cash/EUR 5 EUR',
      'account/alice > sales/EUR 30 EUR',
      'sales/EUR > account/alice 10 EUR',
      'sales/EUR > account/alice 20 EUR',
    ]);
    const recorded = books.ops
      .filter(({ data }) => 'debit' in data)
      .map(({ entity, type }) => `${entity} ${type}`);
    expect(recorded).toEqual([
      'account/alice opened',
      'account/alice deposited',
      'account/alice withdrawn',
      'account/alice charged',
      'account/alice refunded',
      'account/alice refunded',
    ]);
  });

  test('of a card is what the provider owes the house against sales', async () => {
    const world = createCardWorld({ misbehaviours: [], fates: [] });
    const process = world.startProcess();
    await world.create(process, 'card.1');
    await world.refund(process, 'card.1', 300n, 'refund-1');
    await world.cancel(process, 'card.1');
    expect(postingsOf(world.ops)).toEqual([
      'provider/EUR > sales/EUR 1000 EUR',
      'sales/EUR > provider/EUR 300 EUR',
      'sales/EUR > provider/EUR 700 EUR',
    ]);
    expect((await audit(world.ops)).found).toEqual([]);
  });

  test('that is refused, and an account that is opened empty, post nothing', () => {
    const books = openBooks();
    books.open('alice', eur(0n));
    books.withdraw('alice', eur(1n));
    books.create('alice.1', eur(1n));
    books.freeze('alice');
    expect(books.ops.filter(({ data }) => 'debit' in data || 'credit' in data)).toEqual([]);
    expect(postingsOf(books.ops)).toEqual([]);
  });

  test('that was recorded before there was a ledger is posted as it would be today', () => {
    const payment = 'payment/shop/alice.1';
    const old = entries(
      [{ entity: 'account/alice', type: 'opened', data: { currency: 'EUR', opening: 100n } }],
      [
        {
          entity: payment,
          type: 'captured',
          data: { accountId: 'alice', amount: 30n, currency: 'EUR', reference: '', createdBy: 'key-2' },
        },
        { entity: 'account/alice', type: 'charged', data: { amount: 30n, payment } },
      ],
    );
    expect(postingsOf(old)).toEqual([
      'opening/EUR > account/alice 100 EUR',
      'account/alice > sales/EUR 30 EUR',
    ]);
  });
});

describe('a trial balance', () => {
  test('has every currency side by side, each with debits equal to credits', async () => {
    const books = openBooks();
    books.open('paris', eur(1_000n));
    books.open('boston', usd(500n));
    books.open('kyoto', jpy(90_000n));
    books.deposit('boston', usd(250n));
    books.withdraw('kyoto', jpy(40_000n));
    books.create('paris.1', eur(300n));
    books.refund('paris.1', eur(100n));
    books.create('kyoto.1', jpy(25_000n));
    expect(trialBalanceOf(books.ops)).toEqual([
      'customers/EUR 300 1100',
      'opening/EUR 1000 0',
      'sales/EUR 100 300',
      'cash/JPY 0 40000',
      'customers/JPY 65000 90000',
      'opening/JPY 90000 0',
      'sales/JPY 0 25000',
      'cash/USD 250 0',
      'customers/USD 0 750',
      'opening/USD 500 0',
    ]);
    const { found, parts } = await audit(books.ops);
    expect(found).toEqual([]);
    // The audit adds up by itself, and comes to the same.
    const lines = parts.at(-1)?.ledger?.map((line) => `${line.ledgerAccount} ${line.debits} ${line.credits}`);
    expect(lines).toEqual(trialBalanceOf(books.ops));
  });

  test('refuses to let a currency into an account of another one', () => {
    const books = openBooks();
    books.open('kyoto', jpy(90_000n));
    for (const outcome of [
      books.deposit('kyoto', usd(1n)),
      books.withdraw('kyoto', eur(1n)),
      books.create('kyoto.1', usd(1n)),
    ]) {
      expect(outcome).toMatchObject({ refusal: { reason: 'CURRENCY_MISMATCH' } });
    }
    expect(trialBalanceOf(books.ops)).toEqual(['customers/JPY 0 90000', 'opening/JPY 90000 0']);
  });

  test('sums beyond 64 bits', async () => {
    const most = 9_000_000_000_000_000_000n;
    const ops = ['a', 'b'].map((name) => ({
      entity: `account/${name}`,
      type: 'opened',
      data: { currency: 'EUR', opening: most, debit: 'opening/EUR', credit: `account/${name}` },
    }));
    const { parts } = await audit(entries(ops));
    expect(parts.at(-1)?.ledger?.[0]).toMatchObject({
      ledgerAccount: 'customers/EUR',
      credits: '18000000000000000000',
    });
  });
});

test('whatever is asked of accounts of three currencies, every trial balance on the way balances', () => {
  const money = fc
    .tuple(fc.bigInt({ min: 1n, max: 90n }), fc.constantFrom(eur, usd, jpy))
    .map(([amount, of]) => of(amount));
  const act = fc.tuple(
    fc.constantFrom('open', 'deposit', 'withdraw', 'create', 'refund', 'cancel'),
    fc.constantFrom('a', 'b', 'c'),
    money,
  );
  fc.assert(
    fc.property(fc.array(act, { minLength: 5, maxLength: 60 }), (acts) => {
      const books = openBooks();
      for (const [what, name, amount] of acts) {
        if (what === 'open' || what === 'deposit' || what === 'withdraw') books[what](name, amount);
        else if (what === 'cancel') books.cancel(`${name}.1`);
        else books[what](`${name}.1`, amount);
        const sums = new Map<string, bigint>();
        for (const op of books.ops) {
          const posted = postedBy(op);
          for (const { currency, debits, credits } of posted ? linesOf(posted) : []) {
            sums.set(currency, (sums.get(currency) ?? 0n) + debits - credits);
          }
        }
        expect([...sums.values()].every((sum) => sum === 0n)).toBe(true);
        expect(books.ops.every(({ state }) => ((state?.['balance'] ?? 0n) as bigint) >= 0n)).toBe(true);
      }
    }),
    { numRuns: 200 },
  );
});
