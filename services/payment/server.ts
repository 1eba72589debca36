// Puts the payment service together: handlers and the card provider on its journal.

import type { ServiceImpl } from '@connectrpc/connect';
import { PaymentService } from '../../shared/gen/twicesafe/payment/v1/payment_pb.ts';
import { createAnswering } from '../../shared/idempotency/index.ts';
import type { Journal } from '../../shared/journal/index.ts';
import type { RunningService, ServiceDeps } from '../../shared/runtime/index.ts';
import { type StartDeps, startOnJournal } from '../../shared/service/index.ts';
import { createAccountHandlers } from './account-handlers.ts';
import { createAuditHandler } from './audit.ts';
import { type Cards, startCards } from './cards.ts';
import type { PaymentConfig, ProviderConfig } from './config.ts';
import { paymentRules } from './domain/rules.ts';
import { createOpenPaymentsHandler } from './open-payments.ts';
import { paymentReasons } from './payment-errors.ts';
import { createPaymentHandlers } from './payment-handlers.ts';
import type { PaymentProvider } from './provider/provider.ts';
import { createReconciler } from './reconcile/pages.ts';
import { createReconcileHandler } from './reconcile-handlers.ts';
import { createTrialBalanceHandler } from './trial-balance.ts';

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
    ...createOpenPaymentsHandler({ journal, clock }),
    ...createReconcileHandler({ reconciler, log }),
    ...createTrialBalanceHandler({ journal }),
    ...createAuditHandler({ journal, reconciler }),
  };
}

/** Resolves when it serves. When it cannot start, everything opened so far is closed and the reason is thrown. */
export async function startPayment(config: PaymentConfig, deps: StartDeps): Promise<RunningService> {
  const { createPayment: pay, cancelPayment, refundPayment } = PaymentService.method;
  const provided = config.provider && (await providerFrom(config.provider));
  return startOnJournal({
    service: PaymentService,
    name: 'payment',
    portVariable: 'PAYMENT_PORT',
    rules: paymentRules,
    config,
    deps,
    compose(on) {
      const cards = provided && startCards({ ...deps, ...on, ...provided });
      return {
        implementation: createPayment({ ...deps, ...on, ...(cards ? { cards } : {}) }),
        load: { sagaRpcs: { steps: [pay], settling: [cancelPayment, refundPayment] } },
        ...(cards ? { answerPlain: cards.webhook } : {}),
      };
    },
  });
}

async function providerFrom(config: ProviderConfig): Promise<{
  provider: PaymentProvider;
  keyLifetimeMs: number;
  arrivalMsMax: number;
}> {
  // The SDK is a megabyte of code: a service without card payments starts and lives without it.
  const { createStripeClient } = await import('./provider/stripe-client.ts');
  const { createStripeProvider } = await import('./provider/stripe-provider.ts');
  const { keyLifetimeMs, arrivalMsMax, webhookSecret } = config;
  return {
    provider: createStripeProvider({ stripe: createStripeClient(config), webhookSecret }),
    keyLifetimeMs,
    arrivalMsMax,
  };
}
