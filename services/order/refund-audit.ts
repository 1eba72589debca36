// I10, the refunds of an order by line: each is decided once, of a completed order, and done at most once; over all of them
// never more units go back than were bought, at their price, and the state says the same. It adds up by itself.

import type { RecordedOp } from '../../shared/journal/index.ts';
import { asOrder, type OrderState, type RefundedUnits } from './domain/order-state.ts';

export interface RefundAudit {
  /** Takes the next op of its order; returns what is wrong with it. */
  take(op: RecordedOp): string[];
}

interface Sums {
  readonly asked: Set<string>;
  readonly done: Set<string>;
  readonly units: Map<string, number>;
  amountMinorUnits: bigint;
}

/** Remembers the orders that had a refund. */
export function createRefundAudit(): RefundAudit {
  const orders = new Map<string, Sums>();

  function takeAsked(op: RecordedOp, sums: Sums, order: OrderState): string[] {
    const { refundId, units, amount } = op.data as {
      refundId: string;
      units: readonly RefundedUnits[];
      amount: { amountMinorUnits: bigint };
    };
    const wrong: string[] = [];
    if (sums.asked.has(refundId)) wrong.push(`refund ${refundId} is decided twice`);
    sums.asked.add(refundId);
    if (order.saga.phase !== 'completed')
      wrong.push(`a refund is decided while the order is ${order.saga.phase}`);
    let price = 0n;
    for (const { sku, quantity } of units) {
      const line = order.lines.find((each) => each.sku === sku);
      const sum = (sums.units.get(sku) ?? 0) + quantity;
      sums.units.set(sku, sum);
      if (sum > (line?.quantity ?? 0))
        wrong.push(`${sum} units of ${sku} go back, ${line?.quantity ?? 0} were bought`);
      price += (line?.unitPrice?.amountMinorUnits ?? 0n) * BigInt(quantity);
    }
    if (price !== amount.amountMinorUnits) {
      wrong.push(`refund ${refundId} gives back ${amount.amountMinorUnits} for units that cost ${price}`);
    }
    sums.amountMinorUnits += amount.amountMinorUnits;
    return wrong;
  }

  function takeDone(op: RecordedOp, sums: Sums): string[] {
    const refundId = String(op.data['refundId']);
    const wrong: string[] = [];
    if (!sums.asked.has(refundId)) wrong.push(`refund ${refundId} is done and was never decided`);
    if (sums.done.has(refundId)) wrong.push(`refund ${refundId} is done twice`);
    sums.done.add(refundId);
    return wrong;
  }

  return {
    take(op) {
      const isAsked = op.type === 'refund_asked';
      if (!isAsked && op.type !== 'refunded') return [];
      const order = asOrder(op.state);
      if (!order) return [`${op.type} of an order that does not exist`];
      const sums = orders.get(op.entity) ?? {
        asked: new Set(),
        done: new Set(),
        units: new Map(),
        amountMinorUnits: 0n,
      };
      orders.set(op.entity, sums);
      const wrong = isAsked ? takeAsked(op, sums, order) : takeDone(op, sums);
      const carried = order.refunds;
      const open = carried?.open.length ?? 0;
      if (carried?.amountMinorUnits !== sums.amountMinorUnits) {
        wrong.push(`refunds sum to ${sums.amountMinorUnits}, the state says ${carried?.amountMinorUnits}`);
      }
      if (open !== sums.asked.size - sums.done.size) {
        wrong.push(`${sums.asked.size - sums.done.size} refunds are open, the state says ${open}`);
      }
      return wrong;
    },
  };
}
