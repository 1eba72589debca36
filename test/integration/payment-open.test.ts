// Card payments that are not at rest, and those that need a person: listed for operators until they need nobody.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PaymentStatus } from '../../shared/gen/twicesafe/payment/v1/payment_pb.ts';
import type { RunningService } from '../../shared/runtime/index.ts';
import { ask, done } from '../support/ask.ts';
import { freshDatabase } from '../support/database.ts';
import { eur } from '../support/payment-books.ts';
import { auditOf, type PaymentClient, paymentClient, startPaymentOn } from '../support/payment-service.ts';
import { type ProviderProcess, patientProvider, startProvider } from '../support/provider-process.ts';

let provider: ProviderProcess;
let service: RunningService;
let shop: PaymentClient;
let operator: PaymentClient;

beforeAll(async () => {
  provider = await startProvider(patientProvider.environment);
  const config = { ...provider.config, ...patientProvider.times };
  service = await startPaymentOn(await freshDatabase(), { provider: config });
  shop = paymentClient(service);
  operator = paymentClient(service, 'books');
});

afterAll(async () => {
  await service.stop();
  await provider.stop();
});

const soon = { timeout: 15_000, interval: 20 };

function payByCard(paymentId: string, paymentMethod: string, timeoutMs = 15_000) {
  const source = { case: 'card', value: { paymentMethod } } as const;
  const request = { paymentId, source, amount: eur(1_000n), reference: 'order-1' };
  return ask((o) => shop.createPayment(request, { ...o, timeoutMs }), `pay-${paymentId}`);
}

const refund = (paymentId: string, requestId: string) =>
  ask((o) => shop.refundPayment({ paymentId, amount: eur(300n), reason: 'broken' }, o), requestId);

/** Of one payment: how it is listed, or nothing. */
async function listed(paymentId: string, needsAttentionOnly = false) {
  const { payments } = await operator.listOpenPayments({ needsAttentionOnly });
  return payments.find(({ payment }) => payment?.paymentId === paymentId);
}

describe('the list of open payments', () => {
  test('has none that is at rest', async () => {
    await done(payByCard('card.rest', 'pm_card_visa'));
    await payByCard('card.declined', 'pm_card_chargeDeclined');
    expect(await listed('card.rest')).toBeUndefined();
    expect(await listed('card.declined')).toBeUndefined();
  });

  test('has one whose outcome nobody knows, with its caller, until it is known', async () => {
    await provider.order('misbehave', { kind: 'down', times: 1_000 });
    expect(await payByCard('card.silent', 'pm_card_visa', 300)).toMatchObject({
      reason: 'REQUEST_IN_FLIGHT',
    });
    await expect
      .poll(() => listed('card.silent'), soon)
      .toMatchObject({ payment: { status: PaymentStatus.UNKNOWN, attention: '' }, caller: 'shop' });
    expect(await listed('card.silent', true)).toBeUndefined();
    const { payments, totalCount } = await operator.listOpenPayments({ ageSecondsMin: 3_600n });
    expect([payments, totalCount]).toEqual([[], 0n]);
    await provider.killAndRestart();
    await expect.poll(() => listed('card.silent'), soon).toBeUndefined();
  });

  test('has one whose refund the provider refused, with its word, until money of it goes back', async () => {
    await done(payByCard('card.first', 'pm_sim_refundFailsFirst'));
    expect(await refund('card.first', 'refund-first-1')).toMatchObject({
      reason: 'REFUND_REFUSED',
      metadata: { provider_code: 'expired_or_canceled_card' },
    });
    expect(await listed('card.first', true)).toMatchObject({
      payment: {
        status: PaymentStatus.CAPTURED,
        attention: 'the provider refuses to refund 300 minor units of EUR: expired_or_canceled_card',
        refunded: eur(0n),
      },
      caller: 'shop',
      pendingRefundCount: 0,
    });
    // The refusal stays under its id; another one is another refund.
    expect(await refund('card.first', 'refund-first-1')).toMatchObject({ replayed: true });
    await done(refund('card.first', 'refund-first-2'));
    expect(await listed('card.first')).toBeUndefined();
  });

  test('has one whose cancel the provider refuses, which goes on by itself', async () => {
    await done(payByCard('card.kept', 'pm_sim_refundRefused'));
    expect(await ask((o) => shop.cancelPayment({ paymentId: 'card.kept' }, o), 'cancel-kept')).toMatchObject({
      reason: 'REFUND_REFUSED',
    });
    expect(await listed('card.kept', true)).toMatchObject({
      payment: { cancelRequested: true, attention: 'the provider refuses to refund it: charge_disputed' },
    });
  });

  test('counts what it does not show', async () => {
    const { payments, totalCount } = await operator.listOpenPayments({ limit: 1 });
    expect(payments).toHaveLength(1);
    expect(totalCount).toBeGreaterThanOrEqual(1n);
  });

  test('is for operators', async () => {
    expect(await ask((o) => shop.listOpenPayments({}, o))).toMatchObject({ reason: 'PERMISSION_REQUIRED' });
  });
});

test('what the provider owes the house by the ledger is what the provider’s own books say, and the audit finds it right', async () => {
  const { findings, ledger } = await auditOf(operator);
  expect(findings).toEqual([]);
  const { payments } = await provider.books();
  const refunds = payments
    .flatMap((payment) => payment.refunds)
    .filter(({ status }) => status === 'succeeded');
  const sum = (amounts: readonly number[]) => amounts.reduce((total, amount) => total + amount, 0);
  const taken = sum(payments.map((payment) => payment.taken));
  expect(sum(refunds.map(({ amount }) => amount))).toBe(300);
  expect(ledger.map((line) => [line.ledgerAccount, line.debits, line.credits])).toEqual([
    ['provider/EUR', `${taken}`, '300'],
    ['sales/EUR', '300', `${taken}`],
  ]);
});
