// The payment process is killed with -9 at every place of a card payment's life, and started again: the same requests
// find out, the provider's books show one charge, and what was to be given back is given back once.

import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PaymentStatus } from '../../shared/gen/twicesafe/payment/v1/payment_pb.ts';
import { type Child, startChild } from '../../shared/processes/index.ts';
import { ask, type Told } from '../support/ask.ts';
import { type FreshDatabase, freshDatabase } from '../support/database.ts';
import { eur } from '../support/payment-books.ts';
import { type PaymentClient, paymentClient } from '../support/payment-service.ts';
import { heldBy, type ProviderProcess, shortTimes, startProvider } from '../support/provider-process.ts';

const readyDurationMsMax = 30_000;
const attemptMs = 5_000;
const graceMs = 5_000;
/** Longer than a restart takes on a busy machine: these tests are not about keys that are too old. */
const keyLifetimeMs = 120_000;

let provider: ProviderProcess;
let database: FreshDatabase;
let folder: string;

beforeAll(async () => {
  provider = await startProvider({ PROVIDER_KEY_FORGET_MS: String(2 * keyLifetimeMs) });
  database = await freshDatabase();
  folder = await mkdtemp(join(tmpdir(), 'payment-crash-'));
});

afterAll(() => provider.stop());

interface Life {
  readonly client: PaymentClient;
  readonly child: Child;
}

async function live(failpoints: string): Promise<Life> {
  const child = await startChild({
    name: 'payment',
    command: process.execPath,
    args: [fileURLToPath(new URL('../../services/payment/main.ts', import.meta.url))],
    env: {
      ...process.env,
      PAYMENT_PORT: '0',
      MONGODB_URI: database.uri,
      MONGODB_DATABASE: database.databaseName,
      AUTH_TOKENS: 'shop-token=shop',
      STRIPE_API_KEY: provider.config.apiKey,
      STRIPE_API_ADDRESS: provider.config.apiAddress,
      PROVIDER_TIMEOUT_MS: String(shortTimes.timeoutMs),
      PROVIDER_KEY_LIFETIME_MS: String(keyLifetimeMs),
      FAILPOINTS: failpoints,
    },
    logFile: join(folder, 'payment.log'),
    readyLine: /listening on 127\.0\.0\.1:(\d+)/,
    readyDurationMsMax,
  });
  const service = { port: Number(child.ready[1]), stop: () => child.stop(graceMs) };
  return { client: paymentClient(service), child };
}

const pay = (client: PaymentClient, paymentId: string) => {
  const source = { case: 'card', value: { paymentMethod: 'pm_card_visa' } } as const;
  const request = { paymentId, source, amount: eur(1_000n), reference: '' };
  return ask((o) => client.createPayment(request, { ...o, timeoutMs: attemptMs }), `pay-${paymentId}`);
};
const refund = (client: PaymentClient, paymentId: string) =>
  ask(
    (o) => client.refundPayment({ paymentId, amount: eur(400n) }, { ...o, timeoutMs: attemptMs }),
    `refund-${paymentId}`,
  );
const cancel = (client: PaymentClient, paymentId: string) =>
  ask((o) => client.cancelPayment({ paymentId }, { ...o, timeoutMs: attemptMs }), `cancel-${paymentId}`);

async function untilDefinite<T>(call: () => Promise<Told<T>>): Promise<Told<T>> {
  for (;;) {
    const told = await call();
    if ('response' in told || told.reason !== 'REQUEST_IN_FLIGHT') return told;
  }
}

/** Lives until it reaches the place, where it dies; then lives again, and the same requests are sent again. */
async function dieAt<T>(place: string, call: (client: PaymentClient) => Promise<Told<T>>): Promise<Told<T>> {
  const first = await live(`${place}=exit`);
  // It dies before it can answer, or right after: the place may be behind the answer.
  void call(first.client).catch(() => undefined);
  expect(await first.child.exited).toMatchObject({ signal: 'SIGKILL' });
  const second = await live('');
  try {
    return await untilDefinite(() => call(second.client));
  } finally {
    await second.child.stop(graceMs);
  }
}

const chargePlaces = [
  'journal.before_insert/requested',
  'journal.after_insert/requested',
  'card.before_provider/capture',
  'card.after_provider/capture',
  'journal.before_insert/card_captured',
  'journal.after_insert/card_captured',
];

describe.each(chargePlaces)('killed at %s', (place) => {
  const name = place.replace(/[^a-z]/g, '-');

  test('a payment is charged once, and the same request is told so', async () => {
    const told = await dieAt(place, (client) => pay(client, `card.${name}`));
    expect(told).toMatchObject({ response: { payment: { status: PaymentStatus.CAPTURED } } });
    expect(await heldBy(provider, `card.${name}`)).toEqual({ chargeCount: 1, held: 1_000 });
  });

  test('a payment that is cancelled by the next life holds nothing', async () => {
    const paymentId = `card.cancelled-${name}`;
    const first = await live(`${place}=exit`);
    void pay(first.client, paymentId).catch(() => undefined);
    await first.child.exited;
    const second = await live('');
    const told = await untilDefinite(() => cancel(second.client, paymentId));
    expect(told).toMatchObject({ response: { payment: { status: PaymentStatus.CANCELLED } } });
    await second.child.stop(graceMs);
    expect(await heldBy(provider, paymentId)).toMatchObject({ held: 0 });
  });
});

describe.each([
  'journal.before_insert/refund_asked',
  'journal.after_insert/refund_asked',
  'card.before_provider/refund',
  'card.after_provider/refund',
  'journal.before_insert/card_refunded',
  'journal.after_insert/card_refunded',
])('killed at %s', (place) => {
  const name = place.replace(/[^a-z]/g, '-');

  test('a refund is given back once', async () => {
    const told = await dieAt(place, async (client) => {
      await untilDefinite(() => pay(client, `card.${name}`));
      return refund(client, `card.${name}`);
    });
    expect(told).toMatchObject({ response: { payment: { refunded: eur(400n) } } });
    expect(await heldBy(provider, `card.${name}`)).toEqual({ chargeCount: 1, held: 600 });
  });

  test('a cancel gives everything back once', async () => {
    const paymentId = `card.cancelled-${name}`;
    const told = await dieAt(place, async (client) => {
      await untilDefinite(() => pay(client, paymentId));
      return cancel(client, paymentId);
    });
    expect(told).toMatchObject({ response: { payment: { status: PaymentStatus.CANCELLED } } });
    expect(await heldBy(provider, paymentId)).toEqual({ chargeCount: 1, held: 0 });
  });
});
