// The inventory's audit of returns: each kind of return that goes wrong is found.

import { describe, expect, test } from 'vitest';
import { createInventoryAudit } from '../../services/inventory/audit/inventory-audit.ts';
import { inventoryRules } from '../../services/inventory/domain/rules.ts';
import type { RecordedOp, State } from '../../shared/journal/index.ts';

const cutAt = new Date('2026-11-24T13:00:00Z');
const at = new Date('2026-11-24T12:00:00Z');
const stock = 'stock/tea';
const reservation = 'reservation/alice/r1';
const units = (quantity: number) => ({ reservation: 'alice/r1', quantity });

type Told = readonly [entity: string, type: string, data: Record<string, unknown>];

/** Five teas were sold to alice of ten. */
const sold: readonly Told[] = [
  [stock, 'item-put', { name: 'tea', price: { amountMinorUnits: 1n, currency: 'EUR' }, receivedUnits: 10 }],
  [reservation, 'reservation-requested', { lines: [{ sku: 'tea', quantity: 5 }], reference: '' }],
  [stock, 'units-held', units(5)],
  [reservation, 'reservation-committed', { settled: false }],
  [stock, 'units-sold', units(5)],
  [reservation, 'reservation-settled', {}],
];
const asked = (returnId: string, quantity: number, backOnSale = true): Told => [
  reservation,
  'return-requested',
  { returnId, lines: [{ sku: 'tea', quantity }], backOnSale },
];
const back = (returnId: string, quantity: number): Told => [
  stock,
  'units-taken-back',
  { ...units(quantity), return: returnId },
];
const off = (returnId: string, quantity: number): Told => [
  stock,
  'units-written-off',
  { ...units(quantity), return: returnId },
];
const settled = (returnId: string): Told => [reservation, 'return-settled', { returnId }];
const released: Told = [reservation, 'reservation-released', { cause: 'request' }];
const unsold = (quantity: number): Told => [stock, 'units-returned', units(quantity)];
const releaseSettled: Told = [reservation, 'reservation-settled', {}];

function audit(...more: readonly Told[]) {
  const states = new Map<string, State | undefined>();
  const fold = createInventoryAudit({ cutAt, streamOf: () => 's0' });
  const early = [...sold, ...more].flatMap(([entity, type, data], index) => {
    const state = inventoryRules.evolve(entity, states.get(entity), { type, data }, at);
    states.set(entity, state);
    const op: RecordedOp = {
      stream: 's0',
      seq: index + 1,
      writer: 'w',
      at,
      entity,
      key: `k${index}`,
      type,
      data,
      outcome: { succeeded: true },
      state,
    };
    return [...fold.take(op)];
  });
  const ends = [...fold.end()];
  const findings = [...early, ...ends.flatMap((end) => end.findings)];
  return {
    found: findings.map(({ invariant, description }) => `${invariant} ${description}`),
    soldUnits: ends[0]?.fact.soldUnits,
  };
}

describe('the audit finds nothing', () => {
  test.each<[string, Told[], number]>([
    ['in a return that put its units back on sale', [asked('a', 2), back('a', 2), settled('a')], 3],
    ['in one that wrote them off', [asked('a', 2, false), off('a', 2), settled('a')], 3],
    ['in one whose units have not moved yet', [asked('a', 2)], 5],
    [
      'in a release of what two returns have left',
      [
        asked('a', 2),
        back('a', 2),
        settled('a'),
        asked('b', 1, false),
        off('b', 1),
        settled('b'),
        released,
        unsold(2),
        releaseSettled,
      ],
      0,
    ],
    [
      'in a return whose units move after the release that left them to it',
      [asked('a', 2), released, unsold(3), releaseSettled, back('a', 2), settled('a')],
      0,
    ],
    [
      'in a release after everything has come back',
      [asked('a', 5), back('a', 5), settled('a'), released, releaseSettled],
      0,
    ],
  ])('%s', (_title, told, soldUnits) => {
    expect(audit(...told)).toEqual({ found: [], soldUnits });
  });
});

describe('the audit finds', () => {
  test.each<[string, Told[], string]>([
    [
      'units that came back for nobody',
      [back('a', 2)],
      'I4 units moved for return a, which nobody asked for',
    ],
    [
      'a return that moved twice',
      [asked('a', 2), back('a', 2), back('a', 2), settled('a')],
      'I4 tea: return a moved it twice',
    ],
    [
      'a return that moved more than it said',
      [asked('a', 1), back('a', 2), settled('a')],
      'I4 tea: return a moved 2 units of 1',
    ],
    [
      'a return that never moved what it settled',
      [asked('a', 2), settled('a')],
      'I4 tea: return a is settled and never moved it',
    ],
    [
      'broken units that went back on sale',
      [asked('a', 2, false), back('a', 2), settled('a')],
      'I4 tea: return a put it back on sale, against its word',
    ],
    [
      'more units than were sold, over all returns',
      [asked('a', 3), back('a', 3), settled('a'), asked('b', 3)],
      'I4 tea: 6 units are to come back of 5',
    ],
    [
      'a release that took back what a return had',
      [asked('a', 2), back('a', 2), settled('a'), released, unsold(5), releaseSettled],
      'I4 tea: the release took back 5 units, returns 2, of 5',
    ],
    [
      'a release that left something',
      [asked('a', 2), back('a', 2), settled('a'), released, unsold(2), releaseSettled],
      'I4 tea: the release took back 2 units, returns 2, of 5',
    ],
    [
      'a return that is decided after the release',
      [released, unsold(5), releaseSettled, asked('a', 2)],
      'I4 return a is asked for while released',
    ],
    [
      'the end of a return that nobody asked for',
      [settled('a')],
      'I4 return a is settled and was never asked for',
    ],
    ['a return that is asked for twice', [asked('a', 1), asked('a', 1)], 'I4 return a is asked for twice'],
    [
      'another item than was said',
      [
        asked('a', 1),
        back('a', 1),
        ['stock/cup', 'units-taken-back', { ...units(1), return: 'a' }],
        settled('a'),
      ],
      'I4 cup moved, but return a has no such line',
    ],
  ])('%s', (_title, told, finding) => {
    expect(audit(...told).found).toContain(finding);
  });
});
