// Puts the order service together: clients, coordinator, sweeper and handlers on its journal.

import type { ServiceImpl } from '@connectrpc/connect';
import { InventoryService } from '../../shared/gen/twicesafe/inventory/v1/inventory_pb.ts';
import { OrderService } from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import { PaymentService } from '../../shared/gen/twicesafe/payment/v1/payment_pb.ts';
import { createAnswering } from '../../shared/idempotency/index.ts';
import type { Journal } from '../../shared/journal/index.ts';
import {
  createPushback,
  createRefusals,
  createServiceClient,
  requireOperator,
} from '../../shared/rpc/index.ts';
import type { RunningService, ServiceDeps, Shutdown } from '../../shared/runtime/index.ts';
import { createCoordinator, type SagaLimits, startSweeper } from '../../shared/saga/index.ts';
import { type StartDeps, startOnJournal } from '../../shared/service/index.ts';
import { auditParts } from './audit.ts';
import type { OrderConfig } from './config.ts';
import { asOrder, orderIdOf } from './domain/order-state.ts';
import { orderRules } from './domain/rules.ts';
import { orderReasons } from './order-errors.ts';
import { createOrderHandlers } from './order-handlers.ts';
import { type PlaceOrderDependencies, placeOrderSaga } from './place-order.ts';
import { createRefundHandler } from './refund-handlers.ts';
import { createSagaHandlers } from './saga-handlers.ts';
import { createSagaLog } from './saga-log.ts';
import { createWatchHandler } from './watch.ts';

/**
 * Orders remembered. None is busy for longer than its saga: who asks for one later repeats its request, and what is recorded
 * under those goes hardly further back.
 */
const cachedOrdersMax = 5_000;

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
    ...createRefundHandler({ journal, answering, coordinator }),
    ...createSagaHandlers({ journal, answering, coordinator, definition, clock }),
    ...createWatchHandler({ journal, clock }),
    audit(_request, context) {
      requireOperator(context);
      return auditParts(journal.scan());
    },
  };
}

/** Resolves when it serves. When it cannot start, everything opened so far is closed and the reason is thrown. */
export function startOrder(config: OrderConfig, deps: StartDeps): Promise<RunningService> {
  const { cancelOrder, refundOrderLines, retrySaga, abortSaga } = OrderService.method;
  return startOnJournal({
    service: OrderService,
    name: 'order',
    portVariable: 'ORDER_PORT',
    rules: orderRules,
    journalLimits: { cachedEntitiesMax: cachedOrdersMax },
    config,
    deps,
    compose({ journal, shutdown }) {
      const token = config.serviceToken === '' ? {} : { token: config.serviceToken };
      const { onOverloaded, wasPushedBack } = createPushback();
      const behind = { onOverloaded, ...token, ...deps };
      const inventory = createServiceClient(InventoryService, {
        address: config.inventoryAddress,
        ...behind,
      });
      shutdown.onStop('inventory client', () => inventory.close());
      const payment = createServiceClient(PaymentService, { address: config.paymentAddress, ...behind });
      shutdown.onStop('payment client', () => payment.close());
      const { orderDeadlineMs, cardPayments } = config;
      return {
        implementation: createOrder({
          ...deps,
          journal,
          shutdown,
          inventory,
          payment,
          orderDeadlineMs,
          cardPayments,
        }),
        // Everything but PlaceOrder goes first: reads and repeats, and what an operator or a cancel has to undo.
        load: {
          sagaRpcs: { steps: [], settling: [cancelOrder, refundOrderLines, retrySaga, abortSaga] },
          wasPushedBack,
        },
      };
    },
  });
}
