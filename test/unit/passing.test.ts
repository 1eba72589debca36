import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createPassing } from '../../shared/runtime/index.ts';

const step = fc.record({ does: fc.constantFrom('set', 'delete'), key: fc.integer({ min: 0, max: 60 }) });

test('it holds what a Map would hold after the same, in the same order', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 600 }), (steps) => {
      const passing = createPassing<number, number>();
      const map = new Map<number, number>();
      for (const [value, { does, key }] of steps.entries()) {
        if (does === 'set') {
          passing.set(key, value);
          map.set(key, value);
        } else {
          expect(passing.delete(key)).toBe(map.delete(key));
        }
        expect([passing.size(), passing.has(key), passing.get(key)]).toEqual([
          map.size,
          map.has(key),
          map.get(key),
        ]);
      }
      expect([...passing.all()]).toEqual([...map]);
    }),
  );
});

test('while few are there, no Map of it serves for more than 32 that have gone', () => {
  const passing = createPassing<number, string>();
  const maps = new Set<unknown>();
  for (let index = 0; index < 3_200; index += 1) {
    passing.set(index, 'call');
    passing.delete(index - 8);
    maps.add(passing.all());
  }
  expect(maps.size).toBe(100);
});

test('with many there, it is not copied more often than that many have gone', () => {
  const passing = createPassing<number, string>();
  for (let index = 0; index < 1_000; index += 1) passing.set(index, 'call');
  const before = passing.all();
  for (let index = 0; index < 499; index += 1) passing.delete(index);
  expect(passing.all()).toBe(before);
  passing.delete(499);
  expect(passing.all()).not.toBe(before);
  expect(passing.size()).toBe(500);
});

test('what was read stays as it was when others go meanwhile', () => {
  const passing = createPassing<number, string>();
  for (let index = 0; index < 40; index += 1) passing.set(index, 'call');
  const seen: number[] = [];
  for (const key of passing.all().keys()) {
    seen.push(key);
    passing.delete(key);
  }
  expect(seen).toHaveLength(40);
  expect(passing.size()).toBe(0);
});
