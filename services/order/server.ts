// Puts the order service together: database, journal, clients, coordinator, sweeper, server; and takes it apart in reverse.

import type { ServiceImpl } from '@connectrpc/connect';
import { InventoryService } from '../../shared/gen/twicesafe/inventory/v1/inventory_pb.ts';
import { OrderService } from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import { PaymentService } from '../../shared/gen/twicesafe/payment/v1/payment_pb.ts';
import { createAnswering } from '../../shared/idempotency/index.ts';
import { createJournal, type Journal } from '../../shared/journal/index.ts';
import { connectDatabase } from '../../shared/mongo/index.ts';
import {
  authenticationFrom,
  createPushback,
  createRefusals,
  createServiceClient,
  requireOperator,
  startRpcServer,
} from '../../shared/rpc/index.ts';
import {
  createShutdown,
  type RunningService,
  type ServiceDeps,
  type Shutdown,
} from '../../shared/runtime/index.ts';
import { createCoordinator, type SagaLimits, startSweeper } from '../../shared/saga/index.ts';
import { auditParts } from './audit.ts';
import type { OrderConfig } from './config.ts';
import { asOrder, orderIdOf } from './domain/order.ts';
import { orderRules } from './domain/rules.ts';
import { orderReasons } from './order-errors.ts';
import { createOrderHandlers } from './order-handlers.ts';
import { type PlaceOrderDependencies, placeOrderSaga } from './place-order.ts';
import { createSagaHandlers } from './saga-handlers.ts';
import { createSagaLog } from './saga-log.ts';
import { createWatchHandler } from './watch.ts';

/** The service on its journal: all of it but the database, the clients and the port. Its loops end with `shutdown`. */
export function createOrder(
  deps: ServiceDeps &
    PlaceOrderDependencies & {
      journal: Journal;
      orderDeadlineMs: number;
      cardPayments: boolean;
      sagaLimits?: Partial<SagaLimits>;
      shutdown: Shutdown;
    },
): ServiceImpl<typeof OrderService> {
  const { journal, inventory, payment, orderDeadlineMs, shutdown, clock, random, log, failpoints } = deps;
  const limits = deps.sagaLimits ? { limits: deps.sagaLimits } : {};
  const definition = placeOrderSaga({ inventory, payment });
  const coordinator = createCoordinator({
    ...limits,
    definition,
    sagaLog: createSagaLog(journal),
    clock,
    random,
    log,
    failpoints,
  });
  shutdown.onStop('coordinator', () => coordinator.close());
  const sweeper = startSweeper({
    ...limits,
    coordinator,
    sagaOf: definition.sagaOf,
    async findOpen() {
      await journal.follow();
      return [...journal.openEntities()].flatMap(([entity, { state, openedAt }]) => {
        const order = asOrder(state);
        return order ? [{ id: orderIdOf(entity), state: order, openedAt }] : [];
      });
    },
    clock,
    random,
    log,
  });
  shutdown.onStop('sweeper', () => sweeper.stop());

  const answering = createAnswering({ reasons: orderReasons, clock, log });
  return {
    ...createOrderHandlers({
      journal,
      answering,
      coordinator,
      orderDeadlineMs,
      cardPayments: deps.cardPayments,
      overloaded: createRefusals({ clock, log }),
    }),
    ...createSagaHandlers({ journal, answering, coordinator, definition, clock }),
    ...createWatchHandler({ journal, clock }),
    audit(_request, context) {
      requireOperator(context);
      return auditParts(journal.scan());
    },
  };
}

/** Resolves when it serves. When it cannot start, everything opened so far is closed and the reason is thrown. */
export async function startOrder(config: OrderConfig, deps: ServiceDeps): Promise<RunningService> {
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
      rules: orderRules,
      owner: 'order',
      streamCount: config.journalStreams,
      writer: `order-${random.name(4)}`,
      clock,
      random,
      log,
      failpoints,
    });
    shutdown.onStop('journal', () => journal.close());

    const token = config.serviceToken === '' ? {} : { token: config.serviceToken };
    const pushback = createPushback();
    const { onOverloaded } = pushback;
    const inventory = createServiceClient(InventoryService, {
      address: config.inventoryAddress,
      onOverloaded,
      ...token,
      ...deps,
    });
    shutdown.onStop('inventory client', () => inventory.close());
    const payment = createServiceClient(PaymentService, {
      address: config.paymentAddress,
      onOverloaded,
      ...token,
      ...deps,
    });
    shutdown.onStop('payment client', () => payment.close());

    const { orderDeadlineMs, cardPayments } = config;
    const implementation = createOrder({
      ...deps,
      journal,
      inventory,
      payment,
      orderDeadlineMs,
      cardPayments,
      shutdown,
    });
    const server = await startRpcServer({
      name: 'order',
      host: config.host,
      port: config.port,
      portVariable: 'ORDER_PORT',
      services: [OrderService],
      routes(router) {
        router.service(OrderService, implementation);
      },
      authentication,
      // Everything but PlaceOrder goes first: reads and repeats, and what an operator or a cancel has to undo.
      load: {
        sagaRpcs: {
          steps: [],
          settling: [
            OrderService.method.cancelOrder,
            OrderService.method.retrySaga,
            OrderService.method.abortSaga,
          ],
        },
        delayMs: journal.delayMs,
        wasPushedBack: pushback.wasPushedBack,
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
