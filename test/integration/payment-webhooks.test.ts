// The provider's webhooks: signed, each recorded once, in any order; and nothing depends on them.

import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PaymentStatus } from '../../shared/gen/twicesafe/payment/v1/payment_pb.ts';
import type { RunningService } from '../../shared/runtime/index.ts';
import { ask } from '../support/ask.ts';
import { freshDatabase } from '../support/database.ts';
import { eur } from '../support/payment-books.ts';
import { type PaymentClient, paymentClient, startPaymentOn } from '../support/payment-service.ts';
import { type ProviderProcess, startProvider } from '../support/provider-process.ts';

const secret = 'whsec_test';
let provider: ProviderProcess;
let service: RunningService;
let client: PaymentClient;

beforeAll(async () => {
  provider = await startProvider({ PROVIDER_SEARCH_LAG_MS: '600000' });
  service = await startPaymentOn(await freshDatabase(), {
    provider: { ...provider.config, keyLifetimeMs: 600_000 },
  });
  client = paymentClient(service);
});

afterAll(async () => {
  await service.stop();
  await provider.stop();
});

function payByCard(paymentId: string, paymentMethod: string, timeoutMs: number) {
  const source = { case: 'card', value: { paymentMethod } } as const;
  const request = { paymentId, source, amount: eur(1_000n), reference: '' };
  return ask((o) => client.createPayment(request, { ...o, timeoutMs }), `pay-${paymentId}`);
}

async function tell(event: object, key = secret): Promise<number> {
  const body = JSON.stringify(event);
  const atSeconds = Math.floor(Date.now() / 1_000);
  const signature = createHmac('sha256', key).update(`${atSeconds}.${body}`).digest('hex');
  const response = await fetch(`http://127.0.0.1:${service.port}/webhooks/provider`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'stripe-signature': `t=${atSeconds},v1=${signature}` },
    body,
  });
  return response.status;
}

const eventOf = (paymentId: string, providerId: string, id = `evt_${paymentId}`) => ({
  id,
  object: 'event',
  type: 'payment_intent.succeeded',
  data: {
    object: { object: 'payment_intent', id: providerId, metadata: { payment: `payment/shop/${paymentId}` } },
  },
});

async function statusOf(paymentId: string): Promise<PaymentStatus | undefined> {
  return (await client.getPayment({ paymentId })).payment?.status;
}

test('tells where to look when neither asking again nor searching says what became of a charge', async () => {
  // It took the money and answered 500; that answer is what asking again gets, and search lags behind.
  await payByCard('card.told', 'pm_sim_error_after', 500);
  expect(await statusOf('card.told')).toBe(PaymentStatus.UNKNOWN);
  const [booked] = (await provider.books('card.told')).payments;
  expect(await tell(eventOf('card.told', booked?.id ?? ''))).toBe(200);
  await expect.poll(() => statusOf('card.told'), { timeout: 5_000 }).toBe(PaymentStatus.CAPTURED);
});

test('is not believed: a signed event about another payment changes nothing', async () => {
  await payByCard('card.lied', 'pm_card_chargeDeclined', 5_000);
  const [booked] = (await provider.books('card.told')).payments;
  expect(await tell(eventOf('card.lied', booked?.id ?? ''))).toBe(200);
  expect(await statusOf('card.lied')).toBe(PaymentStatus.DECLINED);
});

test('told twice is taken once, and both times accepted', async () => {
  const event = eventOf('card.told', 'pi_again', 'evt_again');
  expect([await tell(event), await tell(event)]).toEqual([200, 200]);
});

test('without the provider’s signature is refused', async () => {
  expect(await tell(eventOf('card.told', 'pi_forged', 'evt_forged'), 'whsec_wrong')).toBe(400);
});

test('of somebody else’s payment at the same provider is taken note of by nobody', async () => {
  expect(await tell(eventOf('card.never-asked', 'pi_other'))).toBe(200);
  expect(
    await tell({ id: 'evt_x', object: 'event', type: 'payout.paid', data: { object: { id: 'po_1' } } }),
  ).toBe(200);
});
