import { describe, expect, test } from 'vitest';
import {
  decideAdjustStock,
  decideDeleteItem,
  decidePutItem,
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
