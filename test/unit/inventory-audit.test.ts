import { describe, expect, test } from 'vitest';
import { createInventoryAudit } from '../../services/inventory/audit/inventory-audit.ts';
import { inventoryRules } from '../../services/inventory/domain/rules.ts';
import type { RecordedOp, State } from '../../shared/journal/index.ts';

const cutAt = new Date('2026-11-24T13:00:00Z');
const longBefore = new Date('2026-11-24T12:00:00Z');
const justBefore = new Date('2026-11-24T12:59:58Z');
const price = { amountMinorUnits: 250n, currency: 'EUR' };

/** Everything is in one stream but the pots. */
const streamOf = (entity: string) => (entity === 'stock/pot' ? 's1' : 's0');

interface Told {
  readonly entity: string;
  readonly type: string;
  readonly data?: Record<string, unknown>;
  /** Another state than the rules give. */
  readonly lie?: State;
  readonly at?: Date;
}

/** The ops of a journal in which these things happened, with honest states unless told otherwise. */
function journalOf(told: readonly Told[]): RecordedOp[] {
  const states = new Map<string, State | undefined>();
  return told.map(({ entity, type, data = {}, lie, at = longBefore }, index) => {
    const state = lie ?? inventoryRules.evolve(entity, states.get(entity), { type, data }, at);
    states.set(entity, state);
    const outcome = { succeeded: true } as const;
    return {
      stream: streamOf(entity),
      seq: index + 1,
      writer: 'w',
      at,
      entity,
      key: `k${index}`,
      type,
      data,
      outcome,
      state,
    };
  });
}

function audit(...told: readonly Told[]) {
  const fold = createInventoryAudit({ cutAt, streamOf });
  const early = journalOf(told).flatMap((op) => [...fold.take(op)]);
  const ends = [...fold.end()];
  const findings = [...early, ...ends.flatMap((end) => end.findings)];
  const { judgements, opCount, entryCount } = fold.summary();
  return {
    found: findings.map(({ invariant, entity, description }) => `${invariant} ${entity}: ${description}`),
    verdicts: judgements.map(({ invariant, verdict }) => `${invariant} ${verdict}`),
    facts: ends.map((end) => end.fact),
    opCount,
    entryCount,
    judgements,
  };
}

const stock = 'stock/tea';
const reservation = 'reservation/alice/r1';
const units = { reservation: 'alice/r1', quantity: 2 };
const put: Told = { entity: stock, type: 'item-put', data: { name: 'Tea', price, receivedUnits: 10 } };
const requested: Told = {
  entity: reservation,
  type: 'reservation-requested',
  data: { lines: [{ sku: 'tea', quantity: 2 }], reference: 'order-1' },
};
const held: Told = { entity: stock, type: 'units-held', data: units };
const sold: Told = { entity: stock, type: 'units-sold', data: units };
const freed: Told = { entity: stock, type: 'units-freed', data: units };
const returned: Told = { entity: stock, type: 'units-returned', data: units };
const holdRefused: Told = {
  entity: stock,
  type: 'hold-refused',
  data: { reservation: 'alice/r1', reason: 'INSUFFICIENT_STOCK' },
};
const refused: Told = { entity: reservation, type: 'reservation-refused' };
const committed: Told = { entity: reservation, type: 'reservation-committed', data: { settled: false } };
const released: Told = { entity: reservation, type: 'reservation-released', data: { cause: 'request' } };
const settled: Told = { entity: reservation, type: 'reservation-settled' };

const allHold = ['journal holds', 'I3 holds', 'I4 holds'];

