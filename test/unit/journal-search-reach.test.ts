import { expect, test } from 'vitest';
import { createSearchReach } from '../../shared/journal/search-reach.ts';

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
  for (let count = 0; count < 20; count += 1) reach.found(`account/a${count}`, 10_000);
  expect(reach.first('account/anna')).toBeGreaterThanOrEqual(20_000);
  expect(reach.first('account/anna')).toBeLessThan(80_000);
  expect(reach.first('charge/anna')).toBe(nearEntries);
});

test('one that stands far away does not make the searches for all others long, and some near ones make them short again', () => {
  const reach = create();
  for (let count = 0; count < 20; count += 1) reach.found('account/anna', 4);
  reach.found('account/bert', 1_000_000);
  expect(reach.first('account/anna')).toBeLessThan(1_000);
  for (let count = 0; count < 20; count += 1) reach.found('account/bert', 1_000_000);
  expect(reach.first('account/bert')).toBeGreaterThan(1_000_000);
  for (let count = 0; count < 8; count += 1) reach.found('account/anna', 1);
  expect(reach.first('account/anna')).toBeLessThan(1_000);
});

test('names without a kind are one kind, and of kinds a few are remembered', () => {
  const reach = create();
  reach.found('anna', 1_000);
  expect(reach.first('bert')).toBeGreaterThan(1_000);
  for (let count = 0; count < 1_000; count += 1) reach.found(`kind${count}/x`, 1_000);
  expect(reach.first('kind0/y')).toBeGreaterThan(1_000);
  expect(reach.first('kind999/x')).toBe(nearEntries);
  for (let count = 0; count < 8; count += 1) reach.found('kind0/x', 1);
  expect(reach.first('kind0/x')).toBe(nearEntries);
});
