// Payment's settings: those of every service, and those of a card provider, which is off unless it has a key.

import { cleanEnv, num, str } from 'envalid';
import { OperatorError, type ServiceConfig, serviceConfig } from '../../shared/runtime/index.ts';

export interface ProviderConfig {
  readonly apiKey: string;
  /** Such as https://api.stripe.com. */
  readonly apiAddress: string;
  /** What webhooks are signed with; empty: none are taken. */
  readonly webhookSecret: string;
  /** One request to the provider, its whole answer included. */
  readonly timeoutMs: number;
  /** How long a provider's idempotency key is trusted to be remembered. */
  readonly keyLifetimeMs: number;
  /** How long after it was decided on a request may still reach the provider, in a network or in a process that sleeps. */
  readonly arrivalMsMax: number;
}

export interface PaymentConfig extends ServiceConfig {
  /** Absent: card payments are refused with CARD_PAYMENTS_UNAVAILABLE. */
  readonly provider?: ProviderConfig;
}

/** Longer than a card's bank takes, shorter than the patience of a caller with a usual deadline. */
const timeoutMsDefault = 15_000;
const timeoutMsMin = 100;
const timeoutMsMax = 120_000;
/** Stripe keeps keys for at least 24 hours. The rest is for clocks that differ and for processes that sleep. */
const keyLifetimeMsDefault = 20 * 3_600_000;
/** Less than this and a restart would already be too late to ask again. */
const keyLifetimeMsMin = 1_000;
const arrivalMsMaxDefault = 4 * 3_600_000;
const arrivalMsMaxMin = 100;
/** What Stripe promises. Both together must fit into it: what arrives must meet a provider that remembers its key. */
const rememberedMs = 24 * 3_600_000;

export function paymentConfig(environment: Readonly<Record<string, string | undefined>>): PaymentConfig {
  const base = serviceConfig(environment, {
    service: 'payment',
    portVariable: 'PAYMENT_PORT',
    portDefault: 7003,
  });
  const provider = providerConfig(environment);
  return provider ? { ...base, provider } : base;
}

function providerConfig(
  environment: Readonly<Record<string, string | undefined>>,
): ProviderConfig | undefined {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value));
  const settings = cleanEnv(
    given,
    {
      STRIPE_API_KEY: str({ default: '' }),
      STRIPE_API_ADDRESS: str({ default: 'https://api.stripe.com' }),
      STRIPE_WEBHOOK_SECRET: str({ default: '' }),
      PROVIDER_TIMEOUT_MS: num({ default: timeoutMsDefault }),
      PROVIDER_KEY_LIFETIME_MS: num({ default: keyLifetimeMsDefault }),
      PROVIDER_ARRIVAL_MS: num({ default: arrivalMsMaxDefault }),
    },
    {
      reporter({ errors }) {
        const [name] = Object.keys(errors);
        if (name) throw new OperatorError(`${name} must be a number, not "${given[name]}".`);
      },
    },
  );
  if (settings.STRIPE_API_KEY === '') return undefined;
  if (!/^https?:\/\/[^/]+$/.test(settings.STRIPE_API_ADDRESS)) {
    throw new OperatorError(
      `STRIPE_API_ADDRESS must be an address such as https://api.stripe.com, not "${settings.STRIPE_API_ADDRESS}".`,
    );
  }
  requireRange('PROVIDER_TIMEOUT_MS', settings.PROVIDER_TIMEOUT_MS, timeoutMsMin, timeoutMsMax);
  const keyLifetimeMs = settings.PROVIDER_KEY_LIFETIME_MS;
  const arrivalMsMax = settings.PROVIDER_ARRIVAL_MS;
  requireRange('PROVIDER_KEY_LIFETIME_MS', keyLifetimeMs, keyLifetimeMsMin, rememberedMs);
  requireRange('PROVIDER_ARRIVAL_MS', arrivalMsMax, arrivalMsMaxMin, rememberedMs);
  if (keyLifetimeMs + arrivalMsMax > rememberedMs) {
    throw new OperatorError(
      `PROVIDER_KEY_LIFETIME_MS and PROVIDER_ARRIVAL_MS must together be at most ${rememberedMs}: a provider need not remember a key for longer than a day.`,
    );
  }
  return {
    apiKey: settings.STRIPE_API_KEY,
    apiAddress: settings.STRIPE_API_ADDRESS,
    webhookSecret: settings.STRIPE_WEBHOOK_SECRET,
    timeoutMs: settings.PROVIDER_TIMEOUT_MS,
    keyLifetimeMs,
    arrivalMsMax,
  };
}

function requireRange(name: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new OperatorError(`${name} must be a whole number of milliseconds from ${min} to ${max}.`);
}
