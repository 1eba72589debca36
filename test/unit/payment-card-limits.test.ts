// Card payments at their limits: a key that the provider may have forgotten, and refunds that are too many at once.

import { describe, expect, test } from 'vitest';
import { decideRefundPayment } from '../../services/payment/domain/payment.ts';
import type { AskedPayment } from '../../services/payment/domain/payment-state.ts';
import { createCardWorld, told } from '../support/card-world.ts';
import { settled } from '../support/held-clock.ts';

const hourMs = 3_600_000;

describe('a charge whose answer was lost', () => {
  test('is not asked for again once its key may be forgotten: the books say that it was taken', async () => {
    const world = createCardWorld({ traps: { 'card.after_provider/capture': 'die' } });
    expect(await told(world.create(world.startProcess(), 'card.1'))).toBe('died');
    expect(world.taken('card.1')).toMatchObject({ chargeCount: 1, charged: 1_000n });

    await world.clock.sleep(25 * hourMs);
    const sent = world.requests.length;
    expect(await told(world.create(world.startProcess(), 'card.1'))).toBe('status 2');
    expect(world.taken('card.1')).toMatchObject({ chargeCount: 1, charged: 1_000n });
    expect(world.requests.slice(sent).map(({ method }) => method)).not.toContain('POST');
  });
});

describe('a charge whose cancel is wished before anybody knows what became of it', () => {
  test('is abandoned: it is not taken only to be given back', async () => {
    const world = createCardWorld({ traps: { 'card.before_provider/capture': 'die' } });
    expect(await told(world.create(world.startProcess(), 'card.1'))).toBe('died');
    expect(world.taken('card.1')).toMatchObject({ chargeCount: 0 });
    expect(await told(world.cancel(world.startProcess(), 'card.1'))).toBe('status 6');
    expect(world.taken('card.1')).toMatchObject({ chargeCount: 0, charged: 0n });
  });
});

describe('a refund that was asked for and that nobody finds', () => {
  const asleep = {
    'journal.after_insert/refund_asked': 'die',
    'card.before_provider/refund': 'sleep',
  } as const;

  test('is not refused while a process that slept may still ask for it', async () => {
    const world = createCardWorld({ traps: asleep });
    await told(world.create(world.startProcess(), 'card.1'));
    const refund = () => told(world.refund(world.startProcess(), 'card.1', 400n, 'refund-1'));
    expect(await refund()).toBe('died');
    await world.clock.sleep(19 * hourMs);
    // Its key is trusted, so it asks; it falls asleep right before.
    const sleeper = refund();
    while (world.sleeperCount() === 0) await settled();
    await world.clock.sleep(2 * hourMs);
    expect(await refund()).toContain('still under way');
    world.wake(0);

    expect(await sleeper).toBe('status 2');
    expect(world.taken('card.1')).toEqual({ chargeCount: 1, charged: 1_000n, refunded: 400n });
    expect(world.payment('card.1')).toMatchObject({ refunded: 400n });
    expect(await world.differences()).toEqual([]);
  });

  test('is refused as never made when no request for it can arrive any more', async () => {
    const world = createCardWorld({ traps: { 'card.before_provider/refund': 'die' } });
    await told(world.create(world.startProcess(), 'card.1'));
    const refund = () => told(world.refund(world.startProcess(), 'card.1', 400n, 'refund-1'));
    expect(await refund()).toBe('died');
    await world.clock.sleep(24 * hourMs);
    expect(await refund()).toBe('REFUND_REFUSED');
    expect(world.taken('card.1')).toMatchObject({ refunded: 0n });
  });

  test('does not keep a cancel waiting: it is asked for under a new key, and no person is called', async () => {
    // The provider stores a 500 as the answer of the first refund's key, and does nothing.
    const world = createCardWorld({ misbehaviours: [undefined, 'error_before'] });
    await told(world.create(world.startProcess(), 'card.1'));
    const cancel = () => told(world.cancel(world.startProcess(), 'card.1'));
    expect(await cancel()).toContain('still under way');
    await world.clock.sleep(24 * hourMs);
    expect(await cancel()).toBe('status 6');
    expect(world.taken('card.1')).toEqual({ chargeCount: 1, charged: 1_000n, refunded: 1_000n });
    expect(world.typesOf('card.1')).not.toContain('attention_asked');
    expect(world.payment('card.1')).not.toHaveProperty('attention');
  });
});

describe('a refund beyond those that may be under way', () => {
  const at = new Date('2026-11-24T12:00:00Z');
  const paymentWith = (pendingCount: number): AskedPayment => ({
    status: 'captured',
    card: 'pm_card_visa',
    amount: 1_000n,
    currency: 'EUR',
    refunded: 0n,
    reference: 'order-1',
    createdBy: 'req/shop/CreatePayment/create-1',
    createdAt: at,
    providerId: 'pi_1',
    pendingRefunds: Array.from({ length: pendingCount }, (_, index) => ({
      id: `refund-${index}`,
      amount: 1n,
      askedAt: at,
    })),
  });
  const refund = {
    caller: 'shop',
    paymentId: 'card.1',
    amount: { amountMinorUnits: 1n, currency: 'EUR' },
    reason: 'broken',
    refundId: 'refund-new',
  };

  test('is recorded while there is room', () => {
    expect(decideRefundPayment([paymentWith(19)], refund)).toMatchObject({
      outcome: { succeeded: true },
      changes: [{ type: 'refund_asked' }],
    });
  });

  test('passes, so it is no decision: nothing is recorded, and the same request may succeed later', () => {
    expect(() => decideRefundPayment([paymentWith(20)], refund)).toThrow(
      '20 refunds of this payment are under way',
    );
  });
});
