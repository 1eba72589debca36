import { expect, test } from 'vitest';
import { createFlushDelay } from '../../shared/journal/flush-delay.ts';
import { createHeldClock } from '../support/held-clock.ts';

test('a database that is always slow delays nobody: what counts is the time above two of its shortest flushes', () => {
  const delay = createFlushDelay(createHeldClock());
  delay.note(100, [100, 150, 200]);
  expect(delay.meanMs(0)).toBe(0);
});

test('submissions that wait longer than that show by how much, on average, since it was last asked', () => {
  const delay = createFlushDelay(createHeldClock());
  delay.note(5, [5]);
  expect(delay.meanMs(0)).toBe(0);
  delay.note(60, [60, 90]);
  delay.note(80, [140, 190]);
  expect(delay.meanMs(0)).toBe(110);
  expect(delay.meanMs(0)).toBe(0);
});

test('a database that became slow is taken as it is within half a minute', async () => {
  const clock = createHeldClock();
  const delay = createFlushDelay(clock);
  delay.note(5, [5]);
  for (const passedMs of [15_000, 15_000]) {
    await clock.pass(passedMs);
    delay.note(100, [150]);
  }
  expect(delay.meanMs(0)).toBe(0);
});

test('without a flush there is no delay', () => {
  expect(createFlushDelay(createHeldClock()).meanMs(0)).toBe(0);
});

test('what still waits shows too, also while no flush gets through', () => {
  const delay = createFlushDelay(createHeldClock());
  delay.note(5, [5]);
  expect(delay.meanMs(2_010)).toBe(2_000);
  expect(delay.meanMs(2_510)).toBe(2_500);
  delay.note(5, [30]);
  expect(delay.meanMs(12)).toBe(20);
});
