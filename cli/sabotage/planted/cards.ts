// Sabotages of card payments: the provider is asked under one key, and only its definite answer counts.

import type { Sabotage } from '../sabotage.ts';

const stripe = 'services/payment/provider/stripe-provider.ts';

export const cards: readonly Sabotage[] = [
  {
    name: 'provider-key-fresh-for-each-attempt',
    invariant: 'I2',
    file: 'services/payment/card-flow.ts',
    from: "key: providerKey('charge', entity),",
    to: "key: providerKey('charge', entity, crypto.randomUUID()),",
    caughtBy: ['test/unit/payment-card-properties.test.ts'],
  },
  {
    name: 'provider-called-without-a-key',
    invariant: 'I2',
    file: stripe,
    from: '        error_on_requires_action: true,\n      },\n      { idempotencyKey: charge.key },',
    to: '        error_on_requires_action: true,\n      },\n      {},',
    caughtBy: ['test/contract/payment-provider.test.ts'],
  },
  {
    name: 'provider-key-trusted-for-ever',
    invariant: 'I2',
    file: 'services/payment/card-flow.ts',
    from: 'const isTooOld = (askedAt: Date): boolean => clock.nowMs() - askedAt.getTime() >= keyLifetimeMs;',
    to: 'const isTooOld = (askedAt: Date): boolean => askedAt.getTime() > clock.nowMs() + keyLifetimeMs;',
    caughtBy: ['test/unit/payment-card-limits.test.ts'],
  },
  {
    name: 'refund-not-found-taken-for-never-made',
    invariant: 'I8',
    file: 'services/payment/card-flow.ts',
    from: '      if (mayStillArrive(askedAt)) return',
    to: '      if (!mayStillArrive(payment.createdAt)) return',
    caughtBy: ['test/unit/payment-card-limits.test.ts'],
  },
  {
    name: 'silence-of-the-provider-taken-for-declined',
    invariant: 'I2',
    file: stripe,
    from: 'return (await look(charge, providerId)) ?? unknownOf(fault);',
    to: "return (await look(charge, providerId)) ?? { outcome: 'declined', code: fault.outcome };",
    caughtBy: ['test/contract/payment-provider.test.ts'],
  },
  {
    name: 'answer-about-another-payment-believed',
    invariant: 'I2',
    file: stripe,
    from: "=> intent.metadata['charge'] === key;",
    to: '=> intent !== undefined && key !== undefined;',
    caughtBy: ['test/contract/payment-provider.test.ts'],
  },
  {
    name: 'not-found-taken-for-not-taken',
    invariant: 'I2',
    file: stripe,
    from: 'const spent = await spendKey(charge);',
    to: "const spent = { metadata: { charge: charge.key, spent: 'true' } } as unknown as Stripe.PaymentIntent;",
    caughtBy: ['test/contract/payment-provider.test.ts'],
  },
  {
    name: 'cancelled-charge-taken-all-the-same',
    invariant: 'I2',
    file: 'services/payment/card-flow.ts',
    from: 'const mayTake = payment.cancel === undefined && !isTooOld(payment.createdAt);',
    to: 'const mayTake = !isTooOld(payment.createdAt);',
    caughtBy: ['test/unit/payment-card-limits.test.ts'],
  },
  {
    name: 'passing-refusal-recorded',
    invariant: 'I8',
    file: 'services/payment/domain/card-payment.ts',
    from: 'if ((payment.pendingRefunds?.length ?? 0) >= pendingRefundsMax) throw new TooManyRefundsError();',
    to: "if ((payment.pendingRefunds?.length ?? 0) >= pendingRefundsMax) return refuse(entity, { reason: 'RATE_LIMITED', message: 'too many', metadata: {} });",
    caughtBy: ['test/unit/payment-card-limits.test.ts'],
  },
  {
    name: 'unsigned-webhook-believed',
    invariant: 'I2',
    file: 'services/payment/provider/stripe-event.ts',
    from: 'event = stripe.webhooks.constructEvent(body, signature, secret);',
    to: 'event = JSON.parse(body.toString());',
    caughtBy: ['test/contract/payment-provider.test.ts'],
  },
];
