import { expect, test } from 'vitest';
import { createSearchReach, firstReachMax } from '../../shared/journal/search-reach.ts';

const nearEntries = 16;
const create = () => createSearchReach({ nearEntries });

test('before anything was found, and where everything stands near, the first search is the near one', () => {
  const reach = create();
  expect(reach.first('account/anna')).toBe(nearEntries);
  for (const distance of [0, 1, 2, 1]) reach.found('account/anna', distance);
  expect(reach.first('account/bert')).toBe(nearEntries);
});

test('a search goes some times as far back as entities of this kind were found lately', () => {
  const reach = create();
  for (let count = 0; count < 20; count += 1) reach.found(`account/a${count}`, 1_000);
  expect(reach.first('account/anna')).toBeGreaterThan(1_200);
  expect(reach.first('account/anna')).toBeLessThan(2_000);
  expect(reach.first('charge/anna')).toBe(nearEntries);
});

test('where one stands near and the next one far, a search goes further back', () => {
  const reach = create();
  for (let count = 0; count < 20; count += 1) reach.found(`account/a${count}`, count % 2 ? 50 : 5_000);
  expect(reach.first('account/anna')).toBeGreaterThan(5_000);
});

test('after the first one that was found, a search goes some times as far back', () => {
  const reach = create();
  reach.found('account/anna', 1_000);
  expect(reach.first('account/bert')).toBe(4_000);
});

test('what is used evenly is found by the first search in nineteen of twenty cases', () => {
  const reach = create();
  let missed = 0;
  for (let count = 0; count < 2_000; count += 1) {
    // As far as in a stream in which one of a thousand accounts is drawn for each entry: quantiles, in a mixed order.
    const distance = -1_000 * Math.log(1 - (((count * 7_919) % 2_000) + 0.5) / 2_000);
    if (distance > reach.first(`account/a${count}`)) missed += 1;
    reach.found(`account/a${count}`, distance);
  }
  expect(missed).toBeLessThan(100);
});

test('one that stands far away does not make the searches for all others long, and some near ones make them short again', () => {
  const reach = create();
  for (let count = 0; count < 20; count += 1) reach.found('account/anna', 4);
  reach.found('account/bert', 1_000_000);
  expect(reach.first('account/anna')).toBeLessThan(1_000);
  for (let count = 0; count < 20; count += 1) reach.found('account/bert', 1_000_000);
  // However far they stand: a busy one among them must not be found in a million places.
  expect(reach.first('account/bert')).toBe(firstReachMax);
  for (let count = 0; count < 30; count += 1) reach.found('account/anna', 1);
  expect(reach.first('account/anna')).toBeLessThan(100);
});

test('names without a kind are one kind, and of kinds a few are remembered', () => {
  const reach = create();
  reach.found('anna', 1_000);
  expect(reach.first('bert')).toBeGreaterThan(1_000);
  for (let count = 0; count < 1_000; count += 1) reach.found(`kind${count}/x`, 1_000);
  expect(reach.first('kind0/y')).toBeGreaterThan(1_000);
  expect(reach.first('kind999/x')).toBe(nearEntries);
  for (let count = 0; count < 30; count += 1) reach.found('kind0/x', 1);
  expect(reach.first('kind0/x')).toBe(nearEntries);
});
