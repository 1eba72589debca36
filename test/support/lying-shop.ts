// A shop in memory that speaks the three services' language and lies: it answers every duplicate of an order with the same
// words, marks them as replays, audits itself as clean, and takes the money again each time. Only its books tell.

import type { ConnectRouter, HandlerContext } from '@connectrpc/connect';
import { Code, ConnectError } from '@connectrpc/connect';
import { Verdict } from '../../shared/gen/twicesafe/audit/v1/audit_pb.ts';
import { InventoryService } from '../../shared/gen/twicesafe/inventory/v1/inventory_pb.ts';
import { OrderService, OrderStatus } from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import { PaymentService } from '../../shared/gen/twicesafe/payment/v1/payment_pb.ts';
import { authenticationFrom, refusalError, replayedHeader, startRpcServer } from '../../shared/rpc/index.ts';
import { createSystemClock } from '../../shared/runtime/index.ts';
import { silentLog } from './toy-order-server.ts';

interface Shelf {
  price: bigint;
  onHand: bigint;
  sold: bigint;
}

interface Placed {
  orderId: string;
  accountId: string;
  lines: { sku: string; quantity: number }[];
  total: bigint;
}

export interface LyingShop {
  readonly address: string;
  stop(): Promise<void>;
}

const invariants = ['journal', 'ledger', 'I1', 'I2', 'I3', 'I4', 'I5', 'I6', 'I10'];
const clean = {
  summary: {
    verdicts: invariants.map((invariant) => ({ invariant, verdict: Verdict.HOLDS, checkedCount: 1n })),
  },
};
const soldOut = { reason: 'INSUFFICIENT_STOCK', message: 'sold out', metadata: {} };
const eur = (amountMinorUnits: bigint) => ({ amountMinorUnits, currency: 'EUR' });

/** `chargesTwice: false` is the honest shop: what the storm finds in the other one must be the lie and nothing else. */
export async function startLyingShop({ chargesTwice }: { chargesTwice: boolean }): Promise<LyingShop> {
  const balances = new Map<string, bigint>();
  const shelves = new Map<string, Shelf>();
  const answers = new Map<string, unknown>();
  const orders = new Map<string, Placed>();

  /** The recorded answer, or the one that `work` makes now. Everything here is synchronous, so nothing races. */
  function once<T>(
    context: HandlerContext,
    rpc: string,
    work: () => T,
    again: () => void = () => undefined,
  ): T {
    const key = `${rpc} ${context.requestHeader.get('request-id')}`;
    if (!answers.has(key)) {
      answers.set(key, work());
      return answers.get(key) as T;
    }
    again();
    context.responseHeader.set(replayedHeader, 'true');
    return answers.get(key) as T;
  }
  const account = (accountId: string) => ({
    account: { accountId, balance: eur(balances.get(accountId) ?? 0n) },
  });
  const move = (accountId: string, amount: bigint) =>
    balances.set(accountId, (balances.get(accountId) ?? 0n) + amount);
  const shelf = (sku: string): Shelf => {
    const found = shelves.get(sku) ?? { price: 0n, onHand: 0n, sold: 0n };
    shelves.set(sku, found);
    return found;
  };
  const item = (sku: string) => ({ item: { sku, onHand: shelf(sku).onHand, sold: shelf(sku).sold } });
  const order = ({ orderId, accountId, lines, total }: Placed) => ({
    order: { orderId, accountId, lines, total: eur(total), status: OrderStatus.CONFIRMED },
  });
  async function* audit() {
    yield clean;
  }

  function routes(router: ConnectRouter): void {
    router.service(OrderService, {
      placeOrder(request, context) {
        const orderId = `order-${context.requestHeader.get('request-id')}`.replaceAll(':', '-');
        const charge = () => {
          const placed = orders.get(orderId);
          if (placed) move(placed.accountId, -placed.total);
        };
        const place = () => {
          const accountId = String(request.paymentSource.value);
          const lines = request.lines.map(({ sku, quantity }) => ({ sku, quantity }));
          const total = lines.reduce(
            (sum, { sku, quantity }) => sum + shelf(sku).price * BigInt(quantity),
            0n,
          );
          if (lines.some(({ sku, quantity }) => shelf(sku).onHand < BigInt(quantity))) return soldOut;
          orders.set(orderId, { orderId, accountId, lines, total });
          for (const { sku, quantity } of lines) {
            shelf(sku).onHand -= BigInt(quantity);
            shelf(sku).sold += BigInt(quantity);
          }
          charge();
          return order({ orderId, accountId, lines, total });
        };
        const answer = once(context, 'PlaceOrder', place, chargesTwice ? charge : undefined);
        if ('order' in answer) return answer;
        const replayed = context.responseHeader.get(replayedHeader) === 'true';
        throw refusalError({ INSUFFICIENT_STOCK: Code.FailedPrecondition }, soldOut, replayed);
      },
      getOrder({ orderId }) {
        const placed = orders.get(orderId);
        if (!placed) throw new ConnectError('no such order', Code.NotFound);
        return order(placed);
      },
      lookupRequest: () => ({ recorded: false }),
      listSagas: () => ({ sagas: [], totalCount: 0n }),
      audit,
    });
    router.service(InventoryService, {
      putItem: ({ sku, price, onHand }, context) =>
        once(context, 'PutItem', () => {
          shelves.set(sku, { price: price?.amountMinorUnits ?? 0n, onHand: onHand ?? 0n, sold: 0n });
          return item(sku);
        }),
      adjustStock: ({ sku, delta }, context) =>
        once(context, 'AdjustStock', () => {
          shelf(sku).onHand += delta;
          return item(sku);
        }),
      getItem: ({ sku }) => item(sku),
      audit,
    });
    router.service(PaymentService, {
      openAccount: ({ accountId, openingBalance }, context) =>
        once(context, 'OpenAccount', () => {
          balances.set(accountId, openingBalance?.amountMinorUnits ?? 0n);
          return account(accountId);
        }),
      deposit: ({ accountId, amount }, context) =>
        once(context, 'Deposit', () => {
          move(accountId, amount?.amountMinorUnits ?? 0n);
          return account(accountId);
        }),
      withdraw: ({ accountId, amount }, context) =>
        once(context, 'Withdraw', () => {
          move(accountId, -(amount?.amountMinorUnits ?? 0n));
          return account(accountId);
        }),
      getAccount: ({ accountId }) => account(accountId),
      audit,
    });
  }

  const server = await startRpcServer({
    name: 'lying shop',
    host: '127.0.0.1',
    port: 0,
    portVariable: 'ORDER_PORT',
    services: [OrderService, InventoryService, PaymentService],
    authentication: authenticationFrom({ tokens: '' }),
    clock: createSystemClock(),
    log: silentLog,
    routes,
  });
  return { address: `http://127.0.0.1:${server.port}`, stop: () => server.stop() };
}
