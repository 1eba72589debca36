// A shop for refunds by line: an order of two items of which parts go back, and the books of just these.

import { deriveId } from '../../shared/idempotency/index.ts';
import { insist } from './answers.ts';
import { eur, type OrderClient, type OrderSuite, orderOf } from './order-suite.ts';

export type Lines = readonly (readonly [sku: string, quantity: number])[];

/**
 * Ten of `<name>-a` at 450 and of `<name>-b` at 100 on the shelf, 5,000 in the account; an order of three and two of them:
 * 1,550.
 */
export async function openRefundShop(suite: OrderSuite, name: string) {
  const alice = suite.order.client();
  const [a, b] = [`${name}-a`, `${name}-b`];
  await suite.stock(a, 10n, eur(450n));
  await suite.stock(b, 10n, eur(100n));
  await suite.openAccount(name, 5_000n);
  const orderId = deriveId('order', 'alice', 'PlaceOrder', `place-${name}`);
  const place = (client = alice) =>
    insist((o) => client.placeOrder(orderOf(name, [a, 3], [b, 2]), o), `place-${name}`);
  return {
    a,
    b,
    orderId,
    place,
    refund: (requestId: string, lines: Lines, more: { backOnSale?: boolean; client?: OrderClient } = {}) => {
      const request = {
        orderId,
        lines: lines.map(([sku, quantity]) => ({ sku, quantity })),
        backOnSale: more.backOnSale ?? true,
        reason: 'does not fit',
      };
      return insist(
        (o) => (more.client ?? alice).refundOrderLines(request, o),
        `refund-${name}-${requestId}`,
      );
    },
    cancel: (client = alice) => insist((o) => client.cancelOrder({ orderId }, o), `cancel-${name}`),
    /** The balance, and of each item what is on hand, held and sold. */
    books: async () => ({
      balance: await suite.balance(name),
      a: await suite.shelf(a),
      b: await suite.shelf(b),
    }),
  };
}
