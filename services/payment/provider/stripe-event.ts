// Stripe's webhook events: whether Stripe signed one, and which payment it is about. Nothing else of it is believed.

import Stripe from 'stripe';
import type { ProviderEvent } from './provider.ts';

export function readStripeEvent(
  stripe: Stripe,
  secret: string,
  body: Buffer,
  signature: string,
): ProviderEvent | 'forged' | 'irrelevant' {
  // Without a secret anybody could sign.
  if (secret === '') return 'forged';
  let event: Stripe.Event;
  try {
    event = stripe.webhooks.constructEvent(body, signature, secret);
  } catch (error) {
    if (error instanceof Stripe.errors.StripeSignatureVerificationError) return 'forged';
    throw error;
  }
  const about = event.data.object as {
    object?: string;
    id?: string;
    payment_intent?: unknown;
    metadata?: unknown;
  };
  const providerId = about.object === 'payment_intent' ? about.id : about.payment_intent;
  const payment = (about.metadata as Record<string, unknown> | undefined)?.['payment'];
  // Charges, and whatever else Stripe tells: the PaymentIntent's own events say the same.
  if (typeof providerId !== 'string' || typeof payment !== 'string') return 'irrelevant';
  return { eventId: event.id, eventType: event.type, payment, providerId };
}
