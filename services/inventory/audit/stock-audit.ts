// I3, per SKU: received = on hand + held + sold, nothing negative. Counts from what happened, not from the states and
// not with the rules of domain/, because a wrong rule must not agree with itself; then compares with the states.

import type { RecordedOp } from '../../../shared/journal/index.ts';
import { skuOf } from '../domain/names.ts';
import { asStock } from '../domain/rules.ts';
import type { StockChange, StockState } from '../domain/stock.ts';
import type { Finding } from './finding.ts';

export interface StockAudit {
  /** Takes the next op of a stock entity. Speaks once per SKU: after the first contradiction every number differs. */
  take(op: RecordedOp): readonly Finding[];
  count(): number;
}

type Sums = { received: number; held: number; sold: number; isWrong: boolean };

export function createStockAudit(): StockAudit {
  const stock = new Map<string, Sums>();
  return {
    count: () => stock.size,
    take(op) {
      const sums = stock.get(op.entity) ?? { received: 0, held: 0, sold: 0, isWrong: false };
      stock.set(op.entity, sums);
      // The cast is safe for what this service wrote; anything else shows as a difference.
      add(sums, { type: op.type, data: op.data } as StockChange);
      const wrong = sums.isWrong ? [] : contradictions(sums, asStock(op.state));
      if (wrong.length === 0) return [];
      sums.isWrong = true;
      return wrong.map((what) => ({
        invariant: 'I3',
        entity: op.entity,
        description: `after ${op.key}, item ${skuOf(op.entity)}: ${what}`,
      }));
    },
  };
}

function add(sums: Sums, { type, data }: StockChange): void {
  switch (type) {
    case 'item-put':
    case 'stock-adjusted':
      sums.received += data.receivedUnits;
      break;
    case 'item-deleted':
      sums.received -= data.writtenOff;
      break;
    case 'units-held':
      sums.held += data.quantity;
      break;
    case 'units-sold':
      sums.held -= data.quantity;
      sums.sold += data.quantity;
      break;
    case 'units-freed':
      sums.held -= data.quantity;
      break;
    case 'units-returned':
    case 'units-taken-back':
      sums.sold -= data.quantity;
      break;
    case 'units-written-off':
      sums.sold -= data.quantity;
      sums.received -= data.quantity;
      break;
    default:
  }
}

function contradictions(sums: Sums, state: StockState | undefined): string[] {
  const { received, held, sold } = sums;
  const counted = { received, onHand: received - held - sold, held, sold };
  const carried = state ?? { received: 0, onHand: 0, held: 0, sold: 0 };
  return (['received', 'onHand', 'held', 'sold'] as const).flatMap((where) => {
    if (!(counted[where] >= 0)) return [`${where} is ${counted[where]}, below zero`];
    if (counted[where] === carried[where]) return [];
    return [`${where} is ${counted[where]} by what happened, but the state says ${carried[where]}`];
  });
}
