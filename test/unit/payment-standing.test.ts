// Frozen and closed accounts: what is refused, what comes home all the same, and which way leads where.

import { describe, expect, test } from 'vitest';
import { eur, openBooks } from '../support/payment-books.ts';

const succeeded = { succeeded: true };
const refused = (reason: string, metadata: Record<string, string> = { account_id: 'alice' }) => ({
  succeeded: false,
  refusal: { reason, metadata },
});

/** Alice has 70 left of 100: she paid 30 for `alice.1`. */
function paid() {
  const books = openBooks();
  books.open('alice', eur(100n));
  books.create('alice.1', eur(30n));
  return books;
}

/** Nothing is in it any more, and 30 of it are in `alice.1`. */
function closed() {
  const books = paid();
  books.withdraw('alice', eur(70n));
  expect(books.close('alice')).toEqual(succeeded);
  return books;
}

describe('a frozen account', () => {
  test('says so and why, and gives nothing: no withdrawal, no payment', () => {
    const books = paid();
    expect(books.freeze('alice')).toEqual(succeeded);
    expect(books.account('alice')).toMatchObject({
      standing: 'frozen',
      standingReason: 'frozen for a reason',
      balance: 70n,
    });
    expect(books.withdraw('alice', eur(1n))).toMatchObject(refused('ACCOUNT_FROZEN'));
    expect(books.create('alice.2', eur(1n))).toMatchObject(refused('ACCOUNT_FROZEN'));
    expect(books.payment('alice.2')).toMatchObject({ status: 'declined', refusal: 'ACCOUNT_FROZEN' });
    expect(books.account('alice')?.balance).toBe(70n);
  });

  test('takes in what comes: deposits, refunds, and what a cancel gives back', () => {
    const books = paid();
    books.freeze('alice');
    expect(books.deposit('alice', eur(5n))).toEqual(succeeded);
    expect(books.refund('alice.1', eur(10n))).toEqual(succeeded);
    expect(books.cancel('alice.1')).toEqual(succeeded);
    expect(books.account('alice')?.balance).toBe(105n);
  });

  test('keeps refusing a request that was refused, after it is unfrozen', () => {
    const books = paid();
    books.freeze('alice');
    books.withdraw('alice', eur(1n), 'withdraw-1');
    books.unfreeze('alice');
    expect(books.withdraw('alice', eur(1n), 'withdraw-1')).toMatchObject(refused('ACCOUNT_FROZEN'));
    expect(books.withdraw('alice', eur(1n), 'withdraw-2')).toEqual(succeeded);
  });

  test('is as before once it is unfrozen', () => {
    const books = paid();
    const before = books.account('alice');
    books.freeze('alice');
    expect(books.unfreeze('alice')).toEqual(succeeded);
    expect(books.account('alice')).toEqual(before);
  });

  test('is not closed: unfreeze it first', () => {
    const books = openBooks();
    books.open('alice', eur(0n));
    books.freeze('alice');
    expect(books.close('alice')).toMatchObject(refused('ACCOUNT_FROZEN'));
    expect(books.account('alice')?.standing).toBe('frozen');
  });
});

describe('a closed account', () => {
  test('held nothing: with a balance it is not closed', () => {
    const books = paid();
    expect(books.close('alice')).toMatchObject(
      refused('ACCOUNT_NOT_EMPTY', { account_id: 'alice', balance_minor_units: '70' }),
    );
    expect(books.account('alice')?.standing).toBeUndefined();
  });

  test('takes nothing and gives nothing: no deposit, no withdrawal, no payment', () => {
    const books = closed();
    expect(books.deposit('alice', eur(1n))).toMatchObject(refused('ACCOUNT_CLOSED'));
    expect(books.withdraw('alice', eur(1n))).toMatchObject(refused('ACCOUNT_CLOSED'));
    expect(books.create('alice.2', eur(1n))).toMatchObject(refused('ACCOUNT_CLOSED'));
    expect(books.account('alice')?.balance).toBe(0n);
  });

  test('is credited with a refund and a cancel all the same, and shows what it owes', () => {
    const books = closed();
    expect(books.refund('alice.1', eur(10n))).toEqual(succeeded);
    expect(books.cancel('alice.1')).toEqual(succeeded);
    expect(books.account('alice')).toMatchObject({ standing: 'closed', balance: 30n });
    expect(books.payment('alice.1')).toMatchObject({ status: 'cancelled', refunded: 30n });
  });

  test('pays out what it owes when it is reopened, and is closed anew', () => {
    const books = closed();
    books.cancel('alice.1');
    expect(books.withdraw('alice', eur(30n))).toMatchObject(refused('ACCOUNT_CLOSED'));
    expect(books.reopen('alice')).toEqual(succeeded);
    expect(books.withdraw('alice', eur(30n))).toEqual(succeeded);
    expect(books.close('alice')).toEqual(succeeded);
    expect(books.account('alice')).toMatchObject({ standing: 'closed', balance: 0n });
  });

  test('keeps its id: it is not opened by another request', () => {
    expect(closed().open('alice', eur(5n))).toMatchObject(refused('ACCOUNT_ALREADY_EXISTS'));
  });
});

describe('a command that finds what it wants succeeds and changes nothing', () => {
  test.each([
    ['freeze', ['freeze']],
    ['unfreeze', []],
    ['close', ['close']],
    ['reopen', []],
  ] as const)('%s', (command, before) => {
    const books = openBooks();
    books.open('alice', eur(0n));
    for (const act of before) books[act]('alice');
    const state = books.account('alice');
    expect(books[command]('alice')).toEqual(succeeded);
    expect(books.account('alice')).toEqual(state);
    expect(books.typesOf('account/alice').at(-1)).toBe('unchanged');
  });
});

describe('a command that leads nowhere from here is refused', () => {
  test.each([
    ['freeze', 'close', 'ACCOUNT_CLOSED'],
    ['unfreeze', 'close', 'ACCOUNT_CLOSED'],
    ['reopen', 'freeze', 'ACCOUNT_FROZEN'],
  ] as const)('%s after %s', (command, before, reason) => {
    const books = openBooks();
    books.open('alice', eur(0n));
    books[before]('alice');
    expect(books[command]('alice')).toMatchObject(refused(reason));
  });

  test.each(['freeze', 'unfreeze', 'close', 'reopen'] as const)('%s of no account', (command) => {
    expect(openBooks()[command]('alice')).toMatchObject(refused('ACCOUNT_NOT_FOUND'));
  });
});