describe('an audit of a sound journal', () => {
  test.each([
    ['nothing', []],
    ['a hold', [put, requested, held]],
    ['a hold under way', [put, requested]],
    ['a refusal', [put, requested, holdRefused, refused]],
    ['a refusal that was released too', [put, requested, holdRefused, refused, released, settled]],
    ['a sale', [put, requested, held, committed, sold, settled]],
    ['a sale under way', [put, requested, held, committed]],
    ['a release', [put, requested, held, released, freed, settled]],
    ['a release under way', [put, requested, held, released]],
    ['a release of a sale', [put, requested, held, committed, sold, settled, released, returned, settled]],
    [
      'a tombstone',
      [released, { entity: reservation, type: 'refused', data: { reason: 'REQUEST_CANCELLED' } }],
    ],
    [
      'repeats',
      [put, { entity: stock, type: 'unchanged' }, released, { entity: reservation, type: 'unchanged' }],
    ],
    [
      'a refused request at an item that never was',
      [{ entity: stock, type: 'refused', data: { reason: 'ITEM_NOT_FOUND' } }],
    ],
    ['a deleted item', [put, { entity: stock, type: 'item-deleted', data: { writtenOff: 10 } }]],
  ])('finds nothing in %s', (_name, told) => {
    const { found, verdicts } = audit(...told);
    expect(found).toEqual([]);
    expect(verdicts).toEqual(allHold);
  });

  test('says what each reservation did', () => {
    expect(audit(put, requested, held).facts).toEqual([
      { scoped: 'alice/r1', reference: 'order-1', status: 'held', heldUnits: 2, soldUnits: 0 },
    ]);
    expect(audit(put, requested, held, committed, sold, settled).facts).toEqual([
      { scoped: 'alice/r1', reference: 'order-1', status: 'committed', heldUnits: 0, soldUnits: 2 },
    ]);
  });

  test('counts what it looked at', () => {
    const { opCount, entryCount, judgements } = audit(put, requested, held);
    expect([opCount, entryCount]).toEqual([3, 3]);
    expect(judgements.map(({ checkedCount }) => checkedCount)).toEqual([3, 1, 1]);
  });

  test('leaves out what came after it began', () => {
    const { found, opCount } = audit(
      put,
      requested,
      held,
      { ...sold, at: cutAt },
      { ...sold, at: longBefore },
    );
    expect(found).toEqual([]);
    expect(opCount).toBe(3);
  });
});

describe('an audit finds the planted bug:', () => {
  const wrongState = {
    name: 'Tea',
    price,
    onHand: 9,
    held: 2,
    sold: 0,
    received: 10,
    deleted: false,
    writtenOff: 0,
  };

  test('a state that its changes do not give (journal, I3)', () => {
    const { found, verdicts } = audit(put, requested, { ...held, lie: wrongState });
    expect(found).toEqual([
      'journal stock/tea: units-held at s0#3 carries another state than its changes give',
      'I3 stock/tea: after k2, item tea: onHand is 8 by what happened, but the state says 9',
    ]);
    expect(verdicts).toEqual(['journal broken', 'I3 broken', 'I4 holds']);
  });

  test('more units held than there are (I3)', () => {
    const many = { reservation: 'alice/r1', quantity: 11 };
    const { found } = audit(
      put,
      { ...requested, data: { lines: [{ sku: 'tea', quantity: 11 }], reference: '' } },
      {
        ...held,
        data: many,
      },
    );
    expect(found).toEqual(['I3 stock/tea: after k2, item tea: onHand is -1, below zero']);
  });

  test('units that were sold from nowhere (I3, I4)', () => {
    const { found } = audit(put, requested, sold);
    expect(found).toEqual([
      'I3 stock/tea: after k2, item tea: held is -2, below zero',
      'I4 reservation/alice/r1: tea: units-sold after none',
      'I4 reservation/alice/r1: tea is sold while the reservation is requested',
    ]);
  });

  test.each([
    ['a line held twice', [requested, held, held], ['tea: units-held after held']],
    ['a line held after its refusal', [requested, holdRefused, held], ['tea: units-held after refused']],
    [
      'a line sold twice',
      [requested, held, held, committed, sold, sold, settled],
      ['tea: units-held after held', 'tea: units-sold after sold'],
    ],
    [
      'a line sold after it was freed',
      [requested, held, released, freed, sold],
      ['tea: units-sold after freed'],
    ],
    [
      'a line returned without a sale',
      [requested, held, released, returned],
      ['tea: units-returned after held'],
    ],
    [
      'another quantity than was held',
      [requested, held, released, { ...freed, data: { reservation: 'alice/r1', quantity: 1 } }, settled],
      ['tea: units-freed moves 1 units of 2'],
    ],
    [
      'another quantity than was asked for',
      [requested, { ...held, data: { reservation: 'alice/r1', quantity: 3 } }],
      ['tea: 3 units moved, 2 were asked for'],
    ],
    ['a reservation made twice', [requested, requested, held], ['reservation-requested while requested']],
    [
      'a commit after a release',
      [requested, held, released, committed, sold, settled],
      ['reservation-committed while released'],
    ],
    [
      'a commit after a commit',
      [requested, held, committed, committed, sold, settled],
      ['reservation-committed while committed'],
    ],
    [
      'a settlement of nothing',
      [requested, held, settled],
      ['settled while requested', 'tea is held while the reservation is requested'],
    ],
    [
      'a committed reservation whose units stayed held',
      [requested, held, committed, settled],
      ['tea is held while the reservation is committed'],
    ],
    [
      'a released reservation whose units stayed held',
      [requested, held, released, settled],
      ['tea is held while the reservation is released'],
    ],
    [
      'a released reservation whose units stayed sold',
      [requested, held, committed, sold, released, settled],
      ['tea is sold while the reservation is released'],
    ],
    [
      'a refused reservation that holds units',
      [requested, held, refused],
      ['tea is held while the reservation is refused'],
    ],
    [
      'a commit without its holds',
      [requested, committed],
      ['tea is none while the reservation is committed'],
    ],
    ['units held for nobody', [held], ['units moved for a reservation that nobody asked for']],
    ['units held after a tombstone', [released, held], ['tea moved, but the reservation has no such line']],
  ])('%s (I4)', (_name, told, descriptions) => {
    const { found, verdicts } = audit(put, ...told);
    const i4 = found.filter((text) => text.startsWith('I4'));
    expect(i4.map((text) => text.replace(/^I4 \S+ /, ''))).toEqual(descriptions);
    expect(verdicts).toContain('I4 broken');
  });

  test('an entity that this service does not have', () => {
    expect(audit({ entity: 'account/alice', type: 'deposited', lie: {} }).found).toEqual([
      'journal account/alice: deposited at s0#1 is no entity of the inventory',
    ]);
  });
});

