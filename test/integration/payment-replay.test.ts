// One request id at two instances of the payment service, on a real database: one effect, one answer, for ever.

import { toJson } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import {
  CreatePaymentResponseSchema,
  PaymentStatus,
} from '../../shared/gen/twicesafe/payment/v1/payment_pb.ts';
import { ask, done } from '../support/ask.ts';
import { type FreshDatabase, freshDatabase } from '../support/database.ts';
import { eur, usd } from '../support/payment-books.ts';
import {
  askToOpen,
  auditOf,
  type PaymentClient,
  pay,
  paymentClient,
  startPaymentOn,
  startPaymentPair,
} from '../support/payment-service.ts';

let database: FreshDatabase;
let pair: Awaited<ReturnType<typeof startPaymentPair>>;

beforeAll(async () => {
  database = await freshDatabase();
  pair = await startPaymentPair(database);
});

afterAll(() => pair.stop());

const open = (accountId: string, openingBalance = eur(1_000n)) =>
  done(askToOpen(pair.first, accountId, openingBalance));

describe('one request id', () => {
  test('a thousand withdrawals of 50 at once, at two instances, take 50 once and all say the same', async () => {
    await open('storm');
    const told = await pair.atOnce(1_000, (client) =>
      ask((o) => client.withdraw({ accountId: 'storm', amount: eur(50n) }, o), 'withdraw-storm'),
    );
    const balances = told.map(
      (answer) => 'response' in answer && answer.response.account?.balance?.amountMinorUnits,
    );
    expect(new Set(balances)).toEqual(new Set([950n]));
    expect(told.filter((answer) => !answer.replayed)).toHaveLength(1);
    expect(await pair.balanceOf('storm')).toBe(950n);
  });

  test('a refusal asked for at once at two instances is one refusal, and stays it after the reason is gone', async () => {
    await open('poor', eur(10n));
    const withdraw = (client: PaymentClient) =>
      ask((o) => client.withdraw({ accountId: 'poor', amount: eur(50n) }, o), 'withdraw-poor');
    const told = await pair.atOnce(50, withdraw);
    await done(ask((o) => pair.first.deposit({ accountId: 'poor', amount: eur(100n) }, o), 'deposit-poor'));
    told.push(await withdraw(pair.second));
    const metadata = { account_id: 'poor', balance_minor_units: '10', amount_minor_units: '50' };
    for (const answer of told) expect(answer).toMatchObject({ reason: 'INSUFFICIENT_FUNDS', metadata });
    expect(told.filter((answer) => !answer.replayed)).toHaveLength(1);
    expect(await pair.balanceOf('poor')).toBe(110n);
  });

  test('with another message is refused and moves nothing', async () => {
    await open('reuse');
    await done(
      ask((o) => pair.first.withdraw({ accountId: 'reuse', amount: eur(50n) }, o), 'withdraw-reuse'),
    );
    const told = await ask(
      (o) => pair.second.withdraw({ accountId: 'reuse', amount: eur(51n) }, o),
      'withdraw-reuse',
    );
    expect(told).toMatchObject({ reason: 'REQUEST_ID_REUSED', replayed: false });
    expect(await pair.balanceOf('reuse')).toBe(950n);
  });

  test('of another caller is another request', async () => {
    await open('shared');
    await done(
      ask((o) => pair.first.withdraw({ accountId: 'shared', amount: eur(50n) }, o), 'withdraw-shared'),
    );
    const told = await ask(
      (o) => pair.other.withdraw({ accountId: 'shared', amount: eur(70n) }, o),
      'withdraw-shared',
    );
    expect(told).toMatchObject({ replayed: false, response: { account: { balance: eur(880n) } } });
  });

  test('of another RPC is another request', async () => {
    await open('twins');
    await done(ask((o) => pair.first.deposit({ accountId: 'twins', amount: eur(50n) }, o), 'same-id-twins'));
    await done(ask((o) => pair.first.withdraw({ accountId: 'twins', amount: eur(20n) }, o), 'same-id-twins'));
    expect(await pair.balanceOf('twins')).toBe(1_030n);
  });

  test('is answered the same by an instance that was started later', async () => {
    await open('restart');
    await done(pay(pair.first, 'pay-restart', 'restart'));
    const later = await startPaymentOn(database);
    onTestFinished(() => later.stop());
    const told = await pay(paymentClient(later), 'pay-restart', 'restart');
    expect(told).toMatchObject({ replayed: true, response: { payment: { status: PaymentStatus.CAPTURED } } });
    expect(await pair.balanceOf('restart')).toBe(700n);
  });

  test('is required for everything that moves money', async () => {
    const told = await ask((o) => pair.first.deposit({ accountId: 'storm', amount: eur(1n) }, o));
    expect(told).toMatchObject({ reason: 'REQUEST_ID_REQUIRED' });
  });

  test('replays the answer of its time: the payment as captured after its refund, the account as opened', async () => {
    await open('times');
    const captured = await pay(pair.first, 'pay-times', 'times');
    await done(
      ask((o) => pair.first.refundPayment({ paymentId: 'times.p', amount: eur(300n) }, o), 'refund-times'),
    );
    const again = await pay(pair.second, 'pay-times', 'times');
    if (!('response' in captured) || !('response' in again)) throw new Error('the payment was refused');
    expect(again.replayed).toBe(true);
    expect(again.response.payment?.status).toBe(PaymentStatus.CAPTURED);
    expect(toJson(CreatePaymentResponseSchema, again.response)).toEqual(
      toJson(CreatePaymentResponseSchema, captured.response),
    );
    expect(await askToOpen(pair.first, 'times')).toMatchObject({
      replayed: true,
      response: { account: { balance: eur(1_000n) } },
    });
  });
});

