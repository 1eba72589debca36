// The order service's own settings: one plain sentence for each that cannot be right.

import { expect, test } from 'vitest';
import { orderConfig } from '../../services/order/config.ts';

const given = { MONGODB_URI: 'mongodb://127.0.0.1:27017' };

test('the other services are looked for where `npm start` puts them, and an order has thirty seconds', () => {
  expect(orderConfig(given)).toMatchObject({
    port: 7001,
    inventoryAddress: 'http://127.0.0.1:7002',
    paymentAddress: 'http://127.0.0.1:7003',
    serviceToken: '',
    orderDeadlineMs: 30_000,
  });
});

test.each([
  [
    'INVENTORY_ADDRESS',
    '127.0.0.1:7002',
    'INVENTORY_ADDRESS must be an address such as http://127.0.0.1:7002, not "127.0.0.1:7002".',
  ],
  [
    'PAYMENT_ADDRESS',
    'http://pay/path',
    'PAYMENT_ADDRESS must be an address such as http://127.0.0.1:7002, not "http://pay/path".',
  ],
  ['ORDER_DEADLINE_MS', 'soon', 'ORDER_DEADLINE_MS must be a number, not "soon".'],
  [
    'ORDER_DEADLINE_MS',
    '99',
    'ORDER_DEADLINE_MS must be a whole number of milliseconds from 100 to 86400000.',
  ],
  [
    'ORDER_DEADLINE_MS',
    '1e300',
    'ORDER_DEADLINE_MS must be a whole number of milliseconds from 100 to 86400000.',
  ],
  [
    'ORDER_DEADLINE_MS',
    '500.5',
    'ORDER_DEADLINE_MS must be a whole number of milliseconds from 100 to 86400000.',
  ],
])('%s=%s is refused', (name, value, sentence) => {
  expect(() => orderConfig({ ...given, [name]: value })).toThrow(sentence);
});
