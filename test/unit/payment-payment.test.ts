import { describe, expect, test } from 'vitest';
import { bookedAt, eur, openBooks, usd } from '../support/payment-books.ts';

const succeeded = { succeeded: true };
const refused = (reason: string, metadata: Record<string, string>) => ({
  succeeded: false,
  refusal: { reason, metadata },
});

/** Alice has 100 and paid 30 of it. */
function paid() {
  const books = openBooks();
  books.open('alice', eur(100n));
  books.create('alice.1', eur(30n), 'create-1');
  return books;
}

describe('CreatePayment', () => {
  test('takes the amount from the account and captures the payment in one record', () => {
    const books = paid();
    expect(books.account('alice')).toMatchObject({ balance: 70n, charged: 30n });
    expect(books.payment('alice.1')).toEqual({
      status: 'captured',
      accountId: 'alice',
      amount: 30n,
      currency: 'EUR',
      refunded: 0n,
      reference: 'order-1',
      createdBy: 'create-1',
      createdAt: bookedAt,
    });
    const [payment, account] = books.ops.slice(-2);
    expect([payment?.seq, account?.seq]).toEqual([2, 2]);
    expect(account?.data).toEqual({
      amount: 30n,
      payment: 'payment/shop/alice.1',
      debit: 'account/alice',
      credit: 'sales/EUR',
    });
  });

  test('takes once for one request, however often it is asked', () => {
    const books = paid();
    for (let attempt = 0; attempt < 100; attempt += 1) books.create('alice.1', eur(30n), 'create-1');
    expect(books.account('alice')?.balance).toBe(70n);
  });

  test('declines what the balance does not cover: in both histories, with no money moved', () => {
    const books = openBooks();
    books.open('alice', eur(29n));
    expect(books.create('alice.1', eur(30n))).toMatchObject(
      refused('INSUFFICIENT_FUNDS', {
        account_id: 'alice',
        balance_minor_units: '29',
        amount_minor_units: '30',
      }),
    );
    expect(books.payment('alice.1')).toMatchObject({
      status: 'declined',
      refusal: 'INSUFFICIENT_FUNDS',
      refunded: 0n,
    });
    expect(books.typesOf('payment/shop/alice.1')).toEqual(['declined']);
    expect(books.typesOf('account/alice')).toEqual(['opened', 'refused']);
    expect(books.account('alice')?.balance).toBe(29n);
  });

  test('declines another currency', () => {
    const books = openBooks();
    books.open('alice', eur(100n));
    const mismatch = refused('CURRENCY_MISMATCH', { expected: 'EUR', given: 'USD' });
    expect(books.create('alice.1', usd(1n))).toMatchObject(mismatch);
    expect(books.payment('alice.1')).toMatchObject({ status: 'declined', refusal: 'CURRENCY_MISMATCH' });
  });

  test('declines an account that was never opened, and leaves no trace of that account', () => {
    const books = openBooks();
    expect(books.create('bob.1', eur(1n))).toMatchObject(refused('ACCOUNT_NOT_FOUND', { account_id: 'bob' }));
    expect(books.payment('bob.1')).toMatchObject({ status: 'declined', refusal: 'ACCOUNT_NOT_FOUND' });
    expect(books.typesOf('account/bob')).toEqual([]);
  });

  test('refuses an id that another request has used, captured or declined', () => {
    const books = paid();
    const exists = refused('PAYMENT_ALREADY_EXISTS', { payment_id: 'alice.1' });
    expect(books.create('alice.1', eur(30n), 'create-2')).toMatchObject(exists);
    books.create('alice.2', eur(1_000n), 'create-3');
    books.deposit('alice', eur(5_000n));
    expect(books.create('alice.2', eur(1_000n), 'create-4')).toMatchObject({
      refusal: { reason: 'PAYMENT_ALREADY_EXISTS' },
    });
    expect(books.account('alice')?.charged).toBe(30n);
  });

  test('lets two callers use one payment id without meeting', () => {
    const books = paid();
    expect(books.create('alice.1', eur(20n), 'create-2', 'other')).toEqual(succeeded);
    books.cancel('alice.1', 'cancel-1', 'other');
    expect(books.payment('alice.1')).toMatchObject({ status: 'captured', amount: 30n });
    expect(books.account('alice')?.balance).toBe(70n);
  });

  test('stops before the sum of all charges leaves int64, and still gives everything back', () => {
    const books = openBooks();
    const most = eur(1_000_000_000_000_000n);
    books.open('alice', most);
    for (let round = 0; round < 9_000; round += 1) {
      books.create(`alice.${round}`, most);
      books.cancel(`alice.${round}`);
    }
    expect(books.create('alice.last', eur(1n))).toMatchObject(
      refused('BALANCE_LIMIT_EXCEEDED', { account_id: 'alice', limit_minor_units: '9000000000000000000' }),
    );
    expect(books.account('alice')).toMatchObject({
      balance: 1_000_000_000_000_000n,
      charged: 9_000_000_000_000_000_000n,
      refunded: 9_000_000_000_000_000_000n,
    });
  });
});

