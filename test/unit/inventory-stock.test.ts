import { describe, expect, test } from 'vitest';
import {
  decideAdjustStock,
  decideCancelHold,
  decideDeleteItem,
  decideFree,
  decideHold,
  decidePutItem,
  decideSell,
  decideUnsell,
  evolveStock,
  type StockChange,
  type StockState,
} from '../../services/inventory/domain/stock.ts';
import type { Decision } from '../../shared/journal/decision.ts';

const price = { amountMinorUnits: 250n, currency: 'EUR' };
const tea: StockState = {
  name: 'Tea',
  price,
  onHand: 10,
  held: 0,
  sold: 0,
  received: 10,
  deleted: false,
  writtenOff: 0,
};
const putTea = { sku: 'tea', name: 'Tea', price, onHand: undefined };
const threeForOne = { reservation: 'alice/r1', quantity: 3 };

/** Given, when, then: the outcome and the state after it. */
function then(stock: StockState | undefined, decision: Decision) {
  const [change] = decision.changes;
  return {
    reason: decision.outcome.succeeded ? 'none' : decision.outcome.refusal.reason,
    type: change.type,
    stock: evolveStock(stock, change as unknown as StockChange),
  };
}

describe('PutItem', () => {
  test('creates an item without units, and puts it on the list', () => {
    const decision = decidePutItem(undefined, putTea);
    expect(decision.changes[0].lists).toEqual(['items']);
    expect(then(undefined, decision).stock).toEqual({ ...tea, onHand: 0, received: 0 });
  });

  test('counts the units it is given as received', () => {
    const { stock } = then(undefined, decidePutItem(undefined, { ...putTea, onHand: 10 }));
    expect(stock).toEqual(tea);
  });

  test('replaces name and price, and leaves the units when none are given', () => {
    const cheap = { amountMinorUnits: 1n, currency: 'USD' };
    const decision = decidePutItem(tea, { ...putTea, name: 'Green tea', price: cheap });
    expect(then(tea, decision).stock).toEqual({ ...tea, name: 'Green tea', price: cheap });
    expect(decision.changes[0].lists).toBeUndefined();
  });

  test('sets the units on hand and leaves held and sold ones', () => {
    const busy = { ...tea, onHand: 5, held: 3, sold: 2 };
    const { stock } = then(busy, decidePutItem(busy, { ...putTea, onHand: 1 }));
    expect(stock).toEqual({ ...busy, onHand: 1, received: 6 });
  });

  test('changes nothing when the item is identical', () => {
    expect(then(tea, decidePutItem(tea, { ...putTea, onHand: 10 }))).toEqual({
      reason: 'none',
      type: 'unchanged',
      stock: tea,
    });
  });

  test('brings a deleted item back without listing it twice', () => {
    const deleted = { ...tea, onHand: 0, received: 0, deleted: true, writtenOff: 10 };
    const decision = decidePutItem(deleted, putTea);
    expect(decision.changes[0].lists).toBeUndefined();
    expect(then(deleted, decision).stock).toEqual({ ...deleted, deleted: false });
  });
});

describe('DeleteItem', () => {
  test('writes off the units on hand and remembers how many', () => {
    expect(then(tea, decideDeleteItem(tea, { sku: 'tea' })).stock).toEqual({
      ...tea,
      onHand: 0,
      received: 0,
      deleted: true,
      writtenOff: 10,
    });
  });

  test('is refused while units are held', () => {
    const held = { ...tea, onHand: 7, held: 3 };
    expect(then(held, decideDeleteItem(held, { sku: 'tea' })).reason).toBe('ITEM_HAS_HOLDS');
  });

  test.each([undefined, { ...tea, deleted: true }])('is refused for an item that is not there', (stock) => {
    expect(then(stock, decideDeleteItem(stock, { sku: 'tea' }))).toEqual({
      reason: 'ITEM_NOT_FOUND',
      type: 'refused',
      stock,
    });
  });
});

