// What a card's provider will not give back: the order needs a person and says why, is listed, and goes on once an operator
// asks for it anew; and however often that is, the money goes back once.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OrderStatus, SagaPhase } from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import { deriveId } from '../../shared/idempotency/index.ts';
import { askOnce, done, insist } from '../support/answers.ts';
import { eur, type OrderClient, type OrderSuite, soon, startOrderSuite } from '../support/order-suite.ts';
import { type ProviderProcess, patientProvider, startProvider } from '../support/provider-process.ts';

let provider: ProviderProcess;
let suite: OrderSuite;
let alice: OrderClient;
let books: OrderClient;

beforeAll(async () => {
  provider = await startProvider(patientProvider.environment);
  suite = await startOrderSuite({ provider: { ...provider.config, ...patientProvider.times } });
  alice = suite.order.client();
  books = suite.order.client('books');
});

afterAll(async () => {
  await suite.stop();
  await provider.stop();
});

/** Two units of an item at 450, paid by this card. */
async function ordered(name: string, paymentMethod: string) {
  await suite.stock(name, 10n, eur(450n));
  const request = {
    paymentSource: { case: 'card' as const, value: { paymentMethod } },
    lines: [{ sku: name, quantity: 2 }],
  };
  const orderId = deriveId('order', 'alice', 'PlaceOrder', `place-${name}`);
  await done((o) => alice.placeOrder(request, o), `place-${name}`);
  await expect
    .poll(async () => (await books.getSaga({ orderId })).saga?.phase, soon)
    .toBe(SagaPhase.COMPLETED);
  const lines = [{ sku: name, quantity: 1 }];
  return {
    orderId,
    refund: (requestId: string, timeoutMs = 15_000) =>
      askOnce((o) => alice.refundOrderLines({ orderId, lines, backOnSale: true }, o), requestId, {
        timeoutMs,
      }),
    cancel: () => askOnce((o) => alice.cancelOrder({ orderId }, o), `cancel-${name}`, { timeoutMs: 15_000 }),
    retry: (requestId: string) => done((o) => books.retrySaga({ orderId }, o), requestId),
    listed: async () => {
      const { sagas } = await books.listSagas({ needsAttentionOnly: true });
      return sagas.find((saga) => saga.orderId === orderId);
    },
    paymentListed: async () => {
      const { payments } = await suite.paymentOf('books').listOpenPayments({ needsAttentionOnly: true });
      return payments.find(({ payment }) => payment?.paymentId === `card.${orderId}`);
    },
    steps: async (name: string) => {
      const { steps } = await books.getSaga({ orderId });
      return steps.find((step) => step.name === name);
    },
    /** What the provider gave back of it, each refund that it made. */
    async givenBack() {
      const { payments } = await provider.books();
      return payments
        .filter(({ metadata }) => metadata['payment'] === `payment/order/card.${orderId}`)
        .flatMap(({ refunds }) => refunds)
        .filter(({ status }) => status === 'succeeded')
        .map(({ amount }) => amount);
    },
  };
}

