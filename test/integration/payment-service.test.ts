// Payments and accounts over two instances of the payment service, on a real database: races, limits, pages, audit.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PaymentStatus } from '../../shared/gen/twicesafe/payment/v1/payment_pb.ts';
import { ask, done } from '../support/ask.ts';
import { freshDatabase } from '../support/database.ts';
import { eur } from '../support/payment-books.ts';
import { askToOpen, auditOf, pay, startPaymentPair } from '../support/payment-service.ts';

let pair: Awaited<ReturnType<typeof startPaymentPair>>;

beforeAll(async () => {
  pair = await startPaymentPair(await freshDatabase());
});

afterAll(() => pair.stop());

const open = (accountId: string, openingBalance = eur(1_000n)) =>
  done(askToOpen(pair.first, accountId, openingBalance));

describe('a payment', () => {
  test('belongs to its caller: another one neither sees nor moves nor blocks it', async () => {
    await open('mine');
    await done(pay(pair.first, 'pay-mine', 'mine'));
    const notFound = { reason: 'PAYMENT_NOT_FOUND' };
    expect(await ask((o) => pair.other.getPayment({ paymentId: 'mine.p' }, o))).toMatchObject(notFound);
    const refund = { paymentId: 'mine.p', amount: eur(1n) };
    expect(await ask((o) => pair.other.refundPayment(refund, o), 'refund-mine')).toMatchObject(notFound);
    await done(ask((o) => pair.other.cancelPayment({ paymentId: 'mine.p' }, o), 'cancel-mine'));
    const { payment } = await pair.first.getPayment({ paymentId: 'mine.p' });
    expect(payment).toMatchObject({ status: PaymentStatus.CAPTURED, refunded: eur(0n) });
    expect(await pair.balanceOf('mine')).toBe(700n);
  });

  test('without an id of its own gets the same derived one from every instance', async () => {
    await open('derived');
    const told = await pair.atOnce(2, (client) => pay(client, 'pay-derived', 'derived', eur(1n), ''));
    const ids = told.map((answer) => 'response' in answer && answer.response.payment?.paymentId);
    expect(ids[0]).toMatch(/^derived\.[0-9a-f]{32}$/);
    expect(ids[1]).toBe(ids[0]);
    expect(await pair.balanceOf('derived')).toBe(999n);
  });

  test('cancelled before it is created takes nothing when it comes late', async () => {
    await open('late');
    const cancel = () => ask((o) => pair.first.cancelPayment({ paymentId: 'late.p' }, o), 'cancel-late');
    expect(await cancel()).toMatchObject({ response: { payment: { status: PaymentStatus.CANCELLED } } });
    expect(await pay(pair.second, 'pay-late', 'late')).toMatchObject({ reason: 'REQUEST_CANCELLED' });
    expect(await cancel()).toMatchObject({ replayed: true });
    expect(await pair.balanceOf('late')).toBe(1_000n);
  });

  test('cancelled while it is created ends without money moved, whichever came first', async () => {
    for (let round = 0; round < 10; round += 1) {
      const accountId = `race-${round}`;
      await open(accountId);
      const paymentId = `${accountId}.p`;
      await Promise.all([
        pay(pair.first, `pay-race-${round}`, accountId),
        ask((o) => pair.second.cancelPayment({ paymentId }, o), `cancel-race-${round}`),
      ]);
      const { payment } = await pair.first.getPayment({ paymentId });
      expect(payment?.status).toBe(PaymentStatus.CANCELLED);
      expect(await pair.balanceOf(accountId)).toBe(1_000n);
    }
  });

  test('asked for by two requests at once is created by one of them', async () => {
    await open('two');
    const told = await Promise.all([
      pay(pair.first, 'pay-two-1', 'two'),
      pay(pair.second, 'pay-two-2', 'two'),
    ]);
    expect(told.filter((answer) => 'reason' in answer)).toMatchObject([{ reason: 'PAYMENT_ALREADY_EXISTS' }]);
    expect(await pair.balanceOf('two')).toBe(700n);
  });

  test('is never refunded beyond what was captured, by fifty refunds and a cancel at once', async () => {
    await open('over');
    await done(pay(pair.first, 'pay-over', 'over'));
    const refunds = pair.atOnce(50, (client, index) =>
      ask((o) => client.refundPayment({ paymentId: 'over.p', amount: eur(7n) }, o), `refund-over-${index}`),
    );
    await done(ask((o) => pair.second.cancelPayment({ paymentId: 'over.p' }, o), 'cancel-over'));
    await refunds;
    const { payment } = await pair.first.getPayment({ paymentId: 'over.p' });
    expect(payment?.refunded).toMatchObject(eur(300n));
    expect(await pair.balanceOf('over')).toBe(1_000n);
  });

  test('from a card is refused before anything is recorded', async () => {
    const request = {
      source: { case: 'card', value: { paymentMethod: 'pm_visa' } } as const,
      amount: eur(1n),
    };
    const charge = () => ask((o) => pair.first.createPayment(request, o), 'pay-card-1');
    expect(await charge()).toMatchObject({ reason: 'CARD_PAYMENTS_UNAVAILABLE', replayed: false });
    expect(await charge()).toMatchObject({ reason: 'CARD_PAYMENTS_UNAVAILABLE', replayed: false });
    await open('card-free');
    expect(await pay(pair.first, 'pay-card-1', 'card-free')).toMatchObject({ replayed: false });
  });
});

