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
const keyLifetimeMsMax = 23 * 3_600_000;

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
  requireRange(
    'PROVIDER_KEY_LIFETIME_MS',
    settings.PROVIDER_KEY_LIFETIME_MS,
    keyLifetimeMsMin,
    keyLifetimeMsMax,
  );
  return {
    apiKey: settings.STRIPE_API_KEY,
    apiAddress: settings.STRIPE_API_ADDRESS,
    webhookSecret: settings.STRIPE_WEBHOOK_SECRET,
    timeoutMs: settings.PROVIDER_TIMEOUT_MS,
    keyLifetimeMs: settings.PROVIDER_KEY_LIFETIME_MS,
  };
}

function requireRange(name: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new OperatorError(`${name} must be a whole number of milliseconds from ${min} to ${max}.`);
}
