// The event loop's delay: what stands in the way of ready work is seen while there is work, and nobody is woken for it otherwise.

import assert from 'node:assert/strict';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { test } from 'vitest';
import { createEventLoopDelay } from '../../shared/runtime/index.ts';

const quietMs = 20;
const stallMs = 60;

/** Keeps the thread busy, some turns in a row. */
async function stall(turns: number): Promise<void> {
  for (let count = 0; count < turns; count += 1) {
    const untilMs = performance.now() + stallMs;
    while (performance.now() < untilMs);
    await turn();
  }
}

test('a thread that is always busy shows how long ready work waits for it', async () => {
  const delay = createEventLoopDelay();
  delay.noteWork();
  await stall(8);
  assert.ok(delay.medianMs() > stallMs / 4);
  assert.equal(delay.medianMs(), 0);
  delay.stop();
});

test('without work nothing is measured, however busy the thread is', async () => {
  const delay = createEventLoopDelay(quietMs);
  await stall(3);
  assert.equal(delay.medianMs(), 0);
  delay.noteWork();
  await sleep(10 * quietMs);
  await stall(3);
  assert.equal(delay.medianMs(), 0);
  delay.stop();
});

test('the time without work does not count when work comes back', async () => {
  // Given up after the tick that a sample is measured from, and before the next one.
  const delay = createEventLoopDelay(8);
  const idleMs = 300;
  for (let count = 0; count < 4; count += 1) {
    delay.noteWork();
    // Hardly longer than a sample: with more of them one that is wrong would not be the median.
    await sleep(15);
    assert.ok(delay.medianMs() < idleMs / 2);
    await sleep(idleMs);
  }
  delay.stop();
});

test('after its end it measures nothing any more', async () => {
  const delay = createEventLoopDelay();
  delay.noteWork();
  delay.stop();
  delay.noteWork();
  await stall(3);
  assert.equal(delay.medianMs(), 0);
});