describe('bad input', () => {
  const int64Min = -9_223_372_036_854_775_808n;
  const int64Max = 9_223_372_036_854_775_807n;
  test.each([0n, -1n, int64Min, int64Max, 1_000_000_000_000_001n])(
    'refuses to move %s and names the field',
    async (n) => {
      const told = await Promise.all([
        ask((o) => pair.first.deposit({ accountId: 'r', amount: eur(n) }, o), 'bad-amount'),
        ask((o) => pair.first.withdraw({ accountId: 'r', amount: eur(n) }, o), 'bad-amount'),
        ask((o) => pair.first.refundPayment({ paymentId: 'r.p', amount: eur(n) }, o), 'bad-amount'),
        pay(pair.first, 'bad-amount', 'r', eur(n)),
      ]);
      for (const answer of told) {
        expect(answer).toMatchObject({ reason: 'FIELD_INVALID', fields: ['amount.amount_minor_units'] });
      }
    },
  );

  test('refuses an opening below zero', async () => {
    expect(await askToOpen(pair.first, 'debt', eur(-1n))).toMatchObject({
      fields: ['opening_balance.amount_minor_units'],
    });
  });

  test('refuses the account id that stands for cards', async () => {
    expect(await askToOpen(pair.first, 'card')).toMatchObject({
      reason: 'FIELD_INVALID',
      fields: ['account_id'],
    });
  });

  test('refuses a payment id that begins with another account, or with none for a card', async () => {
    expect(await pay(pair.first, 'bad-payment-id', 'r', eur(1n), 'bob.p')).toMatchObject({
      fields: ['payment_id'],
    });
    const card = {
      paymentId: 'r.p',
      source: { case: 'card', value: { paymentMethod: 'pm' } } as const,
      amount: eur(1n),
    };
    expect(await ask((o) => pair.first.createPayment(card, o), 'bad-payment-id')).toMatchObject({
      fields: ['payment_id'],
    });
  });

  test('refuses a page token that the service did not give', async () => {
    await open('pages');
    const entries = await ask((o) =>
      pair.first.listAccountEntries({ accountId: 'pages', pageToken: 'made up' }, o),
    );
    const payments = await ask((o) => pair.first.listPayments({ pageToken: 'made up' }, o));
    expect([entries, payments]).toMatchObject([{ fields: ['page_token'] }, { fields: ['page_token'] }]);
  });
});

describe('reading', () => {
  test('lists an account’s entries by page, the newest first, also those written in one flush', async () => {
    await open('history');
    await Promise.all(
      [1n, 2n, 3n].map((n) =>
        ask((o) => pair.first.deposit({ accountId: 'history', amount: eur(n) }, o), `deposit-history-${n}`),
      ),
    );
    await done(pay(pair.first, 'pay-history', 'history'));
    const balances: (bigint | undefined)[] = [];
    let pageToken = '';
    do {
      const page = await pair.second.listAccountEntries({ accountId: 'history', pageSize: 2, pageToken });
      balances.push(...page.entries.map((entry) => entry.balanceAfter?.amountMinorUnits));
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    expect(balances).toHaveLength(5);
    expect([balances[0], balances[1], balances[4]]).toEqual([706n, 1_006n, 1_000n]);
  });

  test('lists the caller’s payments only', async () => {
    await open('listed');
    await done(pay(pair.other, 'pay-listed-1', 'listed', eur(1n), 'listed.1'));
    await done(pay(pair.other, 'pay-listed-2', 'listed', eur(2n), 'listed.2'));
    const page = await pair.other.listPayments({ pageSize: 2 });
    expect(page.payments.map(({ paymentId }) => paymentId)).toEqual(['listed.2', 'listed.1']);
  });

  test('tells what does not exist', async () => {
    expect(await ask((o) => pair.first.getAccount({ accountId: 'nobody' }, o))).toMatchObject({
      reason: 'ACCOUNT_NOT_FOUND',
    });
    expect(await ask((o) => pair.first.listAccountEntries({ accountId: 'nobody' }, o))).toMatchObject({
      reason: 'ACCOUNT_NOT_FOUND',
    });
    expect(await ask((o) => pair.first.getPayment({ paymentId: 'r.none' }, o))).toMatchObject({
      reason: 'PAYMENT_NOT_FOUND',
    });
  });
});

describe('the audit', () => {
  test('is for operators', async () => {
    const auditing = ask(async (o) => {
      for await (const _part of pair.first.audit({}, o));
    });
    expect(await auditing).toMatchObject({ reason: 'PERMISSION_REQUIRED' });
  });

  test('finds the books right after everything above', async () => {
    const { findings, verdicts, payments } = await auditOf(pair.operator);
    expect(findings).toEqual([]);
    expect(verdicts).toEqual([
      ['journal', 1],
      ['I1', 1],
      ['I2', 1],
      ['ledger', 1],
    ]);
    const over = payments.find(({ paymentId }) => paymentId === 'over.p');
    expect(over).toMatchObject({ chargeCount: 1, charged: eur(300n), refunded: eur(300n) });
  });
});
