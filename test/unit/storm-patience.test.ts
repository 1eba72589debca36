import { expect, test } from 'vitest';
import { patiently } from '../../cli/storm/patiently.ts';

// A clock that goes on by a second with every pause.
function patience() {
  let nowMs = 0;
  const pause = async () => {
    nowMs += 1_000;
  };
  return { patienceMs: 5_000, nowMs: () => nowMs, pause };
}

/** Fails so many times, then answers. */
function failing(times: number): { ask: () => Promise<string>; asked: () => number } {
  let askedCount = 0;
  const ask = async () => {
    askedCount += 1;
    if (askedCount <= times) throw new Error(`failure ${askedCount}`);
    return 'the books';
  };
  return { ask, asked: () => askedCount };
}

test('who does not answer is asked again until there is an answer', async () => {
  const { ask, asked } = failing(5);
  expect(await patiently(ask, patience())).toBe('the books');
  expect(asked()).toBe(6);
});

test('patience ends so long after the first failure, and then the last one is told', async () => {
  const { ask } = failing(6);
  await expect(patiently(ask, patience())).rejects.toThrow('failure 6');
});

test('what took long before it failed for the first time gets another chance', async () => {
  const { patienceMs, nowMs, pause } = patience();
  let isFirst = true;
  const audit = async () => {
    for (let second = 0; second < 60; second += 1) await pause();
    if (!isFirst) return 'holds';
    isFirst = false;
    throw new Error('it broke off');
  };
  expect(await patiently(audit, { patienceMs, nowMs, pause })).toBe('holds');
});

test('a failure that will last is told at once', async () => {
  const { ask, asked } = failing(1);
  await expect(patiently(ask, { ...patience(), isPassing: () => false })).rejects.toThrow('failure 1');
  expect(asked()).toBe(1);
});
