// What Stripe's errors say about money. The one place that knows them; whatever it does not know is `unknown`.
//
//     declined        the card, or what the caller asked for: no money was taken by this key, and none will be
//     key_spent       the idempotency key was used with other parameters: ask what for
//     absent          there is no such object
//     misconfigured   Stripe does not listen to us: this call did nothing, an earlier one may have
//     unknown         no answer, or one that says nothing: Stripe's own advice for 500 is that anything may have happened

import Stripe from 'stripe';
import type { Misconfigured, Unknown } from './provider.ts';

export type Fault =
  | { readonly outcome: 'declined'; readonly code: string; readonly aboutPayment: string | undefined }
  /** As declined, but Stripe refused before it began, so nothing about it is in its books. */
  | { readonly outcome: 'invalid'; readonly code: string; readonly nothingLeft?: true }
  | { readonly outcome: 'key_spent' }
  | { readonly outcome: 'absent' }
  | Misconfigured
  | Unknown;

/** The parameters whose values come from our caller: that they are refused is the caller's to hear. */
const callersParams = /^(amount|currency|payment_method)\b/;

/** A refund that cannot be made: the money is disputed, or not there. */
const refundRefusals: ReadonlySet<string> = new Set([
  'charge_disputed',
  'refund_disputed_payment',
  'balance_insufficient',
]);

/** A second is about what a rate limit lasts. */
const rateLimitDelayMs = 1_000;

export function faultOf(error: unknown): Fault {
  if (error instanceof Stripe.errors.StripeIdempotencyError) return { outcome: 'key_spent' };
  if (error instanceof Stripe.errors.StripeCardError) {
    const code = error.decline_code || error.code || 'card_declined';
    return { outcome: 'declined', code, aboutPayment: error.payment_intent?.metadata?.['charge'] };
  }
  if (error instanceof Stripe.errors.StripeInvalidRequestError) return faultOfRequest(error);
  if (
    error instanceof Stripe.errors.StripeAuthenticationError ||
    error instanceof Stripe.errors.StripePermissionError
  ) {
    return { outcome: 'misconfigured', cause: `http ${error.statusCode}: the provider refuses our key` };
  }
  if (error instanceof Stripe.errors.StripeRateLimitError) {
    return { outcome: 'unknown', cause: 'http 429', retryDelayMs: rateLimitDelayMs };
  }
  if (error instanceof Stripe.errors.StripeError) {
    const { statusCode } = error;
    return { outcome: 'unknown', cause: statusCode === undefined ? 'no answer' : `http ${statusCode}` };
  }
  // Not from the SDK: a bug, ours or its. What happened is unknown all the same.
  return { outcome: 'unknown', cause: error instanceof Error ? error.message : String(error) };
}

function faultOfRequest(error: InstanceType<typeof Stripe.errors.StripeInvalidRequestError>): Fault {
  const { statusCode, code, param, message } = error;
  if (code === 'charge_already_refunded') return { outcome: 'invalid', code, nothingLeft: true };
  if (refundRefusals.has(code ?? '')) return { outcome: 'invalid', code: code ?? '' };
  if (param !== undefined && callersParams.test(param)) {
    return { outcome: 'invalid', code: code ?? `invalid_${param}` };
  }
  if (statusCode === 404) return { outcome: 'absent' };
  return { outcome: 'misconfigured', cause: `http ${statusCode}: ${message}` };
}
