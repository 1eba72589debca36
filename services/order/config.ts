// The order service's settings: those of every service, and where the other two are.

import { cleanEnv, num, str } from 'envalid';
import { OperatorError, type ServiceConfig, serviceConfig } from '../../shared/runtime/index.ts';

export interface OrderConfig extends ServiceConfig {
  /** Such as http://127.0.0.1:7002. */
  readonly inventoryAddress: string;
  readonly paymentAddress: string;
  /** The bearer token that this service shows to the other two; empty where they ask for none. */
  readonly serviceToken: string;
  /** From placing an order to turning it round when it is not confirmed. */
  readonly orderDeadlineMs: number;
}

/** Longer than a restart of any service or of the database, shorter than a customer's patience. */
const orderDeadlineMsDefault = 30_000;

export function orderConfig(environment: Readonly<Record<string, string | undefined>>): OrderConfig {
  const base = serviceConfig(environment, {
    service: 'order',
    portVariable: 'ORDER_PORT',
    portDefault: 7001,
  });
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value));
  const settings = cleanEnv(
    given,
    {
      INVENTORY_ADDRESS: str({ default: 'http://127.0.0.1:7002' }),
      PAYMENT_ADDRESS: str({ default: 'http://127.0.0.1:7003' }),
      SERVICE_TOKEN: str({ default: '' }),
      ORDER_DEADLINE_MS: num({ default: orderDeadlineMsDefault }),
    },
    {
      reporter({ errors }) {
        const [name] = Object.keys(errors);
        if (name) throw new OperatorError(`${name} must be a number, not "${given[name]}".`);
      },
    },
  );
  for (const name of ['INVENTORY_ADDRESS', 'PAYMENT_ADDRESS'] as const) {
    if (!/^https?:\/\/[^/]+$/.test(settings[name])) {
      throw new OperatorError(
        `${name} must be an address such as http://127.0.0.1:7002, not "${settings[name]}".`,
      );
    }
  }
  if (!Number.isInteger(settings.ORDER_DEADLINE_MS) || settings.ORDER_DEADLINE_MS < 100) {
    throw new OperatorError('ORDER_DEADLINE_MS must be a whole number of milliseconds, at least 100.');
  }
  return {
    ...base,
    inventoryAddress: settings.INVENTORY_ADDRESS,
    paymentAddress: settings.PAYMENT_ADDRESS,
    serviceToken: settings.SERVICE_TOKEN,
    orderDeadlineMs: settings.ORDER_DEADLINE_MS,
  };
}
