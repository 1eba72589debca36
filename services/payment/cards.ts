// Card payments, put together: the flow, the chase that keeps at it, the RPCs that wait for it, the webhooks that hurry it.

import type { Journal } from '../../shared/journal/index.ts';
import type { ServiceDeps, Shutdown } from '../../shared/runtime/index.ts';
import { createCardFlow } from './card-flow.ts';
import { type CardPayments, createCardPayments } from './card-payments.ts';
import { createChase } from './chase.ts';
import type { PaymentProvider } from './provider/provider.ts';
import { createWebhookHandler, type WebhookHandler } from './webhooks.ts';

export interface Cards {
  readonly payments: CardPayments;
  readonly webhook: WebhookHandler;
  readonly provider: PaymentProvider;
}

/** Chases what a crash left open from now on, until `shutdown`. `keyLifetimeMs`, `arrivalMsMax`: see card-flow.ts. */
export function startCards(
  deps: ServiceDeps & {
    journal: Journal;
    provider: PaymentProvider;
    keyLifetimeMs: number;
    arrivalMsMax: number;
    shutdown: Shutdown;
  },
): Cards {
  const { journal, provider, clock, random, log, shutdown } = deps;
  const chase = createChase({ journal, flow: createCardFlow(deps), clock, random, log });
  const chasing = chase.run(shutdown.signal);
  shutdown.onStop('chase of card payments', () => chasing);
  return {
    payments: createCardPayments({ journal, chase }),
    webhook: createWebhookHandler({ journal, provider, chase, log }),
    provider,
  };
}
