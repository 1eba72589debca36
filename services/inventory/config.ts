// The names of inventory's settings. What they mean is the same for every service: shared/runtime/service-config.ts.

import { type ServiceConfig, serviceConfig } from '../../shared/runtime/index.ts';

export function inventoryConfig(environment: Readonly<Record<string, string | undefined>>): ServiceConfig {
  return serviceConfig(environment, {
    service: 'inventory',
    portVariable: 'INVENTORY_PORT',
    portDefault: 7002,
  });
}
