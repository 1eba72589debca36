import { expect, test } from 'vitest';
import { createCutoff } from '../../shared/rpc/cutoff.ts';
import type { Clock } from '../../shared/runtime/index.ts';

/** A clock whose one sleep ends when the test says so. */
function createHeldClock() {
  const timeUp = Promise.withResolvers<void>();
  const clock: Clock = { now: () => new Date(0), nowMs: () => 0, sleep: () => timeUp.promise };
  return { clock, timeUp: timeUp.resolve };
}

test('the signal aborts with the late reason when the time is up', async () => {
  const { clock, timeUp } = createHeldClock();
  const cutoff = createCutoff(clock, 10, [], () => 'late');
  timeUp();
  await expect(cutoff.ended).rejects.toBe('late');
  expect(cutoff.signal.reason).toBe('late');
});

test('the signal aborts with the reason of the outer signal that comes first', async () => {
  const { clock, timeUp } = createHeldClock();
  const [one, other] = [new AbortController(), new AbortController()];
  const cutoff = createCutoff(clock, 10, [one.signal, other.signal], () => 'late');
  other.abort('other');
  one.abort('one');
  timeUp();
  await expect(cutoff.ended).rejects.toBe('other');
});

test('an outer signal that is aborted already ends it at once', () => {
  const { clock } = createHeldClock();
  expect(createCutoff(clock, 10, [AbortSignal.abort('gone')], () => 'late').signal.reason).toBe('gone');
});

test('a released cutoff never aborts', async () => {
  const { clock, timeUp } = createHeldClock();
  const outer = new AbortController();
  const cutoff = createCutoff(clock, 10, [outer.signal], () => 'late');
  cutoff.release();
  outer.abort();
  timeUp();
  await Promise.resolve();
  expect(cutoff.signal.aborted).toBe(false);
});
