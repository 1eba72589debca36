// The names of payment's settings. What they mean is the same for every service: shared/runtime/service-config.ts.

import { type ServiceConfig, serviceConfig } from '../../shared/runtime/index.ts';

export function paymentConfig(environment: Readonly<Record<string, string | undefined>>): ServiceConfig {
  return serviceConfig(environment, {
    service: 'payment',
    portVariable: 'PAYMENT_PORT',
    portDefault: 7003,
  });
}
