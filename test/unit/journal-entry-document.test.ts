// How an entry stands in the database: what goes in comes out, and whoever wants one op decodes no other.

import { BSON } from 'mongodb';
import { describe, expect, test } from 'vitest';
import type { Entry, EntryOp } from '../../shared/journal/entry.ts';
import { opsIn, toDocument, toEntry, unpacked } from '../../shared/journal/entry-document.ts';
import { createUnpackedBodies } from '../../shared/journal/unpacked-bodies.ts';

function op(number: number, more: Partial<EntryOp> = {}): EntryOp {
  return {
    entity: `stock/tea-${number}`,
    key: `hold/${number}`,
    fingerprint: '',
    type: 'units-held',
    data: { quantity: number },
    refusal: null,
    state: { onHand: 10n, changedAt: new Date('2026-01-01T00:00:00Z') },
    ...more,
  };
}

function entryOf(ops: readonly EntryOp[]): Entry {
  return {
    _id: 's0#1',
    stream: 's0',
    seq: 1,
    keys: ops.map(({ key }) => key),
    writer: 'w/1',
    ops,
    at: new Date('2026-01-01T00:00:00Z'),
  };
}

const few = entryOf([op(1), op(2)]);
const many = entryOf(Array.from({ length: 100 }, (_, number) => op(number)));

describe.each([
  ['two ops, which are kept as they are', few, 'none'],
  ['a hundred ops, which are compressed', many, 'zstd'],
] as const)('an entry of %s', (_, entry, packing) => {
  test('comes back as it was', () => {
    const document = toDocument(entry);
    expect(document.packing).toBe(packing);
    expect(toEntry(document)).toEqual(entry);
    expect(toEntry(unpacked(document))).toEqual(entry);
  });

  test('is the same bytes whenever it is unpacked', () => {
    const document = toDocument(entry);
    const again = BSON.serialize(unpacked(toDocument(toEntry(document))));
    expect(Buffer.compare(BSON.serialize(unpacked(document)), again)).toBe(0);
  });
});

describe('of an entry', () => {
  const named = op(3, { entity: 'stock/tea', lists: ['items'] });
  const similar = op(4, { entity: 'stock/teapot', key: 'hold/3/more', data: { note: 'items' } });
  const document = toDocument(
    entryOf([named, similar, op(5, { entity: 'stock/tea', key: 'hold/ü' }), op(6, { entity: 'stock/tee' })]),
  );

  test('an entity has its own ops, and not those of one whose name begins alike', () => {
    expect(opsIn(document, { entity: 'stock/tea' }).map(({ key }) => key)).toEqual(['hold/3', 'hold/ü']);
    expect(opsIn(document, { entity: 'stock/te' })).toEqual([]);
  });

  test('keys find their ops, whatever letters they have', () => {
    expect(opsIn(document, { keys: new Set(['hold/ü', 'hold/9']) }).map(({ entity }) => entity)).toEqual([
      'stock/tea',
    ]);
    expect(opsIn(document, { keys: new Set(['hold/3']) })).toEqual([named]);
  });

  test('a list has those that joined it, and not one that merely mentions its name', () => {
    expect(opsIn(document, { list: 'items' })).toEqual([named]);
  });

  test('the entities stand beside the body, each once', () => {
    expect(document.entities).toEqual(['stock/tea', 'stock/teapot', 'stock/tee']);
  });
});

test('a body that was cut short is not taken for a shorter entry', () => {
  const document = toDocument(few);
  expect(() => opsIn({ ...document, body: document.body.subarray(0, -3) })).toThrow('damaged');
});

test('an entry that is packed in a way unknown to this version is refused', () => {
  const document = { ...toDocument(few), packing: 'brotli' as 'zstd' };
  expect(() => opsIn(document)).toThrow('an entry is packed as brotli, which this version cannot read');
});

test('a body is unpacked once for whoever asks again, each entry its own', () => {
  const bodies = createUnpackedBodies();
  const document = toDocument(many);
  const first = bodies.of(document);
  expect(opsIn(first)).toEqual(many.ops);
  expect(bodies.of(document)).toBe(first);
  const other = toDocument({ ...entryOf(many.ops.slice(1)), _id: 's0#2', seq: 2 });
  expect(opsIn(bodies.of(other))).toEqual(many.ops.slice(1));
});
