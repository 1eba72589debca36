// The three services as the simulation runs them: each built by its own code on a journal, with the simulated ways to the
// others and to the card provider where a real process has sockets.

import type { DescService } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import { inventoryRules } from '../../services/inventory/domain/rules.ts';
import { createInventory } from '../../services/inventory/server.ts';
import { orderRules } from '../../services/order/domain/rules.ts';
import { createOrder } from '../../services/order/server.ts';
import { startCards } from '../../services/payment/cards.ts';
import { paymentRules } from '../../services/payment/domain/rules.ts';
import { createStripeProvider } from '../../services/payment/provider/stripe-provider.ts';
import { createPayment } from '../../services/payment/server.ts';
import type { WebhookHandler } from '../../services/payment/webhooks.ts';
import { InventoryService } from '../../shared/gen/twicesafe/inventory/v1/inventory_pb.ts';
import { OrderService } from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import { PaymentService } from '../../shared/gen/twicesafe/payment/v1/payment_pb.ts';
import type { EntityRules, Journal } from '../../shared/journal/index.ts';
import { createServiceClient, type ServiceClient } from '../../shared/rpc/index.ts';
import type { ServiceDeps, Shutdown } from '../../shared/runtime/index.ts';
import type { CardProvider } from './card-provider.ts';
import { connectionsBy, type Network } from './network.ts';
import type { SimulatedProcess } from './process.ts';
import { webhookSecret } from './webhook-link.ts';

export const serviceNames = ['order', 'inventory', 'payment'] as const;
export type ServiceName = (typeof serviceNames)[number];

export const descriptors = { order: OrderService, inventory: InventoryService, payment: PaymentService };

export const rules: Record<ServiceName, EntityRules> = {
  order: orderRules,
  inventory: inventoryRules,
  payment: paymentRules,
};

export interface ServiceSettings {
  readonly orderDeadlineMs: number;
  /** How long a saga insists before it asks for a person. Short, so that many do. */
  readonly attentionAfterMs: number;
  /** How long the payment service trusts the provider to remember a key. */
  readonly keyLifetimeMs: number;
}

export interface Implemented {
  readonly implementation: ServiceImpl<DescService>;
  /** Of the payment service. */
  readonly webhook?: WebhookHandler;
}

/** Longer than the longest pause, jump and delay of a message together. With a key's lifetime no more than a day. */
const arrivalMsMax = 4 * 3_600_000;
/** Sagas whose attempts an order process remembers: more than a run has. */
const rememberedSagasMax = 50;
/** Slower than a real one: each look costs a run some events, and sagas that nobody drives are as well found a little later. */
const sweepEveryMs = 3_000;

export function implement(
  service: ServiceName,
  parts: ServiceDeps & {
    readonly settings: ServiceSettings;
    readonly process: SimulatedProcess;
    readonly network: Network;
    readonly provider: CardProvider;
    /** Nothing is in its way: for auditors. */
    readonly isQuiet: boolean;
    readonly journal: Journal;
    readonly shutdown: Shutdown;
  },
): Implemented {
  const { settings, process, network } = parts;
  const { orderDeadlineMs, attentionAfterMs, keyLifetimeMs } = settings;

  function clientFor<S extends DescService>(descriptor: S, name: ServiceName): ServiceClient<S> {
    const connections = connectionsBy(network.transport(process, name));
    return createServiceClient(descriptor, { address: name, connections, token: 'token-order', ...parts });
  }

  switch (service) {
    case 'order': {
      const implementation = createOrder({
        ...parts,
        orderDeadlineMs,
        sagaLimits: { attentionAfterMs, rememberedSagasMax, sweepEveryMs },
        cardPayments: true,
        inventory: clientFor(InventoryService, 'inventory'),
        payment: clientFor(PaymentService, 'payment'),
      });
      return { implementation };
    }
    case 'inventory':
      return { implementation: createInventory(parts) };
    case 'payment': {
      const stripe = parts.isQuiet ? parts.provider.quietClient() : parts.provider.clientOf(process);
      const provider = createStripeProvider({ stripe, webhookSecret });
      const cards = startCards({ ...parts, provider, keyLifetimeMs, arrivalMsMax });
      return { implementation: createPayment({ ...parts, cards }), webhook: cards.webhook };
    }
  }
}
