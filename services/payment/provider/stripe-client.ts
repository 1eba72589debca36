// Stripe's SDK as this service wants it: its version pinned, its own retries off, its time limited. Nothing else makes one.

import Stripe from 'stripe';

/** The version whose answers classify.ts was written for. A newer one is a decision, with its change log read. */
const apiVersion = '2026-10-28.endive';

export interface StripeSettings {
  readonly apiKey: string;
  /** `https://api.stripe.com`, or where something stands that speaks as Stripe does. */
  readonly apiAddress: string;
  /** One request, its whole answer included. */
  readonly timeoutMs: number;
}

/**
 * We retry, not the SDK: between two attempts we look whether the payment was cancelled meanwhile or its key is too
 * old. `maxNetworkRetries: 0` is not enough, since on a closed connection the SDK's own HTTP client sends again all the
 * same; over `fetch` it does not, and its timeout is for the whole answer, not for each silence in it.
 */
export function createStripeClient(settings: StripeSettings, fetchFn: typeof fetch = fetch): Stripe {
  const { protocol, hostname, port } = new URL(settings.apiAddress);
  return new Stripe(settings.apiKey, {
    apiVersion,
    host: hostname,
    port: port || (protocol === 'http:' ? 80 : 443),
    protocol: protocol === 'http:' ? 'http' : 'https',
    timeout: settings.timeoutMs,
    maxNetworkRetries: 0,
    telemetry: false,
    httpClient: Stripe.createFetchHttpClient(fetchFn),
  });
}
