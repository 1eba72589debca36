// Which lines move together, and which refusal speaks for a reservation whose lines are in several streams.

import { describe, expect, test } from 'vitest';
import { groupsOf, homeGroupOf } from '../../services/inventory/domain/groups.ts';
import { holdKey, returnKey, sellKey, unsellKey } from '../../services/inventory/domain/names.ts';
import { insufficientStock, requestCancelled } from '../../services/inventory/domain/refusals.ts';
import { firstRefusal, pricedLines } from '../../services/inventory/held-lines.ts';
import type { Recorded, Refusal, State } from '../../shared/journal/index.ts';

const line = (sku: string) => ({ sku, quantity: 1 });
const lines = ['tea', 'cup', 'pot', 'jar'].map(line);
/** The reservation, cups and jars in one stream, teas and pots in another. */
const streamOf = (entity: string) => (['stock/tea', 'stock/pot'].includes(entity) ? 's1' : 's0');

describe('the lines of a reservation', () => {
  test('are grouped by the stream of their stock, in the order of the request', () => {
    expect(groupsOf(lines, streamOf)).toEqual([
      { stream: 's1', lines: [line('tea'), line('pot')] },
      { stream: 's0', lines: [line('cup'), line('jar')] },
    ]);
    expect(groupsOf([], streamOf)).toEqual([]);
  });

  test('are at home where the reservation is', () => {
    expect(homeGroupOf('alice/r1', groupsOf(lines, streamOf), streamOf)?.lines).toEqual([
      line('cup'),
      line('jar'),
    ]);
    expect(homeGroupOf('alice/r1', groupsOf([line('tea')], streamOf), streamOf)).toBeUndefined();
  });

  test('move under keys that no line of the same name could have', () => {
    // A SKU may be called like a stream.
    const keys = [holdKey, sellKey, unsellKey].map((keyOf) => keyOf('alice/r1', 's0'));
    expect([...keys, returnKey('alice/r1', 'a', 's0')]).toEqual([
      'hold/alice/r1@s0',
      'sell/alice/r1@s0',
      'unsell/alice/r1@s0',
      'return/alice/r1/a@s0',
    ]);
  });
});

describe('the holds of several groups', () => {
  const recorded = (refusal?: Refusal, states: readonly (readonly [string, State])[] = []): Recorded => ({
    outcome: refusal ? { succeeded: false, refusal } : { succeeded: true },
    replayed: true,
    seq: 1,
    states: new Map(states),
    at: new Date('2026-11-24T12:00:00Z'),
  });
  const [teaAndPot, cupAndJar] = groupsOf(lines, streamOf);
  const holdsOf = (first: Recorded, second: Recorded) => [
    { group: teaAndPot ?? { stream: '', lines: [] }, hold: first },
    { group: cupAndJar ?? { stream: '', lines: [] }, hold: second },
  ];
  const short = (sku: string) => recorded(insufficientStock(sku, 0, 1));

  test.each([
    ['of the only group that was refused', recorded(), short('jar'), 'jar'],
    ['of the earlier line, though its group is the later one', short('pot'), short('cup'), 'cup'],
    ['of the earlier line in the earlier group', short('tea'), short('cup'), 'tea'],
  ])('are refused with the refusal %s', (_name, first, second, sku) => {
    expect(firstRefusal(lines, holdsOf(first, second))).toEqual(insufficientStock(sku, 0, 1));
  });

  test('count a tombstone as the refusal of its first line', () => {
    const cancelled = recorded(requestCancelled('r1'));
    expect(firstRefusal(lines, holdsOf(short('pot'), cancelled))?.reason).toBe('REQUEST_CANCELLED');
    expect(firstRefusal(lines, holdsOf(cancelled, short('cup')))?.reason).toBe('REQUEST_CANCELLED');
    expect(firstRefusal(lines, holdsOf(short('tea'), cancelled))?.reason).toBe('INSUFFICIENT_STOCK');
  });

  test('are not refused when all were made, and tell the prices; one that was refused tells none', () => {
    const price = (amountMinorUnits: bigint) => ({ price: { amountMinorUnits, currency: 'EUR' } });
    const held = recorded(undefined, [
      ['stock/tea', price(1n)],
      ['stock/pot', price(3n)],
    ]);
    expect(firstRefusal(lines, holdsOf(held, recorded()))).toBeUndefined();
    const refused = recorded(insufficientStock('cup', 0, 1), [['stock/cup', price(2n)]]);
    const prices = pricedLines(lines, holdsOf(held, refused)).map(
      ({ unitPrice }) => unitPrice?.amountMinorUnits,
    );
    expect(prices).toEqual([1n, undefined, 3n, undefined]);
  });
});
