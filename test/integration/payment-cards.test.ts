// Card payments through the official SDK at the simulated provider, which is a process of its own and misbehaves.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { misbehaviours } from '../../provider-simulator/misbehaviour.ts';
import { PaymentStatus } from '../../shared/gen/twicesafe/payment/v1/payment_pb.ts';
import type { RunningService } from '../../shared/runtime/index.ts';
import { ask, type Told } from '../support/ask.ts';
import { type FreshDatabase, freshDatabase } from '../support/database.ts';
import { eur } from '../support/payment-books.ts';
import { auditOf, type PaymentClient, paymentClient, startPaymentOn } from '../support/payment-service.ts';
import { heldBy, type ProviderProcess, startProvider } from '../support/provider-process.ts';

/** Longer than anything takes on a busy machine: most of these tests are not about keys that are too old. */
const rememberedMs = 120_000;

let provider: ProviderProcess;
/** What of it the payment service is told. */
let config: ProviderProcess['config'];
let database: FreshDatabase;
let service: RunningService;
let client: PaymentClient;

interface Pair {
  readonly provider: ProviderProcess;
  readonly config: ProviderProcess['config'];
  readonly database: FreshDatabase;
  readonly service: RunningService;
}

/** Of a memory that ends soon: time enough for a busy machine to cancel before the key is too old. */
const soon = { keyLifetimeMs: 3_000, keyForgetMs: 4_000 };

/** A provider that remembers, and one whose memory ends soon. */
let remembering: Pair;
let forgetful: Pair;

async function startPair(keyLifetimeMs: number, keyForgetMs: number): Promise<Pair> {
  const started = await startProvider({ PROVIDER_KEY_FORGET_MS: String(keyForgetMs) });
  const told = { ...started.config, keyLifetimeMs };
  const fresh = await freshDatabase();
  const running = await startPaymentOn(fresh, { provider: told });
  return { provider: started, config: told, database: fresh, service: running };
}

/** The tests that follow are about this one. */
function turnTo(pair: Pair): void {
  ({ provider, config, database, service } = pair);
  client = paymentClient(service);
}

beforeAll(async () => {
  remembering = await startPair(rememberedMs, 2 * rememberedMs);
  forgetful = await startPair(soon.keyLifetimeMs, soon.keyForgetMs);
});

beforeEach(() => turnTo(remembering));

afterAll(async () => {
  for (const pair of [remembering, forgetful]) {
    await pair.service.stop();
    await pair.provider.stop();
  }
});

function payByCard(paymentId: string, paymentMethod: string, timeoutMs = 15_000) {
  const source = { case: 'card', value: { paymentMethod } } as const;
  const request = { paymentId, source, amount: eur(1_000n), reference: 'order-1' };
  return ask((o) => client.createPayment(request, { ...o, timeoutMs }), `pay-${paymentId}`);
}

const cancel = (paymentId: string, timeoutMs = 15_000) =>
  ask((o) => client.cancelPayment({ paymentId }, { ...o, timeoutMs }), `cancel-${paymentId}`);

const refund = (paymentId: string, amount: bigint, id: string) =>
  ask((o) => client.refundPayment({ paymentId, amount: eur(amount), reason: 'broken' }, o), id);

/** What says: ask again. A busy machine has more of them than one. */
const passing = ['REQUEST_IN_FLIGHT', 'DEPENDENCY_UNAVAILABLE', 'DEADLINE_EXCEEDED', 'OVERLOADED'];

/** As a caller does: the same request, until the answer is definite. */
async function untilDefinite<T>(call: () => Promise<Told<T>>): Promise<Told<T>> {
  for (;;) {
    const told = await call();
    if ('response' in told || !passing.includes(told.reason)) return told;
  }
}

const captured = { response: { payment: { status: PaymentStatus.CAPTURED } } };

