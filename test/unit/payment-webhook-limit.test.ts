// Events of the provider behind a database that stands still: a bounded number waits for it, the others are sent away.

import { expect, test } from 'vitest';
import { paymentRules } from '../../services/payment/domain/rules.ts';
import { createWebhookHandler } from '../../services/payment/webhooks.ts';
import { createLog } from '../../shared/runtime/index.ts';
import { createFatedJournal } from '../support/fated-journal.ts';
import { createHeldClock, settled } from '../support/held-clock.ts';
import { deliverTo } from '../support/webhook-delivery.ts';

const entity = 'payment/shop/card.1';

test('thirty-two events wait for a database that stands still, the next are told to come again, and later ones are taken', async () => {
  const clock = createHeldClock();
  const { seenWith } = createFatedJournal({ rules: paymentRules, clock });
  const calm = seenWith(async () => undefined);
  const data = { card: 'pm_card_visa', amount: 1_000n, currency: 'EUR', reference: '', createdBy: 'r' };
  await calm.submit({
    key: 'request-1',
    fingerprint: '',
    entities: [entity],
    decide: () => ({ outcome: { succeeded: true }, changes: [{ entity, type: 'requested', data }] }),
  });
  const goesOn = Promise.withResolvers<void>();
  let told = 0;
  const handler = createWebhookHandler({
    journal: seenWith(() => goesOn.promise),
    provider: {
      readEvent() {
        told += 1;
        return {
          eventId: `evt_${told}`,
          eventType: 'payment_intent.succeeded',
          payment: entity,
          providerId: 'pi_1',
        };
      },
    },
    chase: { nudge: () => undefined },
    log: createLog('test', 'silent'),
  });
  const deliver = () => deliverTo(handler, { method: 'POST', headers: {}, body: '{}' });

  const waiting = Array.from({ length: 32 }, deliver);
  await settled();
  expect(await Promise.all([deliver(), deliver()])).toEqual([503, 503]);
  expect(told).toBe(32);

  goesOn.resolve();
  expect(await Promise.all(waiting)).toEqual(Array(32).fill(200));
  await settled();
  expect(await deliver()).toBe(200);
});
