// A running suite seen as a shop: a client for each process, goods on the shelf, money in accounts, and the books at the
// end. Everything goes over the wire; nothing here looks into a database.

import { type Client, createClient } from '@connectrpc/connect';
import { createConnectTransport, createGrpcTransport } from '@connectrpc/connect-node';
import { expect, vi } from 'vitest';
import { type Asked, ask } from '../../cli/audit/ask.ts';
import { compare } from '../../cli/audit/compare.ts';
import { verdicts } from '../../cli/audit/verdicts.ts';
import { InventoryService } from '../../shared/gen/twicesafe/inventory/v1/inventory_pb.ts';
import { OrderService } from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import { PaymentService } from '../../shared/gen/twicesafe/payment/v1/payment_pb.ts';
import { done } from './answers.ts';
import type { TestSuite } from './suite.ts';

export interface Shop {
  /** The client of a process: `order`, or `order-2`. */
  order(name?: string): Client<typeof OrderService>;
  inventory(name?: string): Client<typeof InventoryService>;
  payment(name?: string): Client<typeof PaymentService>;
  /** Puts an item on the shelf. */
  stock(sku: string, onHand: bigint, priceMinorUnits?: bigint): Promise<void>;
  openAccount(accountId: string, balanceMinorUnits: bigint): Promise<void>;
  shelf(sku: string): Promise<{ onHand: bigint; held: bigint; sold: bigint }>;
  balance(accountId: string): Promise<bigint>;
  /** Waits until no saga is open. */
  settle(withinMs?: number): Promise<void>;
  /** Expects that every invariant holds, at each service alone and across the three. */
  expectCleanAudit(): Promise<Asked>;
}

/** The promise: definite within 30 s. */
const settleMsMax = 30_000;
const lookEveryMs = 50;

export const currency = 'EUR';

export function openShop(suite: TestSuite, protocol: 'connect' | 'grpc' = 'connect'): Shop {
  const clients = new Map<string, unknown>();
  const connect = protocol === 'connect' ? createConnectTransport : createGrpcTransport;

  function clientOf<S extends Parameters<typeof createClient>[0]>(service: S, name: string): Client<S> {
    const client =
      clients.get(name) ?? createClient(service, connect({ baseUrl: suite.address(name), httpVersion: '2' }));
    clients.set(name, client);
    return client as Client<S>;
  }

  const order = (name = 'order') => clientOf(OrderService, name);
  const inventory = (name = 'inventory') => clientOf(InventoryService, name);
  const payment = (name = 'payment') => clientOf(PaymentService, name);

  return {
    order,
    inventory,
    payment,
    async stock(sku, onHand, priceMinorUnits = 100n) {
      const price = { amountMinorUnits: priceMinorUnits, currency };
      await done(
        (options) => inventory().putItem({ sku, name: sku, price, onHand }, options),
        `stock:${sku}`,
      );
    },
    async openAccount(accountId, amountMinorUnits) {
      const openingBalance = { amountMinorUnits, currency };
      await done(
        (options) => payment().openAccount({ accountId, openingBalance }, options),
        `open:account:${accountId}`,
      );
    },
    async shelf(sku) {
      const { item } = await done((options) => inventory().getItem({ sku }, options));
      if (!item) throw new Error(`there is no item ${sku}`);
      return { onHand: item.onHand, held: item.held, sold: item.sold };
    },
    async balance(accountId) {
      const { account } = await done((options) => payment().getAccount({ accountId }, options));
      if (!account?.balance) throw new Error(`account ${accountId} has no balance`);
      return account.balance.amountMinorUnits;
    },
    async settle(withinMs = settleMsMax) {
      await vi.waitFor(
        async () => {
          const { sagas, totalCount } = await order().listSagas({ limit: 20 }, { timeoutMs: 5_000 });
          expect(sagas).toEqual([]);
          expect(totalCount).toBe(0n);
        },
        { timeout: withinMs, interval: lookEveryMs },
      );
    },
    async expectCleanAudit() {
      const addresses = {
        order: suite.address('order'),
        inventory: suite.address('inventory'),
        payment: suite.address('payment'),
      };
      const asked = await ask(addresses);
      const comparison = compare(asked.facts);
      expect([...asked.findings, ...comparison.findings]).toEqual([]);
      const doubts = verdicts(asked, comparison).filter(({ verdict }) => verdict !== 'holds');
      expect(doubts).toEqual([]);
      return asked;
    },
  };
}