describe('AdjustStock', () => {
  test('receives units', () => {
    const { stock } = then(tea, decideAdjustStock(tea, { sku: 'tea', delta: 5 }));
    expect(stock).toEqual({ ...tea, onHand: 15, received: 15 });
  });

  test('deducts down to zero and no further', () => {
    const { stock } = then(tea, decideAdjustStock(tea, { sku: 'tea', delta: -10 }));
    expect(stock).toEqual({ ...tea, onHand: 0, received: 0 });
    expect(then(tea, decideAdjustStock(tea, { sku: 'tea', delta: -11 }))).toEqual({
      reason: 'INSUFFICIENT_STOCK',
      type: 'refused',
      stock: tea,
    });
  });

  test('refuses more units than an item may have', () => {
    const full = { ...tea, onHand: 1_000_000_000_000 };
    expect(then(full, decideAdjustStock(full, { sku: 'tea', delta: 1 })).reason).toBe('STOCK_LIMIT_EXCEEDED');
  });

  test('is refused for an item that is not there', () => {
    expect(then(undefined, decideAdjustStock(undefined, { sku: 'tea', delta: 1 })).reason).toBe(
      'ITEM_NOT_FOUND',
    );
  });
});

describe('the units of a reservation', () => {
  const held = { ...tea, onHand: 7, held: 3 };
  const sold = { ...tea, onHand: 7, sold: 3 };

  test('are held, sold and returned without a unit lost', () => {
    expect(then(tea, decideHold(tea, 'tea', threeForOne)).stock).toEqual(held);
    expect(then(held, decideSell(held, 'tea', threeForOne)).stock).toEqual(sold);
    expect(then(sold, decideUnsell(sold, 'tea', threeForOne)).stock).toEqual(tea);
  });

  test('are held and freed; the sale under the same key is refused by it', () => {
    expect(then(held, decideFree(held, 'tea', threeForOne))).toEqual({
      reason: 'RESERVATION_RELEASED',
      type: 'units-freed',
      stock: tea,
    });
  });

  test('can be all that is on hand', () => {
    const all = { reservation: 'alice/r1', quantity: 10 };
    expect(then(tea, decideHold(tea, 'tea', all)).stock).toEqual({ ...tea, onHand: 0, held: 10 });
  });

  test('are refused when fewer are on hand, with the numbers', () => {
    const decision = decideHold({ ...tea, onHand: 2 }, 'tea', threeForOne);
    expect(decision.outcome).toMatchObject({
      refusal: { reason: 'INSUFFICIENT_STOCK', metadata: { sku: 'tea', on_hand: '2', asked: '3' } },
    });
    expect(decision.changes[0]).toMatchObject({
      type: 'hold-refused',
      data: { reservation: 'alice/r1', reason: 'INSUFFICIENT_STOCK' },
    });
  });

  test.each([undefined, { ...tea, deleted: true }])('are refused of an item that is not there', (stock) => {
    expect(then(stock, decideHold(stock, 'tea', threeForOne))).toEqual({
      reason: 'ITEM_NOT_FOUND',
      type: 'hold-refused',
      stock,
    });
  });

  test('can no longer be held after the tombstone, which moves nothing', () => {
    expect(then(tea, decideCancelHold('tea', 'alice/r1'))).toEqual({
      reason: 'REQUEST_CANCELLED',
      type: 'hold-refused',
      stock: tea,
    });
  });

  test('never go below zero: a move without its units is a bug, not a number', () => {
    expect(() => decideSell(tea, 'tea', threeForOne)).toThrow('moves 3 held units, but there are 0');
    expect(() => decideFree(tea, 'tea', threeForOne)).toThrow('moves 3 held units, but there are 0');
    expect(() => decideUnsell(tea, 'tea', threeForOne)).toThrow('moves 3 sold units, but there are 0');
  });

  test('come back to a deleted item and wait there for it to be put again', () => {
    const deleted = { ...sold, onHand: 0, received: 3, deleted: true };
    const back = then(deleted, decideUnsell(deleted, 'tea', threeForOne)).stock;
    expect(back).toEqual({ ...deleted, onHand: 3, sold: 0 });
  });
});
