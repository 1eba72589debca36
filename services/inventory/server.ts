// Puts the inventory together: database, journal, handlers, sweeper, server; and takes it apart in reverse.

import type { ServiceImpl } from '@connectrpc/connect';
import { InventoryService } from '../../shared/gen/twicesafe/inventory/v1/inventory_pb.ts';
import { createAnswering } from '../../shared/idempotency/index.ts';
import { createJournal, type Journal } from '../../shared/journal/index.ts';
import { connectDatabase } from '../../shared/mongo/index.ts';
import { authenticationFrom, startRpcServer } from '../../shared/rpc/index.ts';
import {
  createShutdown,
  type RunningService,
  type ServiceConfig,
  type ServiceDeps,
  type Shutdown,
} from '../../shared/runtime/index.ts';
import { createAuditHandler } from './audit.ts';
import { createBackground } from './background.ts';
import { inventoryRules } from './domain/rules.ts';
import { inventoryReasons } from './inventory-errors.ts';
import { createItemHandlers } from './item-handlers.ts';
import { createReservationFlow } from './reservation-flow.ts';
import { createReservationHandlers } from './reservation-handlers.ts';
import { createSweeper } from './sweeper.ts';

/** The service on its journal: all of it but the database and the port. Its loops end with `shutdown`. */
export function createInventory(
  deps: Omit<ServiceDeps, 'failpoints'> & { journal: Journal; shutdown: Shutdown },
): ServiceImpl<typeof InventoryService> {
  const { journal, shutdown, clock, random, log } = deps;
  const background = createBackground({ log });
  shutdown.onStop('background', () => background.drain());

  const flow = createReservationFlow({ journal, background });
  const sweeping = createSweeper({ journal, flow, clock, random, log }).run(shutdown.signal);
  shutdown.onStop('sweeper', () => sweeping);

  const answering = createAnswering({ reasons: inventoryReasons, clock, log });
  return {
    ...createItemHandlers({ journal, answering }),
    ...createReservationHandlers({ journal, flow, answering }),
    ...createAuditHandler({ journal, clock }),
  };
}

/** Resolves when it serves. When it cannot start, everything opened so far is closed and the reason is thrown. */
export async function startInventory(config: ServiceConfig, deps: ServiceDeps): Promise<RunningService> {
  const { clock, random, log, failpoints } = deps;
  const shutdown = createShutdown(log);
  try {
    const authentication = authenticationFrom({ tokens: config.authTokens });
    const database = await connectDatabase({
      uri: config.mongodbUri,
      databaseName: config.mongodbDatabase,
      log,
    });
    shutdown.onStop('database', () => database.close());

    const journal = await createJournal({
      database: database.db,
      rules: inventoryRules,
      owner: 'inventory',
      streamCount: config.journalStreams,
      writer: `inventory-${random.name(4)}`,
      clock,
      random,
      log,
      failpoints,
    });
    shutdown.onStop('journal', () => journal.close());

    const implementation = createInventory({ journal, shutdown, clock, random, log });
    const server = await startRpcServer({
      name: 'inventory',
      host: config.host,
      port: config.port,
      portVariable: 'INVENTORY_PORT',
      services: [InventoryService],
      routes(router) {
        router.service(InventoryService, implementation);
      },
      authentication,
      load: {
        sagaRpcs: {
          steps: [InventoryService.method.reserveStock],
          settling: [InventoryService.method.commitReservation, InventoryService.method.releaseReservation],
        },
        delayMs: journal.delayMs,
        isKnown: journal.knows,
      },
      clock,
      log,
      failpoints,
    });
    shutdown.onStop('server', () => server.stop());
    server.setServing(true);
    return { port: server.port, stop: () => shutdown.stop() };
  } catch (error) {
    await shutdown.stop();
    throw error;
  }
}