describe('a card that is charged', () => {
  test('is charged once, and a repeat is told the same', async () => {
    expect(await payByCard('card.plain', 'pm_card_visa')).toMatchObject({ ...captured, replayed: false });
    expect(await payByCard('card.plain', 'pm_card_visa')).toMatchObject({ ...captured, replayed: true });
    expect(await heldBy(provider, 'card.plain')).toEqual({ chargeCount: 1, held: 1_000 });
  });

  test('by a hundred of the same request at once is charged once', async () => {
    const told = await Promise.all(
      Array.from({ length: 100 }, () => payByCard('card.hundred', 'pm_card_visa')),
    );
    for (const answer of told) expect(answer).toMatchObject(captured);
    expect(await heldBy(provider, 'card.hundred')).toEqual({ chargeCount: 1, held: 1_000 });
  });

  test('gives back in parts, never more than was taken, and a cancel the rest', async () => {
    await payByCard('card.parts', 'pm_card_visa');
    expect(await refund('card.parts', 300n, 'refund-parts-1')).toMatchObject({
      response: { payment: { status: PaymentStatus.CAPTURED, refunded: eur(300n) } },
    });
    expect(await refund('card.parts', 300n, 'refund-parts-1')).toMatchObject({ replayed: true });
    expect(await refund('card.parts', 701n, 'refund-parts-2')).toMatchObject({
      reason: 'REFUND_EXCEEDS_CAPTURED',
    });
    expect(await cancel('card.parts')).toMatchObject({
      response: { payment: { status: PaymentStatus.CANCELLED, refunded: eur(1_000n) } },
    });
    expect(await heldBy(provider, 'card.parts')).toEqual({ chargeCount: 1, held: 0 });
  });
});

describe('a card that is not charged', () => {
  test.each([
    ['pm_card_chargeDeclined', 'generic_decline'],
    ['pm_card_visa_chargeDeclinedInsufficientFunds', 'insufficient_funds'],
    ['pm_card_chargeDeclinedExpiredCard', 'expired_card'],
    ['pm_card_authenticationRequired', 'authentication_required'],
    ['pm_no_such_card', 'resource_missing'],
  ])('%s is declined for good, with the provider’s word %s', async (paymentMethod, code) => {
    const paymentId = `card.${paymentMethod}`;
    const refusal = { reason: 'PAYMENT_DECLINED', metadata: { decline_code: code } };
    expect(await payByCard(paymentId, paymentMethod)).toMatchObject({ ...refusal, replayed: false });
    expect(await payByCard(paymentId, paymentMethod)).toMatchObject({ ...refusal, replayed: true });
    expect(await cancel(paymentId)).toMatchObject({
      response: { payment: { status: PaymentStatus.DECLINED } },
    });
    expect(await heldBy(provider, paymentId)).toEqual({ chargeCount: 0, held: 0 });
  });

  test('is not even asked when its cancel came first', async () => {
    await cancel('card.early');
    expect(await payByCard('card.early', 'pm_card_visa')).toMatchObject({ reason: 'REQUEST_CANCELLED' });
    expect((await provider.books('card.early')).payments).toEqual([]);
  });
});

describe.each(misbehaviours)('a provider that answers a charge with %s', (kind) => {
  // It did nothing, and remembers that it failed: nobody can know that before it has forgotten the key.
  const neverTaken = kind === 'error_before';
  beforeEach(() => turnTo(neverTaken ? forgetful : remembering));

  test('charges at most once, and the same request finds out', async () => {
    const paymentId = `card.${kind}`;
    const told = await untilDefinite(() => payByCard(paymentId, `pm_sim_${kind}`));
    if (neverTaken) {
      expect(told).toMatchObject({ reason: 'PAYMENT_DECLINED', metadata: { decline_code: 'never_taken' } });
      expect(await heldBy(provider, paymentId)).toEqual({ chargeCount: 0, held: 0 });
    } else {
      expect(told).toMatchObject(captured);
      expect(await heldBy(provider, paymentId)).toEqual({ chargeCount: 1, held: 1_000 });
    }
  });

  test('holds nothing after a cancel that came while nobody knew', async () => {
    const paymentId = `card.cancelled-${kind}`;
    await payByCard(paymentId, `pm_sim_${kind}`, 150);
    const told = await untilDefinite(() => cancel(paymentId));
    expect(told).toMatchObject({ response: { payment: { status: PaymentStatus.CANCELLED } } });
    expect(await heldBy(provider, paymentId)).toMatchObject({ held: 0 });
    expect(await untilDefinite(() => cancel(paymentId))).toMatchObject({ replayed: true });
  });

  test('gives a refund back once', async () => {
    const paymentId = `card.refund-${kind}`;
    await payByCard(paymentId, 'pm_card_visa');
    await provider.order('misbehave', { kind, path: 'refunds' });
    const told = await untilDefinite(() => refund(paymentId, 400n, `refund-${kind}`));
    if (neverTaken) {
      expect(told).toMatchObject({ reason: 'REFUND_REFUSED', metadata: { provider_code: 'never_made' } });
      expect(await heldBy(provider, paymentId)).toEqual({ chargeCount: 1, held: 1_000 });
    } else {
      expect(told).toMatchObject({ response: { payment: { refunded: eur(400n) } } });
      expect(await heldBy(provider, paymentId)).toEqual({ chargeCount: 1, held: 600 });
    }
  });
});

