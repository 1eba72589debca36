// Asks the three services for their audits and gathers what they say. It judges nothing.

import { createClient, type Transport } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import type { AuditSummary, Finding } from '../../shared/gen/twicesafe/audit/v1/audit_pb.ts';
import {
  InventoryService,
  type ReservationFact,
} from '../../shared/gen/twicesafe/inventory/v1/inventory_pb.ts';
import { type OrderFact, OrderService } from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import {
  type LedgerLine,
  type PaymentFact,
  PaymentService,
} from '../../shared/gen/twicesafe/payment/v1/payment_pb.ts';
import type { Facts } from './compare.ts';

export interface Addresses {
  readonly order: string;
  readonly inventory: string;
  readonly payment: string;
  readonly token?: string;
}

export interface Asked {
  readonly facts: Facts;
  readonly findings: readonly Finding[];
  readonly summaries: readonly AuditSummary[];
  /** The payment service's trial balance. */
  readonly ledger: readonly LedgerLine[];
}

/** A service gave no whole answer, so nothing can be told. Its message is one sentence. */
export class NotAuditedError extends Error {}

const overHttp2 = (address: string): Transport =>
  createConnectTransport({ baseUrl: address, httpVersion: '2' });

/** Each service's whole audit. An audit that breaks off would look like one without findings, so that throws. */
export async function ask(
  { order, inventory, payment, token }: Addresses,
  transportTo: (address: string) => Transport = overHttp2,
): Promise<Asked> {
  const findings: Finding[] = [];
  const summaries: AuditSummary[] = [];
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };

  async function gather<P extends AuditPart>(
    service: string,
    address: string,
    open: (transport: Transport) => AsyncIterable<P>,
    take: (part: P) => void,
  ): Promise<void> {
    try {
      let ended = false;
      for await (const part of open(transportTo(address))) {
        take(part);
        findings.push(...part.findings);
        if (part.summary) {
          ended = true;
          summaries.push(part.summary);
        }
      }
      if (!ended) throw new Error('its audit broke off');
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new NotAuditedError(`${service} at ${address} could not be audited: ${why}`);
    }
  }

  const askOrders = async () => {
    const orders = new Map<string, OrderFact>();
    await gather(
      'order',
      order,
      (transport) => createClient(OrderService, transport).audit({}, { headers }),
      (part) => {
        for (const fact of part.orders) orders.set(fact.orderId, fact);
      },
    );
    return orders;
  };

  const ordersBefore = await askOrders();
  // What the first answer found is found again by the second.
  findings.length = 0;
  summaries.length = 0;
  const reservations = new Map<string, ReservationFact[]>();
  await gather(
    'inventory',
    inventory,
    (transport) => createClient(InventoryService, transport).audit({}, { headers }),
    (part) => {
      for (const fact of part.reservations) addTo(reservations, fact.reservationId, fact);
    },
  );
  const payments = new Map<string, PaymentFact[]>();
  const ledger: LedgerLine[] = [];
  await gather(
    'payment',
    payment,
    (transport) => createClient(PaymentService, transport).audit({}, { headers }),
    (part) => {
      for (const fact of part.payments) addTo(payments, fact.paymentId, fact);
      ledger.push(...part.ledger);
    },
  );
  const ordersAfter = await askOrders();
  return { facts: { ordersBefore, reservations, payments, ordersAfter }, findings, summaries, ledger };
}

interface AuditPart {
  readonly findings: readonly Finding[];
  readonly summary?: AuditSummary | undefined;
}

function addTo<T>(facts: Map<string, T[]>, id: string, fact: T): void {
  const sameId = facts.get(id);
  if (sameId) sameId.push(fact);
  else facts.set(id, [fact]);
}
