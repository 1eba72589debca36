import { version } from 'uuid';
import { expect, test } from 'vitest';
import { numberedRequestId } from '../../cli/request-ids.ts';

const numbers = Array.from({ length: 1_000 }, (_, number) => number);

// Asked again at the end of a storm, from another process, without having been kept.
test('a number has the same request id in every run', () => {
  expect(numberedRequestId('bench-spread', 17)).toBe('019b76da-a811-7a68-a087-09384babf5e7');
});

test('ids are UUIDs of version 7, each its own, and sort by their numbers', () => {
  const ids = numbers.map((number) => numberedRequestId('storm', number));
  expect(ids.every((id) => version(id) === 7)).toBe(true);
  expect(new Set(ids).size).toBe(numbers.length);
  expect(ids.toSorted()).toEqual(ids);
});

test('two that count for themselves share no id', () => {
  const ids = numbers.flatMap((number) => [numberedRequestId('a', number), numberedRequestId('b', number)]);
  expect(new Set(ids).size).toBe(2 * numbers.length);
});