describe('a refund that the provider refuses', () => {
  test('is told with its reason, and for ever the same', async () => {
    await payByCard('card.disputed', 'pm_sim_refundRefused');
    const refusal = { reason: 'REFUND_REFUSED', metadata: { provider_code: 'charge_disputed' } };
    expect(await refund('card.disputed', 100n, 'refund-disputed')).toMatchObject({
      ...refusal,
      replayed: false,
    });
    expect(await refund('card.disputed', 100n, 'refund-disputed')).toMatchObject({
      ...refusal,
      replayed: true,
    });
  });

  test('leaves a cancel open, which says why it needs a person', async () => {
    await payByCard('card.stuck', 'pm_sim_refundRefused');
    expect(await cancel('card.stuck')).toMatchObject({
      reason: 'REFUND_REFUSED',
      metadata: { provider_code: 'charge_disputed' },
      replayed: false,
    });
    const { payment } = await client.getPayment({ paymentId: 'card.stuck' });
    expect(payment).toMatchObject({
      status: PaymentStatus.CAPTURED,
      cancelRequested: true,
      attention: 'the provider refuses to refund it: charge_disputed',
    });
  });
});

test('a provider that is killed while it charges has done all of it or nothing, and the same request finds out', async () => {
  const paying = payByCard('card.killed', 'pm_sim_late');
  await expect
    .poll(async () => (await client.getPayment({ paymentId: 'card.killed' })).payment?.status, {
      timeout: 30_000,
    })
    .toBe(PaymentStatus.UNKNOWN);
  await provider.killAndRestart();
  await paying;
  expect(await untilDefinite(() => payByCard('card.killed', 'pm_sim_late'))).toMatchObject(captured);
  expect(await heldBy(provider, 'card.killed')).toEqual({ chargeCount: 1, held: 1_000 });
});

test('a payment that was left open is settled by another process that nobody calls', async () => {
  await provider.order('misbehave', { kind: 'down', times: 3, path: 'payment_intents' });
  await payByCard('card.left', 'pm_card_visa', 100);
  await service.stop();
  remembering = { ...remembering, service: await startPaymentOn(database, { provider: config }) };
  turnTo(remembering);
  await expect
    .poll(async () => (await client.getPayment({ paymentId: 'card.left' })).payment?.status, {
      timeout: 30_000,
    })
    .toBe(PaymentStatus.CAPTURED);
  expect(await heldBy(provider, 'card.left')).toEqual({ chargeCount: 1, held: 1_000 });
});

test('a provider that refuses our key declines nobody: the payment waits for a person', async () => {
  const wrong = await startPaymentOn(await freshDatabase(), {
    provider: { ...config, apiKey: 'sk_test_wrong' },
  });
  const source = { case: 'card', value: { paymentMethod: 'pm_card_visa' } } as const;
  const request = { paymentId: 'card.wrong', source, amount: eur(1_000n), reference: '' };
  const told = await ask(
    (o) => paymentClient(wrong).createPayment(request, { ...o, timeoutMs: 15_000 }),
    'pay-wrong',
  );
  expect(told).toMatchObject({ reason: 'REQUEST_IN_FLIGHT' });
  const { payment } = await paymentClient(wrong).getPayment({ paymentId: 'card.wrong' });
  expect(payment).toMatchObject({ attention: 'http 401: the provider refuses our key' });
  await wrong.stop();
});

test('in the providers’ books no payment was charged twice, and the audits find nothing wrong', async () => {
  for (const pair of [remembering, forgetful]) {
    expect((await pair.provider.books()).chargedTwice).toEqual([]);
    const { findings } = await auditOf(paymentClient(pair.service, 'books'));
    expect(findings).toEqual([]);
  }
});
