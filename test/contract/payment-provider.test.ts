// The adapter's contract: on the simulator what it says of money, on stripe-mock that Stripe's own schema takes every request.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Charge, PaymentProvider } from '../../services/payment/provider/provider.ts';
import { createStripeClient } from '../../services/payment/provider/stripe-client.ts';
import { createStripeProvider } from '../../services/payment/provider/stripe-provider.ts';
import { type ProviderProcess, startProvider } from '../support/provider-process.ts';
import { startStripeMock } from '../support/stripe-mock.ts';

const charge = (name: string, paymentMethod = 'pm_card_visa'): Charge => ({
  payment: `payment/shop/card.${name}`,
  key: `twicesafe-${name}`,
  paymentMethod,
  amountMinorUnits: 1_000n,
  currency: 'EUR',
});

const refundOf = (name: string, providerId: string) => ({
  payment: `payment/shop/card.${name}`,
  refund: `refund-${name}`,
  key: `twicesafe-refund-${name}`,
  providerId,
  amountMinorUnits: 400n,
});

const since = new Date('2020-01-01T00:00:00Z');

function adapterAt(apiAddress: string, apiKey: string, timeoutMs = 5_000): PaymentProvider {
  const stripe = createStripeClient({ apiKey, apiAddress, timeoutMs });
  return createStripeProvider({ stripe, webhookSecret: 'whsec_test' });
}

describe('the adapter at the simulator', () => {
  let process: ProviderProcess;
  let adapter: PaymentProvider;

  beforeAll(async () => {
    process = await startProvider();
    adapter = adapterAt(process.config.apiAddress, process.config.apiKey);
  });

  afterAll(() => process.stop());

  test('captures once for a key, and gives back once for a refund’s key', async () => {
    const taken = await adapter.capture(charge('once'), undefined);
    expect(taken).toMatchObject({ outcome: 'captured' });
    expect(await adapter.capture(charge('once'), undefined)).toEqual(taken);
    const providerId = 'providerId' in taken ? taken.providerId : '';
    expect(await adapter.findRefund(refundOf('once', providerId))).toEqual({ outcome: 'absent' });
    expect(await adapter.refund(refundOf('once', providerId))).toEqual({ outcome: 'refunded' });
    expect(await adapter.refund(refundOf('once', providerId))).toEqual({ outcome: 'refunded' });
    expect(await adapter.findRefund(refundOf('once', providerId))).toEqual({ outcome: 'refunded' });
    expect(await adapter.readPayment(providerId)).toEqual({
      capturedMinorUnits: 1_000n,
      refundedMinorUnits: 400n,
      currency: 'EUR',
    });
  });

  test('says declined with the bank’s word', async () => {
    expect(await adapter.capture(charge('lost', 'pm_card_visa_chargeDeclinedLostCard'), undefined)).toEqual({
      outcome: 'declined',
      code: 'lost_card',
    });
  });

  test('abandons what was never taken, and a capture that comes later takes nothing', async () => {
    expect(await adapter.abandon(charge('late'), undefined)).toEqual({ outcome: 'not_taken' });
    const late = await adapter.capture(charge('late'), undefined);
    expect(['unknown', 'not_taken']).toContain(late.outcome);
    const { payments } = await process.books('card.late');
    expect(payments.map(({ status, taken }) => [status, taken])).toEqual([['requires_payment_method', 0]]);
  });

  test('abandons nothing that was taken: it says so', async () => {
    const taken = await adapter.capture(charge('taken'), undefined);
    await expect.poll(() => adapter.abandon(charge('taken'), undefined)).toEqual(taken);
  });

  test('does not say declined when the provider refuses our key', async () => {
    const wrong = adapterAt(process.config.apiAddress, 'sk_test_wrong');
    expect(await wrong.capture(charge('wrong'), undefined)).toMatchObject({ outcome: 'misconfigured' });
    expect(await wrong.abandon(charge('wrong'), undefined)).toMatchObject({ outcome: 'misconfigured' });
    expect(await wrong.refund(refundOf('wrong', 'pi_1'))).toMatchObject({ outcome: 'misconfigured' });
  });

  test('says unknown, and no more, when nobody answers', async () => {
    const nobody = adapterAt('http://127.0.0.1:9', 'sk_test_nobody', 500);
    expect(await nobody.capture(charge('nobody'), undefined)).toMatchObject({ outcome: 'unknown' });
    expect(await nobody.abandon(charge('nobody'), undefined)).toMatchObject({ outcome: 'unknown' });
    expect(await nobody.refund(refundOf('nobody', 'pi_1'))).toMatchObject({ outcome: 'unknown' });
    expect(await nobody.findRefund(refundOf('nobody', 'pi_1'))).toMatchObject({ outcome: 'unknown' });
  });

  test('sends a request once, also when the connection is closed on it', async () => {
    await process.order('misbehave', { kind: 'drop_before', times: 1, path: '/v1/payment_intents' });
    // Sent again by the SDK behind our back, it would have been captured.
    expect(await adapter.capture(charge('closed'), undefined)).toMatchObject({ outcome: 'unknown' });
  });
});

