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
  /** Whether orders may be paid by card: the payment service then needs a provider. */
  readonly cardPayments: boolean;
}

/** Longer than a restart of any service or of the database, shorter than a customer's patience. */
const orderDeadlineMsDefault = 30_000;
/** Below it no order could be confirmed; above a day the stock of a forgotten order is held for nobody. */
const orderDeadlineMsMin = 100;
const orderDeadlineMsMax = 86_400_000;

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
      CARD_PAYMENTS: str({ choices: ['true', 'false'], default: 'false' }),
    },
    {
      reporter({ errors }) {
        const [name] = Object.keys(errors);
        if (!name) return;
        const expected = name === 'CARD_PAYMENTS' ? 'true or false' : 'a number';
        throw new OperatorError(`${name} must be ${expected}, not "${given[name]}".`);
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
  const deadlineMs = settings.ORDER_DEADLINE_MS;
  if (!Number.isInteger(deadlineMs) || deadlineMs < orderDeadlineMsMin || deadlineMs > orderDeadlineMsMax) {
    throw new OperatorError(
      `ORDER_DEADLINE_MS must be a whole number of milliseconds from ${orderDeadlineMsMin} to ${orderDeadlineMsMax}.`,
    );
  }
  return {
    ...base,
    inventoryAddress: settings.INVENTORY_ADDRESS,
    paymentAddress: settings.PAYMENT_ADDRESS,
    serviceToken: settings.SERVICE_TOKEN,
    orderDeadlineMs: deadlineMs,
    cardPayments: settings.CARD_PAYMENTS === 'true',
  };
}