describe('lines whose stock is in one stream', () => {
  const told = (sku: string, type: string, data: Record<string, unknown> = units): Told => ({
    entity: `stock/${sku}`,
    type,
    data,
  });
  const refusedHold = (sku: string) => told(sku, 'hold-refused', holdRefused.data);
  const all = ['tea', 'cup', 'pot'].map((sku) => ({ sku, quantity: 2 }));
  const requestedAll: Told = { ...requested, data: { lines: all, reference: '' } };
  const puts = all.map(({ sku }) => told(sku, 'item-put', put.data));
  const i4Of = (...more: readonly Told[]) =>
    audit(...puts, requestedAll, ...more).found.map((text) => text.replace(/^I4 \S+ /, ''));

  test.each<[string, readonly Told[]]>([
    ['are refused with one of them', [refusedHold('cup'), refusedHold('pot'), refused]],
    [
      'are given back together, what is elsewhere by itself',
      [
        told('tea', 'units-held'),
        told('cup', 'units-held'),
        released,
        refusedHold('pot'),
        told('tea', 'units-freed'),
        told('cup', 'units-freed'),
        settled,
      ],
    ],
    ['are held before those of another stream', [told('tea', 'units-held'), told('cup', 'units-held')]],
  ])('%s', (_name, more) => {
    expect(i4Of(...more)).toEqual([]);
  });

  test.each<[string, readonly Told[], string[]]>([
    [
      'are not all held',
      [told('tea', 'units-held')],
      ['cup is none and tea is held, but they move together'],
    ],
    [
      'are held after the refusal of another one',
      [refusedHold('cup'), told('tea', 'units-held')],
      ['tea: units-held after refused', 'cup is refused and tea is held, but they move together'],
    ],
    ['are refused twice', [refusedHold('tea'), refusedHold('cup')], ['cup: hold-refused after refused']],
    [
      'are not refused by what is in another stream',
      [refusedHold('pot'), refused],
      ['tea is none while the reservation is refused', 'cup is none while the reservation is refused'],
    ],
  ])('%s (I4)', (_name, more, descriptions) => {
    expect(i4Of(...more)).toEqual(descriptions);
  });

  test('are sold when the commit says that nothing remains', () => {
    const committedWhole: Told = { ...committed, data: { settled: true } };
    expect(audit(put, requested, held, committedWhole, sold).found).toEqual([]);
    expect(audit(put, requested, held, committedWhole).found).toEqual([
      'I4 reservation/alice/r1: tea is held while the reservation is committed',
    ]);
  });
});

test('an audit cannot tell of units that moved just before it began', () => {
  const { found, judgements } = audit(
    put,
    requested,
    { ...sold, at: justBefore, type: 'unchanged' },
    {
      ...committed,
      at: justBefore,
    },
  );
  expect(found).toEqual([]);
  expect(judgements[2]).toEqual({
    invariant: 'I4',
    verdict: 'cannot tell',
    checkedCount: 1,
    reason: '1 reservations moved while the audit began; ask again',
  });
});