describe('RefundPayment', () => {
  test('gives back a part, and the payment stays captured', () => {
    const books = paid();
    expect(books.refund('alice.1', eur(10n))).toEqual(succeeded);
    expect(books.payment('alice.1')).toMatchObject({ status: 'captured', refunded: 10n });
    expect(books.account('alice')).toMatchObject({ balance: 80n, refunded: 10n });
  });

  test('gives back the rest, and the payment is refunded', () => {
    const books = paid();
    books.refund('alice.1', eur(10n));
    expect(books.refund('alice.1', eur(20n))).toEqual(succeeded);
    expect(books.payment('alice.1')).toMatchObject({ status: 'refunded', refunded: 30n });
    expect(books.account('alice')?.balance).toBe(100n);
  });

  test('never gives back more than was captured, over all refunds', () => {
    const books = paid();
    books.refund('alice.1', eur(25n));
    expect(books.refund('alice.1', eur(6n))).toMatchObject(
      refused('REFUND_EXCEEDS_CAPTURED', { payment_id: 'alice.1', refundable_minor_units: '5' }),
    );
    books.refund('alice.1', eur(5n));
    expect(books.refund('alice.1', eur(1n))).toMatchObject(
      refused('REFUND_EXCEEDS_CAPTURED', { payment_id: 'alice.1', refundable_minor_units: '0' }),
    );
    expect(books.account('alice')?.balance).toBe(100n);
  });

  test('refuses a payment that does not exist, or is another caller’s', () => {
    const books = paid();
    expect(books.refund('alice.2', eur(1n))).toMatchObject(
      refused('PAYMENT_NOT_FOUND', { payment_id: 'alice.2' }),
    );
    expect(books.refund('alice.1', eur(1n), 'refund-1', 'other')).toMatchObject(
      refused('PAYMENT_NOT_FOUND', { payment_id: 'alice.1' }),
    );
    expect(books.account('alice')?.balance).toBe(70n);
  });

  test('refuses a payment that was declined, cancelled, or only cancelled', () => {
    const books = paid();
    books.create('alice.2', eur(1_000n));
    books.cancel('alice.1');
    books.cancel('alice.3');
    const notCaptured = (paymentId: string, status: string) =>
      refused('PAYMENT_NOT_CAPTURED', { payment_id: paymentId, status });
    expect(books.refund('alice.1', eur(1n))).toMatchObject(notCaptured('alice.1', 'cancelled'));
    expect(books.refund('alice.2', eur(1n))).toMatchObject(notCaptured('alice.2', 'declined'));
    expect(books.refund('alice.3', eur(1n))).toMatchObject(notCaptured('alice.3', 'cancelled'));
    expect(books.account('alice')?.balance).toBe(100n);
  });

  test('refuses another currency', () => {
    const mismatch = refused('CURRENCY_MISMATCH', { expected: 'EUR', given: 'USD' });
    expect(paid().refund('alice.1', usd(1n))).toMatchObject(mismatch);
  });

  test('gives back above the limit of deposits: an undo is never refused', () => {
    const books = openBooks();
    books.open('alice', eur(1_000_000_000_000_000n));
    books.create('alice.1', eur(1_000_000_000_000_000n));
    books.deposit('alice', eur(1_000_000_000_000_000n));
    expect(books.refund('alice.1', eur(1_000_000_000_000_000n))).toEqual(succeeded);
    expect(books.account('alice')?.balance).toBe(2_000_000_000_000_000n);
  });
});

describe('CancelPayment', () => {
  test('gives back what was captured', () => {
    const books = paid();
    expect(books.cancel('alice.1')).toEqual(succeeded);
    expect(books.payment('alice.1')).toMatchObject({ status: 'cancelled', refunded: 30n });
    expect(books.account('alice')).toMatchObject({ balance: 100n, refunded: 30n });
  });

  test('gives back only what refunds had left', () => {
    const books = paid();
    books.refund('alice.1', eur(12n));
    books.cancel('alice.1');
    expect(books.payment('alice.1')).toMatchObject({ status: 'cancelled', refunded: 30n });
    expect(books.account('alice')).toMatchObject({ balance: 100n, refunded: 30n });
  });

  test('has no further effect under another request id', () => {
    const books = paid();
    books.cancel('alice.1', 'cancel-1');
    expect(books.cancel('alice.1', 'cancel-2')).toEqual(succeeded);
    expect(books.account('alice')?.balance).toBe(100n);
    expect(books.typesOf('payment/shop/alice.1')).toEqual(['captured', 'cancelled', 'found_settled']);
  });

  test('leaves a refunded payment refunded and a declined one declined', () => {
    const books = paid();
    books.refund('alice.1', eur(30n));
    books.create('alice.2', eur(1_000n));
    expect(books.cancel('alice.1')).toEqual(succeeded);
    expect(books.cancel('alice.2')).toEqual(succeeded);
    expect(books.payment('alice.1')).toMatchObject({ status: 'refunded' });
    expect(books.payment('alice.2')).toMatchObject({ status: 'declined' });
    expect(books.account('alice')?.balance).toBe(100n);
  });

  test('leaves a tombstone before its payment, even before its account', () => {
    const books = openBooks();
    expect(books.cancel('bob.1')).toEqual(succeeded);
    expect(books.payment('bob.1')).toEqual({ status: 'cancelled', tombstone: true, createdAt: bookedAt });
    expect(books.typesOf('account/bob')).toEqual([]);
  });

  test('makes the late payment take nothing, whichever request brings it', () => {
    const books = openBooks();
    books.open('alice', eur(100n));
    books.cancel('alice.1');
    const cancelled = refused('REQUEST_CANCELLED', { payment_id: 'alice.1' });
    expect(books.create('alice.1', eur(30n), 'create-1')).toMatchObject(cancelled);
    expect(books.create('alice.1', eur(30n), 'create-2')).toMatchObject(cancelled);
    expect(books.cancel('alice.1')).toEqual(succeeded);
    expect(books.account('alice')?.balance).toBe(100n);
  });

  test('leaves a tombstone for a card payment, which has no account', () => {
    const books = openBooks();
    expect(books.cancel('card.1')).toEqual(succeeded);
    expect(books.payment('card.1')).toMatchObject({ status: 'cancelled' });
  });
});
