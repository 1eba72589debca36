import { expect, test } from 'vitest';
import { paymentConfig } from '../../services/payment/config.ts';

const given = (more: Record<string, string>) =>
  paymentConfig({ MONGODB_URI: 'mongodb://127.0.0.1:27017', STRIPE_API_KEY: 'sk_test_1', ...more });

test('without a key there is no provider; with one its times fit into the day for which it remembers keys', () => {
  expect(given({ STRIPE_API_KEY: '' }).provider).toBeUndefined();
  expect(given({}).provider).toEqual({
    apiKey: 'sk_test_1',
    apiAddress: 'https://api.stripe.com',
    webhookSecret: '',
    timeoutMs: 15_000,
    keyLifetimeMs: 72_000_000,
    arrivalMsMax: 14_400_000,
  });
});

test('a key that is trusted until requests may arrive when the provider has forgotten it is refused', () => {
  const atMost = given({ PROVIDER_KEY_LIFETIME_MS: '82800000', PROVIDER_ARRIVAL_MS: '3600000' });
  expect(atMost.provider?.keyLifetimeMs).toBe(82_800_000);
  expect(() => given({ PROVIDER_KEY_LIFETIME_MS: '82800000' })).toThrow(
    'PROVIDER_KEY_LIFETIME_MS and PROVIDER_ARRIVAL_MS must together be at most 86400000',
  );
});

test.each([
  [
    'PROVIDER_ARRIVAL_MS',
    '0',
    'PROVIDER_ARRIVAL_MS must be a whole number of milliseconds from 100 to 86400000.',
  ],
  ['PROVIDER_ARRIVAL_MS', 'soon', 'PROVIDER_ARRIVAL_MS must be a number, not "soon".'],
  [
    'PROVIDER_KEY_LIFETIME_MS',
    '999',
    'PROVIDER_KEY_LIFETIME_MS must be a whole number of milliseconds from 1000 to 86400000.',
  ],
  [
    'PROVIDER_TIMEOUT_MS',
    '99',
    'PROVIDER_TIMEOUT_MS must be a whole number of milliseconds from 100 to 120000.',
  ],
  [
    'STRIPE_API_ADDRESS',
    'api.stripe.com',
    'STRIPE_API_ADDRESS must be an address such as https://api.stripe.com',
  ],
])('%s=%s is refused with the variable and what it may be', (name, value, sentence) => {
  expect(() => given({ [name]: value })).toThrow(sentence);
});
