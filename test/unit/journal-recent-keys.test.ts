// Remembered keys: what comes out is what was recorded, nothing else of its entry is kept, and never more than the limit.

import { expect, test } from 'vitest';
import type { EntryOp, EntryPart } from '../../shared/journal/entry.ts';
import { opsBytes } from '../../shared/journal/entry-document.ts';
import { createRecentKeys } from '../../shared/journal/recent-keys.ts';

const at = new Date('2026-01-01T00:00:00Z');

function op(key: string, count: bigint, more: Partial<EntryOp> = {}): EntryOp {
  return {
    entity: `counter/${key}`,
    key,
    fingerprint: `f-${key}`,
    type: 'counted',
    data: {},
    refusal: null,
    state: { count, changedAt: at, note: 'x'.repeat(200) },
    ...more,
  };
}

function entryOf(seq: number, ops: readonly EntryOp[]): EntryPart {
  return { stream: 's0', seq, writer: `w/${seq}`, at, ops };
}

const mebibyte = 1 << 20;

test.each([
  ['with the bytes of its ops at hand', true],
  ['without', false],
])('a key gives what was recorded under it, %s', (_, hasBytes) => {
  const keys = createRecentKeys(mebibyte);
  const refusal = { reason: 'OUT_OF_STOCK', message: 'no tea', metadata: { sku: 'tea' } };
  const ops = [
    op('k1', 1n),
    op('k1', 2n, { entity: 'counter/other' }),
    op('k10', 3n, { refusal, state: null }),
    op('proof', 4n),
  ];
  keys.remember(entryOf(7, ops), new Set(['k1', 'k10']), hasBytes ? opsBytes(ops) : undefined);
  const { outcome, states, ...rest } = keys.find('k1') ?? expect.fail('k1 is forgotten');
  expect(outcome).toEqual({ succeeded: true });
  expect([...states]).toEqual([
    ['counter/k1', ops[0]?.state],
    ['counter/other', ops[1]?.state],
  ]);
  expect(rest).toEqual({ fingerprint: 'f-k1', writer: 'w/7', replayed: true, at, seq: 7 });
  expect(keys.find('k10')).toMatchObject({ outcome: { succeeded: false, refusal }, fingerprint: 'f-k10' });
  expect(keys.find('k10')?.states.size).toBe(0);
  expect([keys.has('k1'), keys.has('proof'), keys.find('proof')]).toEqual([true, false, undefined]);
});

test('the oldest are forgotten first, whatever their size, and each of the others gives what was recorded', () => {
  const keys = createRecentKeys(10_000);
  const noteOf = (seq: number) => 'x'.repeat((seq * 397) % 1_500);
  for (let seq = 1; seq <= 300; seq += 1) {
    const data = { note: noteOf(seq) };
    const ops = [op(`a${seq}`, BigInt(seq), { data }), op('proof', 0n), op(`b${seq}`, BigInt(-seq))];
    keys.remember(entryOf(seq, ops), new Set([`a${seq}`, `b${seq}`]));
    const seqs = Array.from({ length: seq }, (_, index) => index + 1);
    const remembered = seqs.filter((each) => keys.has(`a${each}`));
    expect(remembered).toEqual(seqs.slice(-remembered.length));
    // An op is some 370 bytes without its note, of which two go into the ring for each entry.
    if (seq > 10) expect(remembered.length).toBeGreaterThanOrEqual(3);
    expect(remembered.length).toBeLessThan(13);
    for (const each of remembered) {
      expect(keys.find(`a${each}`)?.states.get(`counter/a${each}`)).toMatchObject({ count: BigInt(each) });
      expect(keys.find(`b${each}`)).toMatchObject({ seq: each, writer: `w/${each}` });
    }
  }
  expect([keys.has('a1'), keys.find('a1'), keys.find('b1')]).toEqual([false, undefined, undefined]);
});

test('an entry that drives out all others is forgotten in its turn, and so are those after it', () => {
  const keys = createRecentKeys(1_500);
  keys.remember(entryOf(1, [op('k1', 1n)]), new Set(['k1']));
  // Some 1,370 bytes of 1,500: nothing stays beside it.
  keys.remember(entryOf(2, [op('large', 2n, { data: { note: 'x'.repeat(1_000) } })]), new Set(['large']));
  expect([keys.has('k1'), keys.find('large')?.seq]).toEqual([false, 2]);
  for (let seq = 3; seq <= 12; seq += 1) {
    keys.remember(entryOf(seq, [op(`k${seq}`, BigInt(seq))]), new Set([`k${seq}`]));
    expect([keys.has('large'), keys.find(`k${seq}`)?.seq]).toEqual([false, seq]);
  }
  const remembered = Array.from({ length: 12 }, (_, index) => index + 1).filter((seq) => keys.has(`k${seq}`));
  expect(remembered).toEqual([10, 11, 12]);
});

test('what was found stays as it is when its place is written over', () => {
  const keys = createRecentKeys(2_500);
  const state = { bytes: new Uint8Array([1, 2, 3]), note: 'x'.repeat(200) };
  keys.remember(entryOf(1, [op('k1', 1n, { state })]), new Set(['k1']));
  const found = keys.find('k1')?.states.get('counter/k1');
  for (let seq = 2; seq <= 20; seq += 1) {
    keys.remember(entryOf(seq, [op(`k${seq}`, BigInt(seq))]), new Set([`k${seq}`]));
  }
  expect(keys.has('k1')).toBe(false);
  expect(Buffer.from(found?.['bytes'] as Uint8Array)).toEqual(Buffer.from([1, 2, 3]));
});

test('a key that is remembered again outlives the entry that it was remembered from before', () => {
  const keys = createRecentKeys(2_500);
  keys.remember(entryOf(1, [op('k1', 1n)]), new Set(['k1']));
  keys.remember(entryOf(2, [op('k1', 2n)]), new Set(['k1']));
  keys.remember(entryOf(3, [op('k3', 3n)]), new Set(['k3']));
  expect(keys.find('k1')?.seq).toBe(2);
});

test('an entry that is larger than the limit is not remembered, and drives out nobody', () => {
  const keys = createRecentKeys(3_000);
  keys.remember(entryOf(1, [op('k1', 1n)]), new Set(['k1']));
  const large = entryOf(2, [op('large', 2n, { data: { note: 'x'.repeat(5_000) } })]);
  keys.remember(large, new Set(['large']));
  expect([keys.has('k1'), keys.has('large'), keys.find('large')]).toEqual([true, false, undefined]);
});

test('of the memory that an entry was packed in nothing is held on to', () => {
  const keys = createRecentKeys(mebibyte);
  const ops = [op('k1', 1n)];
  const bytes = opsBytes(ops);
  keys.remember(entryOf(1, ops), new Set(['k1']), bytes);
  bytes.fill(0);
  expect(keys.find('k1')?.states.get('counter/k1')).toEqual(ops[0]?.state);
});
