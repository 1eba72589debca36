// Submissions that wait for a flush: who is in a hurry, and when enough of those are there.

import { expect, test } from 'vitest';
import { createQueue } from '../../shared/journal/queue.ts';
import type { Waiting } from '../../shared/journal/waiting.ts';

function waiting(name: string, patientUntilMs = 0): Waiting {
  const submission = {
    key: name,
    fingerprint: '',
    entities: ['a/x'],
    decide(): never {
      throw new Error('nothing is decided in a queue');
    },
    ...(patientUntilMs > 0 ? { patienceMs: 20 } : {}),
  };
  return {
    submission,
    stream: 's0',
    deadlineAtMs: 0,
    patientUntilMs,
    likelyNew: [],
    contested: false,
    writers: [],
    resolve: () => undefined,
    reject: () => undefined,
  };
}

const named = (taken: Waiting[]) => taken.map(({ submission }) => submission.key);

/** Whether it is resolved by now. */
function isThere(company: Promise<void>): Promise<boolean> {
  return Promise.race([
    company.then(() => true),
    new Promise<false>((resolve) => setImmediate(resolve, false)),
  ]);
}

test('what a flush could not finish is at the head again, in its order', () => {
  const queue = createQueue();
  for (const name of ['one', 'two', 'three']) queue.push(waiting(name));
  const taken = queue.take(2);
  queue.push(waiting('four'));
  queue.putBack(taken);
  expect(queue.oldest()?.submission.key).toBe('one');
  expect(named(queue.take(9))).toEqual(['one', 'two', 'three', 'four']);
  expect(queue.size()).toBe(0);
  expect(queue.oldest()).toBeUndefined();
});

test('the patient ones are not counted, and are due when their time is over', () => {
  const queue = createQueue();
  queue.push(waiting('patient', 50));
  expect(queue.urgentCount()).toBe(0);
  expect([queue.hasDue(49), queue.hasDue(50)]).toEqual([false, true]);
  queue.push(waiting('urgent'));
  expect([queue.urgentCount(), queue.hasDue(0)]).toEqual([1, true]);
  queue.putBack(queue.take(2));
  expect(queue.urgentCount()).toBe(1);
  queue.take(1);
  queue.take(1);
  expect(queue.urgentCount()).toBe(0);
});

test('company is there with the last urgent one that it needs, however it comes', async () => {
  const queue = createQueue();
  queue.push(waiting('one'));
  const two = queue.company(2);
  queue.push(waiting('patient', 50));
  expect(await isThere(two)).toBe(false);
  queue.push(waiting('two'));
  expect(await isThere(two)).toBe(true);
  expect(await isThere(queue.company(2))).toBe(true);
  const three = queue.company(3);
  queue.putBack([waiting('back')]);
  expect(await isThere(three)).toBe(true);
});

test('whoever asked before a flush went is not told of those that come after it', async () => {
  const queue = createQueue();
  const two = queue.company(2);
  queue.push(waiting('one'));
  queue.take(1);
  queue.push(waiting('two'));
  queue.push(waiting('three'));
  expect(await isThere(two)).toBe(false);
});
