// The moves of a reservation's units: all lines of a group, or none.

import { describe, expect, test } from 'vitest';
import { evolveStock, type StockChange, type StockState } from '../../services/inventory/domain/stock.ts';
import {
  decideCancelHold,
  decideFree,
  decideHold,
  decideSell,
  decideTakeBack,
  decideUnsell,
} from '../../services/inventory/domain/units.ts';
import type { Decision } from '../../shared/journal/decision.ts';

const tea: StockState = {
  name: 'Tea',
  price: { amountMinorUnits: 250n, currency: 'EUR' },
  onHand: 10,
  held: 0,
  sold: 0,
  received: 10,
  deleted: false,
  writtenOff: 0,
};
const scoped = 'alice/r1';
const threeTeas = [{ sku: 'tea', quantity: 3 }];
const lines = [
  { sku: 'tea', quantity: 3 },
  { sku: 'cup', quantity: 2 },
];
const cup: StockState = { ...tea, name: 'Cup', onHand: 5, received: 5 };

/** Given, when, then: the outcome and the stock of some lines after it. */
function then(stock: readonly (StockState | undefined)[], decision: Decision, skus = ['tea', 'cup']) {
  const after = stock.map((state, index) =>
    decision.changes
      .filter(({ entity }) => entity === `stock/${skus[index]}`)
      .reduce((before, change) => evolveStock(before, change as unknown as StockChange), state),
  );
  return {
    reason: decision.outcome.succeeded ? 'none' : decision.outcome.refusal.reason,
    told: decision.changes.map(({ entity, type }) => `${entity} ${type}`),
    stock: after,
  };
}

describe('the units of one line', () => {
  const held = { ...tea, onHand: 7, held: 3 };
  const sold = { ...tea, onHand: 7, sold: 3 };

  test('are held, sold and returned without a unit lost', () => {
    expect(then([tea], decideHold([tea], scoped, threeTeas)).stock).toEqual([held]);
    expect(then([held], decideSell([held], scoped, threeTeas)).stock).toEqual([sold]);
    expect(then([sold], decideUnsell([sold], scoped, threeTeas)).stock).toEqual([tea]);
  });

  test('are held and freed; the sale under the same key is refused by it', () => {
    expect(then([held], decideFree([held], scoped, threeTeas))).toEqual({
      reason: 'RESERVATION_RELEASED',
      told: ['stock/tea units-freed'],
      stock: [tea],
    });
  });

  test('can be all that is on hand', () => {
    const all = [{ sku: 'tea', quantity: 10 }];
    expect(then([tea], decideHold([tea], scoped, all)).stock).toEqual([{ ...tea, onHand: 0, held: 10 }]);
  });

  test('are refused when fewer are on hand, with the numbers', () => {
    const decision = decideHold([{ ...tea, onHand: 2 }], scoped, threeTeas);
    expect(decision.outcome).toMatchObject({
      refusal: { reason: 'INSUFFICIENT_STOCK', metadata: { sku: 'tea', on_hand: '2', asked: '3' } },
    });
    expect(decision.changes).toEqual([
      {
        entity: 'stock/tea',
        type: 'hold-refused',
        data: { reservation: 'alice/r1', reason: 'INSUFFICIENT_STOCK' },
      },
    ]);
  });

  test.each([undefined, { ...tea, deleted: true }])('are refused of an item that is not there', (stock) => {
    expect(then([stock], decideHold([stock], scoped, threeTeas))).toEqual({
      reason: 'ITEM_NOT_FOUND',
      told: ['stock/tea hold-refused'],
      stock: [stock],
    });
  });

  test('can no longer be held after the tombstone, which moves nothing', () => {
    expect(then([tea], decideCancelHold(scoped, threeTeas))).toEqual({
      reason: 'REQUEST_CANCELLED',
      told: ['stock/tea hold-refused'],
      stock: [tea],
    });
  });

  test('never go below zero: a move without its units is a bug, not a number', () => {
    const back = { id: 'a', lines: threeTeas, backOnSale: true };
    expect(() => decideSell([tea], scoped, threeTeas)).toThrow('moves 3 held units of tea, but there are 0');
    expect(() => decideFree([tea], scoped, threeTeas)).toThrow('moves 3 held units of tea, but there are 0');
    expect(() => decideUnsell([tea], scoped, threeTeas)).toThrow(
      'moves 3 sold units of tea, but there are 0',
    );
    expect(() => decideTakeBack([tea], scoped, back)).toThrow('moves 3 sold units of tea, but there are 0');
  });

  test('come back to a deleted item and wait there for it to be put again', () => {
    const deleted = { ...sold, onHand: 0, received: 3, deleted: true };
    const back = then([deleted], decideUnsell([deleted], scoped, threeTeas)).stock;
    expect(back).toEqual([{ ...deleted, onHand: 3, sold: 0 }]);
  });
});

describe('the units of several lines', () => {
  const held = [
    { ...tea, onHand: 7, held: 3 },
    { ...cup, onHand: 3, held: 2 },
  ];

  test('are held, sold, freed and returned together', () => {
    const sold = [
      { ...tea, onHand: 7, sold: 3 },
      { ...cup, onHand: 3, sold: 2 },
    ];
    expect(then([tea, cup], decideHold([tea, cup], scoped, lines))).toEqual({
      reason: 'none',
      told: ['stock/tea units-held', 'stock/cup units-held'],
      stock: held,
    });
    expect(then(held, decideSell(held, scoped, lines)).stock).toEqual(sold);
    expect(then(held, decideFree(held, scoped, lines)).stock).toEqual([tea, cup]);
    expect(then(sold, decideUnsell(sold, scoped, lines)).stock).toEqual([tea, cup]);
  });

  test('are not held at all when the last line cannot be, which alone is blamed', () => {
    const few = { ...cup, onHand: 1 };
    const decision = decideHold([tea, few], scoped, lines);
    expect(then([tea, few], decision)).toEqual({
      reason: 'INSUFFICIENT_STOCK',
      told: ['stock/cup hold-refused'],
      stock: [tea, few],
    });
    expect(decision.outcome).toMatchObject({ refusal: { metadata: { sku: 'cup' } } });
  });

  test('are refused for the first line that cannot be held, in the order of the request', () => {
    const decision = decideHold([undefined, { ...cup, onHand: 0 }], scoped, lines);
    expect(decision.outcome).toMatchObject({
      refusal: { reason: 'ITEM_NOT_FOUND', metadata: { sku: 'tea' } },
    });
  });

  test('are not moved at all when those of one line are not there', () => {
    const [teas] = held;
    expect(() => decideSell([teas, cup], scoped, lines)).toThrow(
      'moves 2 held units of cup, but there are 0',
    );
  });

  test('come back as a return says, on sale or off the books', () => {
    const sold = [
      { ...tea, onHand: 7, sold: 3 },
      { ...cup, onHand: 3, sold: 2 },
    ];
    const one = lines.map(({ sku }) => ({ sku, quantity: 1 }));
    const back = (backOnSale: boolean) => decideTakeBack(sold, scoped, { id: 'a', lines: one, backOnSale });
    expect(back(true).changes[1]).toEqual({
      entity: 'stock/cup',
      type: 'units-taken-back',
      data: { reservation: 'alice/r1', quantity: 1, return: 'a' },
    });
    expect(then(sold, back(true)).stock).toMatchObject([
      { onHand: 8, sold: 2 },
      { onHand: 4, sold: 1 },
    ]);
    expect(then(sold, back(false)).stock).toMatchObject([
      { onHand: 7, sold: 2, received: 9 },
      { onHand: 3, sold: 1, received: 4 },
    ]);
  });
});
