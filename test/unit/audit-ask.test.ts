// Asking the services for their audits: one that breaks off must not look like one that found nothing.

import { createRouterTransport } from '@connectrpc/connect';
import { expect, test } from 'vitest';
import { ask, NotAuditedError } from '../../cli/audit/ask.ts';
import { InventoryService } from '../../shared/gen/twicesafe/inventory/v1/inventory_pb.ts';
import { OrderService } from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import { PaymentService } from '../../shared/gen/twicesafe/payment/v1/payment_pb.ts';

const addresses = { order: 'http://order', inventory: 'http://inventory', payment: 'http://payment' };
const finding = { invariant: 'I4', entity: 'reservation/shop/r1', description: 'settled twice' };

/** Three services whose audits have a finding each; that of `brokenOff` ends without its summary. */
function services(brokenOff?: 'order' | 'inventory' | 'payment') {
  const parts = (service: string) =>
    async function* () {
      yield { findings: [finding] };
      if (service !== brokenOff) yield { summary: { entryCount: 1n, opCount: 1n } };
    };
  return createRouterTransport(({ rpc }) => {
    rpc(OrderService.method.audit, parts('order'));
    rpc(InventoryService.method.audit, parts('inventory'));
    rpc(PaymentService.method.audit, parts('payment'));
  });
}

test('gathers what every service found, the orders’ once though they are asked twice', async () => {
  const { findings, summaries } = await ask(addresses, () => services());
  expect(findings).toHaveLength(3);
  expect(summaries).toHaveLength(3);
});

test.each(['order', 'inventory', 'payment'] as const)(
  'an audit of the %s service that ends without its summary is none',
  async (brokenOff) => {
    await expect(ask(addresses, () => services(brokenOff))).rejects.toThrow(NotAuditedError);
  },
);