describe('a refund by line that the card’s provider refuses', () => {
  test('needs a person, with the provider’s word, at the order and at the payment, and waits for one', async () => {
    const { orderId, refund, listed, paymentListed } = await ordered('refused', 'pm_sim_refundRefused');
    expect(await refund('refund-refused')).toMatchObject({
      kind: 'unknown',
      why: expect.stringContaining('REQUEST_IN_FLIGHT: it waits for a person of the shop (REFUND_REFUSED)'),
    });
    expect(await listed()).toMatchObject({
      needsAttention: 'REFUND_REFUSED',
      attentionMessage: expect.stringContaining('charge_disputed'),
      openRefundCount: 1,
    });
    expect(await paymentListed()).toMatchObject({
      payment: { attention: expect.stringContaining('charge_disputed') },
      caller: 'order',
    });
    const { order } = await alice.getOrder({ orderId });
    expect(order).toMatchObject({ status: OrderStatus.CONFIRMED, needsAttention: 'REFUND_REFUSED' });
    // The units are back all the same: the goods are.
    expect(await suite.shelf('refused')).toEqual([9n, 0n, 1n]);
  });

  test('goes on in a new round once an operator asks for it, and gives the money back once', async () => {
    const { refund, retry, listed, paymentListed, givenBack, steps, orderId } = await ordered(
      'mended',
      'pm_sim_refundFailsFirst',
    );
    expect((await refund('refund-mended')).kind).toBe('unknown');
    const refundId = deriveId('refund', 'alice', 'RefundOrderLines', 'refund-mended');
    expect(await listed()).toMatchObject({ needsAttention: 'REFUND_REFUSED' });
    expect(await steps(`refund_payment:${refundId}`)).toMatchObject({
      requestId: `${orderId}:refund_payment:${refundId}`,
      lastAnswer: 'refused',
      lastReason: 'REFUND_REFUSED',
    });
    // Asking again, and the sweeper, get the recorded refusal: nobody but an operator opens a round.
    expect((await refund('refund-mended')).kind).toBe('unknown');
    expect(await givenBack()).toEqual([]);

    await Promise.all([retry('retry-mended-1'), retry('retry-mended-2'), retry('retry-mended-3')]);
    expect(
      await insist(
        (o) =>
          alice.refundOrderLines({ orderId, lines: [{ sku: 'mended', quantity: 1 }], backOnSale: true }, o),
        'refund-mended',
      ),
    ).toMatchObject({
      kind: 'done',
      response: { refund: { amount: eur(450n) } },
    });
    expect(await givenBack()).toEqual([450]);
    expect(await listed()).toBeUndefined();
    expect(await paymentListed()).toBeUndefined();
    const { decisions } = await books.getSaga({ orderId });
    expect(decisions.map(({ event }) => event).filter((event) => event !== 'noted')).toEqual([
      'placed',
      'confirmed',
      'completed',
      'refund_asked',
      'needs_attention',
      'retried',
      'refunded',
    ]);
  });

  test('is asked for under the same new id by whoever comes after a crash in that round', async () => {
    const { orderId, retry, givenBack, refund, listed } = await ordered('crashed', 'pm_sim_refundFailsFirst');
    expect((await refund('refund-crashed')).kind).toBe('unknown');
    expect(await listed()).toBeDefined();
    const mortal = await suite.startOrder();
    const dead = mortal.dieAt('saga.after_step', 'refund_payment');
    const dying = mortal.client('books');
    await askOnce((o) => dying.retrySaga({ orderId }, o), 'retry-crashed', { timeoutMs: 2_000 });
    await dead;
    await mortal.kill();
    await retry('retry-crashed-2');
    await expect.poll(async () => (await books.getSaga({ orderId })).saga?.openRefundCount, soon).toBe(0);
    expect(await givenBack()).toEqual([450]);
  });
});

describe('a cancel after the charge that the card’s provider refuses', () => {
  test('needs a person, with the provider’s word, and never says that it is cancelled', async () => {
    const { cancel, listed, paymentListed, orderId } = await ordered('stuck', 'pm_sim_refundRefused');
    expect(await cancel()).toMatchObject({ kind: 'unknown' });
    expect(await listed()).toMatchObject({
      needsAttention: 'REFUND_REFUSED',
      attentionMessage: expect.stringContaining('charge_disputed'),
    });
    expect(await paymentListed()).toMatchObject({ payment: { cancelRequested: true } });
    expect((await alice.getOrder({ orderId })).order?.status).toBe(OrderStatus.COMPENSATING);
  });

  test('goes on when an operator asks for it, and gives everything back once', async () => {
    const { cancel, retry, givenBack, orderId } = await ordered('freed', 'pm_sim_refundFailsFirst');
    expect(await cancel()).toMatchObject({ kind: 'unknown' });
    await retry('retry-freed');
    await expect
      .poll(async () => (await alice.getOrder({ orderId })).order?.status, soon)
      .toBe(OrderStatus.CANCELLED);
    expect(await givenBack()).toEqual([900]);
    expect(await suite.shelf('freed')).toEqual([10n, 0n, 0n]);
  });

  test('gives back all that is left after a refund that was refused', async () => {
    const { refund, cancel, givenBack, orderId } = await ordered('both', 'pm_sim_refundFailsFirst');
    expect((await refund('refund-both')).kind).toBe('unknown');
    expect(await cancel()).toMatchObject({ kind: 'done' });
    expect(await givenBack()).toEqual([900]);
    expect(await suite.shelf('both')).toEqual([10n, 0n, 0n]);
    expect(await refund('refund-both')).toMatchObject({ kind: 'done' });
    expect((await books.getSaga({ orderId })).saga?.needsAttention).toBe('');
  });
});

test('the audits of all three find nothing wrong, and in doubt only what the provider still holds', async () => {
  await suite.settle();
  const { asked, findings, doubts } = await suite.audit();
  expect(findings).toEqual([]);
  // The cancel that it refuses: nobody can say yet how that ends.
  expect(doubts).toMatchObject([{ invariant: 'I1', reason: '1 card payments are under way' }]);
  const needy = [...asked.facts.ordersAfter.values()].filter(({ needsAttention }) => needsAttention);
  expect(needy).toHaveLength(2);
});