describe('every refusal', () => {
  const request = (accountId: string, amount = eur(1n)) => ({ accountId, amount });
  const refusals: [reason: string, call: (client: PaymentClient, id: string) => Promise<unknown>][] = [
    [
      'ACCOUNT_ALREADY_EXISTS',
      (c, id) => ask((o) => c.openAccount({ accountId: 'r', openingBalance: eur(9n) }, o), id),
    ],
    ['ACCOUNT_NOT_FOUND', (c, id) => ask((o) => c.deposit(request('nobody'), o), id)],
    ['ACCOUNT_NOT_FOUND', (c, id) => ask((o) => c.withdraw(request('nobody'), o), id)],
    ['ACCOUNT_NOT_FOUND', (c, id) => pay(c, id, 'nobody')],
    ['CURRENCY_MISMATCH', (c, id) => ask((o) => c.deposit(request('r', usd(1n)), o), id)],
    ['CURRENCY_MISMATCH', (c, id) => ask((o) => c.withdraw(request('r', usd(1n)), o), id)],
    ['CURRENCY_MISMATCH', (c, id) => pay(c, id, 'r', usd(1n), 'r.usd')],
    [
      'CURRENCY_MISMATCH',
      (c, id) => ask((o) => c.refundPayment({ paymentId: 'r.p', amount: usd(1n) }, o), id),
    ],
    ['BALANCE_LIMIT_EXCEEDED', (c, id) => ask((o) => c.deposit(request('r', eur(10n ** 15n)), o), id)],
    ['INSUFFICIENT_FUNDS', (c, id) => ask((o) => c.withdraw(request('r', eur(5_000n)), o), id)],
    ['INSUFFICIENT_FUNDS', (c, id) => pay(c, id, 'r', eur(5_000n), 'r.big')],
    ['PAYMENT_ALREADY_EXISTS', (c, id) => pay(c, id, 'r')],
    ['REQUEST_CANCELLED', (c, id) => pay(c, id, 'r', eur(1n), 'r.never')],
    [
      'PAYMENT_NOT_FOUND',
      (c, id) => ask((o) => c.refundPayment({ paymentId: 'r.none', amount: eur(1n) }, o), id),
    ],
    [
      'PAYMENT_NOT_CAPTURED',
      (c, id) => ask((o) => c.refundPayment({ paymentId: 'r.never', amount: eur(1n) }, o), id),
    ],
    [
      'REFUND_EXCEEDS_CAPTURED',
      (c, id) => ask((o) => c.refundPayment({ paymentId: 'r.p', amount: eur(301n) }, o), id),
    ],
  ];

  beforeAll(async () => {
    await open('r');
    await done(pay(pair.first, 'pay-r-first', 'r'));
    await done(ask((o) => pair.first.cancelPayment({ paymentId: 'r.never' }, o), 'cancel-r-never'));
  });

  test.each(refusals.map(([reason, call], index) => ({ reason, call, id: `refusal-${index}` })))(
    'is recorded and replayed by another instance: $id $reason',
    async ({ reason, call, id }) => {
      const told = await call(pair.first, id);
      expect(told).toMatchObject({ reason, replayed: false });
      expect(await call(pair.second, id)).toEqual({ ...(told as object), replayed: true });
    },
  );
});

test('the audit finds the books right after everything above', async () => {
  const { findings, verdicts } = await auditOf(pair.operator);
  expect(findings).toEqual([]);
  expect(verdicts).toEqual([
    ['journal', 1],
    ['I1', 1],
    ['I2', 1],
    ['ledger', 1],
  ]);
});
