// The stock of one item: what may happen to it, and where its units are. It knows of a reservation only its name:
// the state has no list of them, so a hot SKU stays small. What reservations do with the units: units.ts.

import { type Decision, refuse, succeed } from '../../../shared/journal/decision.ts';
import { itemsList, stockEntity } from './names.ts';
import { insufficientStock, itemHasHolds, itemNotFound, stockLimitExceeded } from './refusals.ts';

/** The price of one unit. */
export type Price = { readonly amountMinorUnits: bigint; readonly currency: string };

/** Units are whole numbers far below 2^53. Always: received = onHand + held + sold. */
export type StockState = {
  readonly name: string;
  readonly price: Price;
  /** Units that can be reserved now. */
  readonly onHand: number;
  readonly held: number;
  readonly sold: number;
  /** Units that came in, less those that were deducted or written off. */
  readonly received: number;
  /** Out of sale. Units that a release brings back are kept for when the item is put again. */
  readonly deleted: boolean;
  /** What the last DeleteItem wrote off: its replay must answer the same number. */
  readonly writtenOff: number;
};

/** Some units of a reservation. `reservation` is its scoped name. */
export type Units = { readonly reservation: string; readonly quantity: number };

export type StockChange =
  | { readonly type: 'item-put'; readonly data: { name: string; price: Price; receivedUnits: number } }
  | { readonly type: 'item-deleted'; readonly data: { writtenOff: number } }
  | { readonly type: 'stock-adjusted'; readonly data: { receivedUnits: number } }
  | { readonly type: 'units-held' | 'units-sold' | 'units-freed' | 'units-returned'; readonly data: Units }
  | { readonly type: 'units-taken-back' | 'units-written-off'; readonly data: Units & { return: string } }
  | { readonly type: 'hold-refused'; readonly data: { reservation: string; reason: string } }
  | { readonly type: 'unchanged'; readonly data: Readonly<Record<string, never>> }
  | { readonly type: 'refused'; readonly data: { reason: string } };

/** The proto's bound on one PutItem, kept by AdjustStock too: sums over any life of an item stay whole numbers. */
export const onHandUnitsMax = 1_000_000_000_000;

const emptyStock: Omit<StockState, 'name' | 'price'> = {
  onHand: 0,
  held: 0,
  sold: 0,
  received: 0,
  deleted: false,
  writtenOff: 0,
};

/** Creates the item or replaces what is given. `onHand` undefined leaves the units as they are. */
export function decidePutItem(
  stock: StockState | undefined,
  item: { sku: string; name: string; price: Price; onHand: number | undefined },
): Decision {
  const receivedUnits = item.onHand === undefined ? 0 : item.onHand - (stock?.onHand ?? 0);
  const isIdentical =
    stock !== undefined &&
    !stock.deleted &&
    receivedUnits === 0 &&
    stock.name === item.name &&
    stock.price.amountMinorUnits === item.price.amountMinorUnits &&
    stock.price.currency === item.price.currency;
  if (isIdentical) return succeed({ entity: stockEntity(item.sku), type: 'unchanged', data: {} });
  return succeed({
    entity: stockEntity(item.sku),
    type: 'item-put',
    data: { name: item.name, price: item.price, receivedUnits },
    // An item that was deleted is in the list already.
    ...(stock ? {} : { lists: [itemsList] }),
  });
}

/** Takes the item out of sale. Refused while units are held: somebody was promised them. */
export function decideDeleteItem(stock: StockState | undefined, { sku }: { sku: string }): Decision {
  const entity = stockEntity(sku);
  if (!isForSale(stock)) return refuse(entity, itemNotFound(sku));
  if (stock.held > 0) return refuse(entity, itemHasHolds(sku, stock.held));
  return succeed({ entity, type: 'item-deleted', data: { writtenOff: stock.onHand } });
}

/** Receives units, or deducts them for `delta` below zero. */
export function decideAdjustStock(
  stock: StockState | undefined,
  { sku, delta }: { sku: string; delta: number },
): Decision {
  const entity = stockEntity(sku);
  if (!isForSale(stock)) return refuse(entity, itemNotFound(sku));
  if (stock.onHand + delta < 0) return refuse(entity, insufficientStock(sku, stock.onHand, -delta));
  if (stock.onHand + delta > onHandUnitsMax) return refuse(entity, stockLimitExceeded(sku, onHandUnitsMax));
  return succeed({ entity, type: 'stock-adjusted', data: { receivedUnits: delta } });
}

export function isForSale(stock: StockState | undefined): stock is StockState {
  return stock !== undefined && !stock.deleted;
}

/** The one place where stock changes. */
export function evolveStock(stock: StockState | undefined, change: StockChange): StockState | undefined {
  if (change.type === 'item-put') {
    const { name, price, receivedUnits } = change.data;
    const before = stock ?? { ...emptyStock, name, price };
    return { ...received(before, receivedUnits), name, price, deleted: false };
  }
  if (stock === undefined) return undefined;
  switch (change.type) {
    case 'item-deleted':
      return {
        ...received(stock, -change.data.writtenOff),
        deleted: true,
        writtenOff: change.data.writtenOff,
      };
    case 'stock-adjusted':
      return received(stock, change.data.receivedUnits);
    case 'units-held':
      return moved(stock, { onHand: -change.data.quantity, held: change.data.quantity });
    case 'units-sold':
      return moved(stock, { held: -change.data.quantity, sold: change.data.quantity });
    case 'units-freed':
      return moved(stock, { held: -change.data.quantity, onHand: change.data.quantity });
    case 'units-returned':
    case 'units-taken-back':
      return moved(stock, { sold: -change.data.quantity, onHand: change.data.quantity });
    case 'units-written-off':
      return {
        ...moved(stock, { sold: -change.data.quantity }),
        received: stock.received - change.data.quantity,
      };
    default:
      return stock;
  }
}

function received(stock: StockState, units: number): StockState {
  return { ...stock, onHand: stock.onHand + units, received: stock.received + units };
}

function moved(stock: StockState, by: { onHand?: number; held?: number; sold?: number }): StockState {
  return {
    ...stock,
    onHand: stock.onHand + (by.onHand ?? 0),
    held: stock.held + (by.held ?? 0),
    sold: stock.sold + (by.sold ?? 0),
  };
}
