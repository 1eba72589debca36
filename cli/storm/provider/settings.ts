// The times of a storm's card provider, and of the payment service towards it: what takes a day at a real provider takes
// seconds here, so that a storm sees the end of it. Their order is that of the real ones.

import type { CardOptions } from '../options.ts';

/** How long the payment service waits for an answer. Orders have seconds. */
const timeoutMs = 1_000;
/** Of an answer, or a request, that comes when the caller has given up. */
const lateMs = 1_300;
/** Down for a while: longer than an answer takes, so that every retry of a call may meet it. */
const downMs = 1_500;
const searchLagMs = 300;
/** Asked again under its key for this long; Stripe 20 hours. */
const keyLifetimeMs = 6_000;
/**
 * Asked for while its key was trusted, a request has arrived by then; Stripe four hours. Longer than a late one on its way
 * to a provider that is frozen (faults/kill-plan.ts), with room for a machine that is busy.
 */
const arrivalMs = 6_000;
/** Longer than both together; Stripe 24 hours. Only then is it known that a stored 500 was nothing else. */
const keyForgetMs = 14_000;

/** For every process of the suite: each reads its own. */
export function providerSettings({ faultShare }: CardOptions, seed: number): Record<string, string> {
  return {
    PROVIDER_TIMEOUT_MS: String(timeoutMs),
    PROVIDER_LATE_MS: String(lateMs),
    PROVIDER_DOWN_MS: String(downMs),
    PROVIDER_SEARCH_LAG_MS: String(searchLagMs),
    PROVIDER_KEY_LIFETIME_MS: String(keyLifetimeMs),
    PROVIDER_ARRIVAL_MS: String(arrivalMs),
    PROVIDER_KEY_FORGET_MS: String(keyForgetMs),
    PROVIDER_FAULT_RATE: String(faultShare),
    PROVIDER_FAULT_SEED: String(seed),
    PROVIDER_WEBHOOKS: faultShare > 0 ? 'cycle' : 'usual',
  };
}
