import fc from 'fast-check';
import { expect, test } from 'vitest';
import { auditParts } from '../../services/payment/audit/audit-parts.ts';
import { isTombstone } from '../../services/payment/domain/payment-state.ts';
import { Verdict } from '../../shared/gen/twicesafe/audit/v1/audit_pb.ts';
import { type Books, eur, openBooks, usd } from '../support/payment-books.ts';

const accounts = ['alice', 'bob'];
const paymentIds = ['alice.1', 'alice.2', 'bob.1', 'card.1'];
const callers = ['shop', 'other'];

const account = fc.constantFrom(...accounts);
// Few names, so that commands meet: most of them concern one payment.
const paymentId = fc.constantFrom('alice.1', 'alice.1', 'alice.1', 'alice.2', 'bob.1', 'card.1');
const fromAccount = fc.constantFrom('alice.1', 'alice.1', 'alice.1', 'alice.2', 'bob.1');
const caller = fc.constantFrom('shop', 'shop', 'shop', 'other');
// Refunds of up to 60 from payments of up to 60: two of them are often too much. One amount in ten is in another currency.
const money = fc
  .tuple(fc.bigInt({ min: 1n, max: 60n }), fc.nat(9))
  .map(([n, c]) => (c === 0 ? usd(n) : eur(n)));

type Command = (books: Books, key: string) => unknown;
const command: fc.Arbitrary<Command> = fc.oneof(
  fc.tuple(account, money).map(
    ([id, m]): Command =>
      (books, key) =>
        books.open(id, m, key),
  ),
  fc.tuple(account, money).map(
    ([id, m]): Command =>
      (books, key) =>
        books.deposit(id, m, key),
  ),
  fc.tuple(account, money).map(
    ([id, m]): Command =>
      (books, key) =>
        books.withdraw(id, m, key),
  ),
  fc.tuple(account, fc.constantFrom('freeze', 'unfreeze', 'close', 'reopen')).map(
    ([id, act]): Command =>
      (books, key) =>
        books[act](id, key),
  ),
  fc.tuple(fromAccount, money, caller).map(
    ([id, m, c]): Command =>
      (books, key) =>
        books.create(id, m, key, c),
  ),
  fc.tuple(paymentId, money, caller).map(
    ([id, m, c]): Command =>
      (books, key) =>
        books.refund(id, m, key, c),
  ),
  fc.tuple(paymentId, caller).map(
    ([id, c]): Command =>
      (books, key) =>
        books.cancel(id, key, c),
  ),
);

/** Commands by number, and the order in which they arrive: each any number of times, early or late. */
const storm = fc
  .array(command, { minLength: 20, maxLength: 40 })
  .chain((commands) =>
    fc.tuple(fc.constant(commands), fc.array(fc.nat(commands.length - 1), { minLength: 40, maxLength: 120 })),
  );

/** Alice has something to pay with; everything else may come in any order. */
function booksOfAlice(): Books {
  const books = openBooks();
  books.open('alice', eur(100n));
  return books;
}

function expectConserved(books: Books): void {
  for (const id of accounts) {
    const a = books.account(id);
    if (!a) continue;
    expect(a.balance).toBe(a.opening + a.deposited + a.refunded - a.withdrawn - a.charged);
    expect(a.balance >= 0n && a.refunded <= a.charged).toBe(true);
  }
  for (const id of paymentIds) {
    for (const name of callers) {
      const payment = books.payment(id, name);
      if (!payment || isTombstone(payment)) continue;
      expect(payment.refunded <= (payment.status === 'declined' ? 0n : payment.amount)).toBe(true);
    }
  }
}

test('any commands, repeated in any order, keep every balance the sum of its movements and refund no more than was captured', () => {
  fc.assert(
    fc.property(storm, ([commands, arrivals]) => {
      const books = booksOfAlice();
      for (const number of arrivals) {
        commands[number]?.(books, `key-${number}`);
        expectConserved(books);
      }
    }),
    { numRuns: 300 },
  );
});

test('a repeat of all commands answers the same and records nothing', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 40 }), (commands) => {
      const books = booksOfAlice();
      const first = commands.map((run, number) => run(books, `key-${number}`));
      const recorded = books.ops.length;
      expect(commands.map((run, number) => run(books, `key-${number}`))).toEqual(first);
      expect(books.ops.length).toBe(recorded);
    }),
    { numRuns: 100 },
  );
});

test('whatever the decisions recorded, the audit finds nothing wrong', async () => {
  await fc.assert(
    fc.asyncProperty(storm, async ([commands, arrivals]) => {
      const books = booksOfAlice();
      for (const number of arrivals) commands[number]?.(books, `key-${number}`);
      const findings = [];
      let verdicts: unknown;
      for await (const part of auditParts(books.ops)) {
        findings.push(...(part.findings ?? []));
        verdicts = part.summary?.verdicts?.map((verdict) => verdict.verdict);
      }
      expect(findings).toEqual([]);
      expect(verdicts).toEqual([Verdict.HOLDS, Verdict.HOLDS, Verdict.HOLDS, Verdict.HOLDS]);
    }),
    { numRuns: 200 },
  );
});
