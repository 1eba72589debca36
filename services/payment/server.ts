// Puts the payment service together: database, journal, gateway, handlers, server; and takes it apart in reverse.

import { PaymentService } from '../../shared/gen/twicesafe/payment/v1/payment_pb.ts';
import { createAnswering } from '../../shared/idempotency/index.ts';
import { createJournal } from '../../shared/journal/index.ts';
import { connectDatabase } from '../../shared/mongo/index.ts';
import { authenticationFrom, startRpcServer } from '../../shared/rpc/index.ts';
import {
  createShutdown,
  type RunningService,
  type ServiceConfig,
  type ServiceDeps,
} from '../../shared/runtime/index.ts';
import { createAccountHandlers } from './account-handlers.ts';
import { createAuditHandler } from './audit.ts';
import { paymentRules } from './domain/rules.ts';
import { createUnavailableGateway } from './gateway.ts';
import { paymentReasons } from './payment-errors.ts';
import { createPaymentHandlers } from './payment-handlers.ts';

/** Resolves when it serves. When it cannot start, everything opened so far is closed and the reason is thrown. */
export async function startPayment(config: ServiceConfig, deps: ServiceDeps): Promise<RunningService> {
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
      rules: paymentRules,
      streamCount: config.journalStreams,
      writer: `payment-${random.name(4)}`,
      clock,
      random,
      log,
      failpoints,
    });
    shutdown.onStop('journal', () => journal.close());

    const answering = createAnswering({ reasons: paymentReasons, clock, log });
    const gateway = createUnavailableGateway();
    const server = await startRpcServer({
      name: 'payment',
      host: config.host,
      port: config.port,
      services: [PaymentService],
      routes(router) {
        router.service(PaymentService, {
          ...createAccountHandlers({ journal, answering }),
          ...createPaymentHandlers({ journal, answering, gateway }),
          ...createAuditHandler({ journal }),
        });
      },
      authentication,
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
