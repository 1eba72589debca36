import { expect, test, vi } from 'vitest';
import { createCutoff } from '../../shared/rpc/cutoff.ts';
import { type Clock, createSystemClock } from '../../shared/runtime/index.ts';

const never = new Promise<never>(() => undefined);

/** A clock whose one timer rings when the test says so. */
function createHeldClock() {
  let timeUp: () => void = () => undefined;
  const clock: Clock = {
    ...createSystemClock(),
    after(_durationMs, ring) {
      timeUp = ring;
      return () => {
        timeUp = () => undefined;
      };
    },
  };
  return { clock, timeUp: () => timeUp() };
}

test('the signal aborts with the late reason when the time is up', async () => {
  const { clock, timeUp } = createHeldClock();
  const cutoff = createCutoff(clock, 10, [], () => 'late');
  timeUp();
  await expect(cutoff.within(never)).rejects.toBe('late');
  expect(cutoff.signal.reason).toBe('late');
});

test('the signal aborts with the reason of the outer signal that comes first', async () => {
  const { clock, timeUp } = createHeldClock();
  const [one, other] = [new AbortController(), new AbortController()];
  const cutoff = createCutoff(clock, 10, [one.signal, other.signal], () => 'late');
  other.abort('other');
  one.abort('one');
  timeUp();
  await expect(cutoff.within(never)).rejects.toBe('other');
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

test('who asks after the end gets a signal that is aborted, and a promise that is rejected', async () => {
  const { clock, timeUp } = createHeldClock();
  const cutoff = createCutoff(clock, 10, [], () => 'late');
  timeUp();
  expect(cutoff.aborted).toBe(true);
  expect(cutoff.signal.aborted).toBe(true);
  await expect(cutoff.within(never)).rejects.toBe('late');
});

test('each listener hears of the end once, and one that was removed does not', () => {
  const { clock, timeUp } = createHeldClock();
  const cutoff = createCutoff(clock, 10, [], () => 'late');
  const heard: unknown[] = [];
  const leaving = () => heard.push('left');
  cutoff.addEventListener('abort', () => heard.push(cutoff.reason));
  cutoff.addEventListener('abort', leaving);
  cutoff.removeEventListener('abort', leaving);
  cutoff.signal.addEventListener('abort', () => heard.push('signal'));
  timeUp();
  timeUp();
  expect(heard).toEqual(['signal', 'late']);
});

test('work that is done in time is answered as it ends', async () => {
  const cutoff = createCutoff(createHeldClock().clock, 10, [], () => 'late');
  await expect(cutoff.within(Promise.resolve('done'))).resolves.toBe('done');
  await expect(cutoff.within(Promise.reject(new Error('broken')))).rejects.toThrow('broken');
});

test('work that has ended is listened to no longer: a long stream would leave something for each message', async () => {
  const cutoff = createCutoff(createHeldClock().clock, 10, [], () => 'late');
  const added = vi.spyOn(cutoff, 'addEventListener');
  const removed = vi.spyOn(cutoff, 'removeEventListener');
  await cutoff.within(Promise.resolve('done'));
  await cutoff.within(Promise.reject(new Error('broken'))).catch(() => undefined);
  expect(added).toHaveBeenCalledTimes(2);
  expect(removed.mock.calls).toEqual(added.mock.calls);
});

test('work that fails when it is late is no unhandled rejection', async () => {
  const { clock, timeUp } = createHeldClock();
  const cutoff = createCutoff(clock, 10, [], () => 'late');
  const work = Promise.withResolvers<never>();
  const answer = cutoff.within(work.promise);
  timeUp();
  await expect(answer).rejects.toBe('late');
  work.reject(new Error('broken'));
  await new Promise(setImmediate);
});
