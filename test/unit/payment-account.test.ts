import { describe, expect, test } from 'vitest';
import { bookedAt, eur, openBooks, usd } from '../support/payment-books.ts';

const succeeded = { succeeded: true };
const refused = (reason: string, metadata: Record<string, string>) => ({
  succeeded: false,
  refusal: { reason, metadata },
});

describe('OpenAccount', () => {
  test('opens an account with its opening balance', () => {
    const books = openBooks();
    expect(books.open('alice', eur(500n))).toEqual(succeeded);
    expect(books.account('alice')).toEqual({
      currency: 'EUR',
      balance: 500n,
      opening: 500n,
      deposited: 0n,
      withdrawn: 0n,
      charged: 0n,
      refunded: 0n,
      openedAt: bookedAt,
    });
  });

  test('opens an account with nothing in it', () => {
    const books = openBooks();
    expect(books.open('alice', eur(0n))).toEqual(succeeded);
    expect(books.account('alice')?.balance).toBe(0n);
  });

  test('refuses an id that another request has opened, and leaves that account alone', () => {
    const books = openBooks();
    books.open('alice', eur(500n));
    expect(books.open('alice', eur(9n))).toMatchObject(
      refused('ACCOUNT_ALREADY_EXISTS', { account_id: 'alice' }),
    );
    expect(books.account('alice')?.balance).toBe(500n);
  });

  test('opens an account whose id had only been asked for in vain', () => {
    const books = openBooks();
    books.deposit('alice', eur(1n));
    expect(books.open('alice', eur(500n))).toEqual(succeeded);
    expect(books.typesOf('account/alice')).toEqual(['refused', 'opened']);
  });
});

describe('Deposit', () => {
  test('adds to the balance', () => {
    const books = openBooks();
    books.open('alice', eur(500n));
    expect(books.deposit('alice', eur(20n))).toEqual(succeeded);
    expect(books.account('alice')).toMatchObject({ balance: 520n, deposited: 20n });
  });

  test('refuses an account that was never opened', () => {
    const books = openBooks();
    expect(books.deposit('alice', eur(1n))).toMatchObject(
      refused('ACCOUNT_NOT_FOUND', { account_id: 'alice' }),
    );
    expect(books.account('alice')).toBeUndefined();
  });

  test('refuses another currency', () => {
    const books = openBooks();
    books.open('alice', eur(500n));
    const mismatch = refused('CURRENCY_MISMATCH', { expected: 'EUR', given: 'USD' });
    expect(books.deposit('alice', usd(1n))).toMatchObject(mismatch);
  });

  test('fills an account to its limit and not beyond', () => {
    const books = openBooks();
    books.open('alice', eur(999_999_999_999_999n));
    expect(books.deposit('alice', eur(1n))).toEqual(succeeded);
    expect(books.deposit('alice', eur(1n))).toMatchObject(
      refused('BALANCE_LIMIT_EXCEEDED', { account_id: 'alice', limit_minor_units: '1000000000000000' }),
    );
    expect(books.account('alice')?.balance).toBe(1_000_000_000_000_000n);
  });

  test('stops before the sum of all deposits leaves int64', () => {
    const books = openBooks();
    books.open('alice', eur(0n));
    const most = eur(1_000_000_000_000_000n);
    for (let round = 0; round < 9_000; round += 1) {
      books.deposit('alice', most);
      books.withdraw('alice', most);
    }
    expect(books.account('alice')?.deposited).toBe(9_000_000_000_000_000_000n);
    expect(books.deposit('alice', eur(1n))).toMatchObject(
      refused('BALANCE_LIMIT_EXCEEDED', { account_id: 'alice', limit_minor_units: '9000000000000000000' }),
    );
  });
});

describe('Withdraw', () => {
  test('takes from the balance, down to nothing', () => {
    const books = openBooks();
    books.open('alice', eur(50n));
    expect(books.withdraw('alice', eur(50n))).toEqual(succeeded);
    expect(books.account('alice')).toMatchObject({ balance: 0n, withdrawn: 50n });
  });

  test('takes once for one request, however often it is asked', () => {
    const books = openBooks();
    books.open('alice', eur(500n));
    for (let attempt = 0; attempt < 1_000; attempt += 1) books.withdraw('alice', eur(50n), 'withdraw-1');
    expect(books.account('alice')?.balance).toBe(450n);
  });

  test('refuses more than there is, and takes nothing', () => {
    const books = openBooks();
    books.open('alice', eur(50n));
    expect(books.withdraw('alice', eur(51n))).toMatchObject(
      refused('INSUFFICIENT_FUNDS', {
        account_id: 'alice',
        balance_minor_units: '50',
        amount_minor_units: '51',
      }),
    );
    expect(books.account('alice')?.balance).toBe(50n);
  });

  test('keeps refusing a request that was refused, even after a deposit', () => {
    const books = openBooks();
    books.open('alice', eur(50n));
    books.withdraw('alice', eur(51n), 'withdraw-1');
    books.deposit('alice', eur(100n));
    expect(books.withdraw('alice', eur(51n), 'withdraw-1')).toMatchObject({ succeeded: false });
    expect(books.account('alice')?.balance).toBe(150n);
  });

  test('refuses an account that was never opened', () => {
    expect(openBooks().withdraw('bob', eur(1n))).toMatchObject(
      refused('ACCOUNT_NOT_FOUND', { account_id: 'bob' }),
    );
  });

  test('refuses another currency', () => {
    const books = openBooks();
    books.open('alice', eur(500n));
    const mismatch = refused('CURRENCY_MISMATCH', { expected: 'EUR', given: 'USD' });
    expect(books.withdraw('alice', usd(1n))).toMatchObject(mismatch);
  });
});