describe('the adapter on a connection that delivers somebody else’s answers', () => {
  const others = {
    id: 'pi_other',
    object: 'payment_intent',
    status: 'succeeded',
    metadata: { payment: 'payment/shop/card.other', charge: 'twicesafe-other' },
  };
  const confused: typeof fetch = async (input) =>
    Response.json(String(input).includes('/search') ? { object: 'search_result', data: [others] } : others);
  const stripe = createStripeClient(
    { apiKey: 'sk_test_confused', apiAddress: 'http://provider.test', timeoutMs: 1_000 },
    confused,
  );
  const adapter = createStripeProvider({ stripe, webhookSecret: '' });

  test('believes none of them', async () => {
    expect(await adapter.capture(charge('mine'), undefined)).toMatchObject({ outcome: 'unknown' });
    expect(await adapter.capture(charge('mine'), 'pi_other')).toMatchObject({ outcome: 'unknown' });
    expect(await adapter.abandon(charge('mine'), 'pi_other')).toMatchObject({ outcome: 'unknown' });
    expect(await adapter.refund(refundOf('mine', 'pi_mine'))).toMatchObject({ outcome: 'unknown' });
  });

  test('believes no event that was signed with another secret, or with none', () => {
    const body = Buffer.from(JSON.stringify({ id: 'evt_1', object: 'event', data: { object: others } }));
    const signedWith = (secret: string) =>
      stripe.webhooks.generateTestHeaderString({ payload: body.toString(), secret });
    const withSecret = createStripeProvider({ stripe, webhookSecret: 'whsec_test' });
    expect(withSecret.readEvent(body, signedWith('whsec_test'))).toMatchObject({ eventId: 'evt_1' });
    expect(withSecret.readEvent(body, signedWith('whsec_wrong'))).toBe('forged');
    expect(adapter.readEvent(body, signedWith(''))).toBe('forged');
  });
});

describe('the adapter at stripe-mock', () => {
  let mock: Awaited<ReturnType<typeof startStripeMock>>;

  beforeAll(async () => {
    mock = await startStripeMock();
    if ('reason' in mock) globalThis.process.stderr.write(`skipped: ${mock.reason}\n`);
  }, 180_000);

  afterAll(async () => {
    if ('stop' in mock) await mock.stop();
  });

  // It answers a request that Stripe's published schema does not know with an error, which the adapter calls misconfigured.
  test('sends nothing that Stripe does not know, and believes no answer about another payment', async ({
    skip,
  }) => {
    if ('reason' in mock) return skip(mock.reason);
    const adapter = adapterAt(mock.address, 'sk_test_123');
    const told = [
      await adapter.capture(charge('mock'), undefined),
      await adapter.abandon(charge('mock'), undefined),
      await adapter.abandon(charge('mock'), 'pi_123'),
      await adapter.refund(refundOf('mock', 'pi_123')),
      await adapter.findRefund(refundOf('mock', 'pi_123')),
    ];
    expect(told.map(({ outcome }) => outcome)).not.toContain('misconfigured');
    expect(told.map(({ outcome }) => outcome)).not.toContain('captured');
    expect((await adapter.listPayments(since, undefined)).items.length).toBeGreaterThan(0);
    expect((await adapter.listRefunds(since, undefined)).items.length).toBeGreaterThan(0);
    expect(await adapter.readPayment('pi_123')).toMatchObject({ capturedMinorUnits: 0n });
    return undefined;
  });
});
