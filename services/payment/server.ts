// Puts the payment service together: database, journal, card provider, handlers, server; and takes it apart in reverse.

import type { ServiceImpl } from '@connectrpc/connect';
import { PaymentService } from '../../shared/gen/twicesafe/payment/v1/payment_pb.ts';
import { createAnswering } from '../../shared/idempotency/index.ts';
import { createJournal, type Journal } from '../../shared/journal/index.ts';
import { connectDatabase } from '../../shared/mongo/index.ts';
import { authenticationFrom, startRpcServer } from '../../shared/rpc/index.ts';
import { createShutdown, type RunningService, type ServiceDeps } from '../../shared/runtime/index.ts';
import { createAccountHandlers } from './account-handlers.ts';
import { createAuditHandler } from './audit.ts';
import { type Cards, startCards } from './cards.ts';
import type { PaymentConfig, ProviderConfig } from './config.ts';
import { paymentRules } from './domain/rules.ts';
import { paymentReasons } from './payment-errors.ts';
import { createPaymentHandlers } from './payment-handlers.ts';
import type { PaymentProvider } from './provider/provider.ts';
import { createStripeClient } from './provider/stripe-client.ts';
import { createStripeProvider } from './provider/stripe-provider.ts';
import { createReconciler } from './reconcile/pages.ts';
import { createReconcileHandler } from './reconcile-handlers.ts';

/** The service on its journal: all of it but the database and the port. Without `cards`, card payments are refused. */
export function createPayment(
  deps: Pick<ServiceDeps, 'clock' | 'log'> & { journal: Journal; cards?: Cards },
): ServiceImpl<typeof PaymentService> {
  const { journal, clock, log, cards } = deps;
  const answering = createAnswering({ reasons: paymentReasons, clock, log });
  const reconciler = cards && createReconciler({ journal, provider: cards.provider });
  return {
    ...createAccountHandlers({ journal, answering }),
    ...createPaymentHandlers({ journal, answering, cards: cards?.payments }),
    ...createReconcileHandler({ reconciler, log }),
    ...createAuditHandler({ journal, reconciler }),
  };
}

/** Resolves when it serves. When it cannot start, everything opened so far is closed and the reason is thrown. */
export async function startPayment(config: PaymentConfig, deps: ServiceDeps): Promise<RunningService> {
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
      owner: 'payment',
      streamCount: config.journalStreams,
      writer: `payment-${random.name(4)}`,
      clock,
      random,
      log,
      failpoints,
    });
    shutdown.onStop('journal', () => journal.close());

    const cards =
      config.provider && startCards({ ...deps, journal, shutdown, ...providerFrom(config.provider) });
    const implementation = createPayment({ journal, clock, log, ...(cards ? { cards } : {}) });
    const server = await startRpcServer({
      name: 'payment',
      host: config.host,
      port: config.port,
      portVariable: 'PAYMENT_PORT',
      services: [PaymentService],
      routes(router) {
        router.service(PaymentService, implementation);
      },
      ...(cards ? { answerPlain: cards.webhook } : {}),
      authentication,
      load: {
        sagaRpcs: {
          steps: [PaymentService.method.createPayment],
          settling: [PaymentService.method.cancelPayment, PaymentService.method.refundPayment],
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

function providerFrom(config: ProviderConfig): { provider: PaymentProvider; keyLifetimeMs: number } {
  const { keyLifetimeMs, webhookSecret } = config;
  return {
    provider: createStripeProvider({ stripe: createStripeClient(config), webhookSecret }),
    keyLifetimeMs,
  };
}
