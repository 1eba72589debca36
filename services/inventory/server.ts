// Puts the inventory together: handlers, flows and sweeper on its journal.

import type { ServiceImpl } from '@connectrpc/connect';
import { InventoryService } from '../../shared/gen/twicesafe/inventory/v1/inventory_pb.ts';
import { createAnswering } from '../../shared/idempotency/index.ts';
import type { Journal } from '../../shared/journal/index.ts';
import type { RunningService, ServiceConfig, ServiceDeps, Shutdown } from '../../shared/runtime/index.ts';
import { type StartDeps, startOnJournal } from '../../shared/service/index.ts';
import { createAuditHandler } from './audit.ts';
import { createBackground } from './background.ts';
import { inventoryRules } from './domain/rules.ts';
import { inventoryReasons } from './inventory-errors.ts';
import { createItemHandlers } from './item-handlers.ts';
import { createReservationFlow } from './reservation-flow.ts';
import { createReservationHandlers } from './reservation-handlers.ts';
import { createReturnFlow } from './return-flow.ts';
import { createReturnHandler } from './return-handlers.ts';
import { createSweeper } from './sweeper.ts';

/** The service on its journal: all of it but the database and the port. Its loops end with `shutdown`. */
export function createInventory(
  deps: Omit<ServiceDeps, 'failpoints'> & { journal: Journal; shutdown: Shutdown },
): ServiceImpl<typeof InventoryService> {
  const { journal, shutdown, clock, random, log } = deps;
  const background = createBackground({ log });
  shutdown.onStop('background', () => background.drain());

  const flow = createReservationFlow({ journal, background });
  const returns = createReturnFlow({ journal });
  const sweeping = createSweeper({ journal, flow, returns, clock, random, log }).run(shutdown.signal);
  shutdown.onStop('sweeper', () => sweeping);

  const answering = createAnswering({ reasons: inventoryReasons, clock, log });
  return {
    ...createItemHandlers({ journal, answering }),
    ...createReservationHandlers({ journal, flow, answering }),
    ...createReturnHandler({ journal, flow, returns, answering }),
    ...createAuditHandler({ journal, clock }),
  };
}

/** Resolves when it serves. When it cannot start, everything opened so far is closed and the reason is thrown. */
export function startInventory(config: ServiceConfig, deps: StartDeps): Promise<RunningService> {
  const { reserveStock, commitReservation, releaseReservation, returnStock } = InventoryService.method;
  return startOnJournal({
    service: InventoryService,
    name: 'inventory',
    portVariable: 'INVENTORY_PORT',
    rules: inventoryRules,
    config,
    deps,
    compose: (on) => ({
      implementation: createInventory({ ...deps, ...on }),
      load: {
        sagaRpcs: {
          steps: [reserveStock],
          settling: [commitReservation, releaseReservation, returnStock],
        },
      },
    }),
  });
}
