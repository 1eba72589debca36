// The simulator's settings, from the environment.

import { cleanEnv, num, str } from 'envalid';
import { OperatorError, type ServiceConfig } from '../shared/runtime/index.ts';
import { type WebhookHabit, webhookHabits } from './webhooks.ts';

export interface SimulatorConfig extends Pick<ServiceConfig, 'host' | 'port' | 'logLevel' | 'failpoints'> {
  /** The file of the books; made when it is not there. */
  readonly booksFile: string;
  readonly apiKey: string;
  readonly keyForgetMs: number;
  readonly searchLagMs: number;
  readonly lateMs: number;
  /** The share of requests that misbehaves from the start, 0 to 1. */
  readonly faultRate: number;
  readonly faultSeed: number;
  /** How long it is down each time that it is; 0: for one request. */
  readonly downMs: number;
  /** Where events are sent; empty: nowhere. */
  readonly webhookUrl: string;
  readonly webhookSecret: string;
  readonly webhookHabit: WebhookHabit | 'cycle';
}

/** As long as Stripe promises. */
const keyForgetMsDefault = 24 * 3_600_000;
/** Stripe's "less than a minute", shortened so that a person who tries it need not wait that long. */
const searchLagMsDefault = 1_000;
/** Longer than the payment service waits by default. */
const lateMsDefault = 20_000;

export function simulatorConfig(environment: Readonly<Record<string, string | undefined>>): SimulatorConfig {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value));
  const settings = cleanEnv(
    given,
    {
      // It moves no real money and knows no caller: nobody else's machine has any business here.
      PROVIDER_HOST: str({ default: '127.0.0.1' }),
      PROVIDER_PORT: num({ default: 7004 }),
      PROVIDER_BOOKS_FILE: str({ default: '.data/provider.books' }),
      PROVIDER_API_KEY: str({ default: 'sk_test_simulator' }),
      PROVIDER_KEY_FORGET_MS: num({ default: keyForgetMsDefault }),
      PROVIDER_SEARCH_LAG_MS: num({ default: searchLagMsDefault }),
      PROVIDER_LATE_MS: num({ default: lateMsDefault }),
      PROVIDER_FAULT_RATE: num({ default: 0 }),
      PROVIDER_FAULT_SEED: num({ default: 1 }),
      PROVIDER_DOWN_MS: num({ default: 0 }),
      PROVIDER_WEBHOOK_URL: str({ default: '' }),
      PROVIDER_WEBHOOK_SECRET: str({ default: 'whsec_simulator' }),
      PROVIDER_WEBHOOKS: str({ choices: [...webhookHabits, 'cycle'] as const, default: 'usual' }),
      LOG_LEVEL: str({ default: 'warn' }),
    },
    {
      reporter({ errors }) {
        const [name] = Object.keys(errors);
        if (!name) return;
        const expected =
          name === 'PROVIDER_WEBHOOKS' ? `one of ${webhookHabits.join(', ')}, cycle` : 'a number';
        throw new OperatorError(`${name} must be ${expected}, not "${given[name]}".`);
      },
    },
  );
  return {
    host: settings.PROVIDER_HOST,
    port: settings.PROVIDER_PORT,
    logLevel: settings.LOG_LEVEL,
    failpoints: '',
    booksFile: settings.PROVIDER_BOOKS_FILE,
    apiKey: settings.PROVIDER_API_KEY,
    keyForgetMs: settings.PROVIDER_KEY_FORGET_MS,
    searchLagMs: settings.PROVIDER_SEARCH_LAG_MS,
    lateMs: settings.PROVIDER_LATE_MS,
    faultRate: settings.PROVIDER_FAULT_RATE,
    faultSeed: settings.PROVIDER_FAULT_SEED,
    downMs: settings.PROVIDER_DOWN_MS,
    webhookUrl: settings.PROVIDER_WEBHOOK_URL,
    webhookSecret: settings.PROVIDER_WEBHOOK_SECRET,
    webhookHabit: settings.PROVIDER_WEBHOOKS,
  };
}
