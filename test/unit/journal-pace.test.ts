// When a flush begins and how much it carries: what makes several writers of one stream share it.

import { expect, test } from 'vitest';
import { defaultJournalLimits as limits } from '../../shared/journal/limits.ts';
import { createPace } from '../../shared/journal/pace.ts';
import { createHeldClock } from '../support/held-clock.ts';
import { silentLog } from '../support/toy-order-server.ts';

/** Nobody comes. */
const nobody = new Promise<void>(() => undefined);

function begin() {
  const clock = createHeldClock();
  const others: { atMs?: number } = {};
  const pace = createPace({
    othersAtMs: () => others.atMs,
    clock,
    random: { fraction: () => 1, bytes: () => new Uint8Array(), name: () => 'x' } as never,
    log: silentLog,
    limits,
  });
  /** How long the next flush is kept waiting; it begins then. */
  async function waits(waitingCount: number): Promise<number> {
    const turn = pace.turn({ urgentCount: () => waitingCount, company: () => nobody });
    const [ms = 0] = clock.sleepsMs();
    await clock.pass(ms);
    await turn;
    return ms;
  }
  async function flush(tookMs: number, waitingCount = 1, carriedCount = waitingCount): Promise<number> {
    const waitedMs = await waits(waitingCount);
    await clock.pass(tookMs);
    pace.afterSuccess(tookMs, carriedCount);
    return waitedMs;
  }
  return { clock, others, pace, flush };
}

test('a writer that is alone never waits but for a gap now and then', async () => {
  const { flush } = begin();
  const waited: number[] = [];
  for (let count = 0; count < 1_000; count += 1) waited.push(await flush(5));
  const gaps = waited.filter((ms) => ms > 0);
  expect(new Set(gaps)).toEqual(new Set([limits.gapMs]));
  expect(gaps.length).toBe(2);
});

test('one that has pauses of its own leaves no gap besides', async () => {
  const { clock, flush } = begin();
  for (let count = 0; count < 500; count += 1) {
    expect(await flush(5)).toBe(0);
    if (count % 100 === 0) await clock.pass(limits.gapMs);
  }
});

test('one that has seen another gives way after each entry, as long as it took itself, and no more once the other is quiet', async () => {
  const { clock, others, pace, flush } = begin();
  await flush(7);
  expect(pace.isInCompany()).toBe(false);
  others.atMs = clock.nowMs();
  expect(pace.isInCompany()).toBe(true);
  await flush(7);
  expect(await flush(7)).toBe(7);
  expect(await flush(10_000)).toBe(7);
  others.atMs = clock.nowMs();
  expect(await flush(7)).toBe(limits.giveWayMsMax);
  await clock.pass(limits.companyMs);
  expect(pace.isInCompany()).toBe(false);
  expect(await flush(7)).toBe(0);
});

test('way that was given while nothing was to be written is not given again', async () => {
  const { clock, others, flush } = begin();
  others.atMs = clock.nowMs();
  await flush(20);
  await clock.pass(15);
  expect(await flush(20)).toBe(5);
  await clock.pass(50);
  expect(await flush(20)).toBe(0);
});

test('who lost carries half as much, to a limit, does not give way, and carries more again when it won', async () => {
  const { clock, others, pace, flush } = begin();
  others.atMs = clock.nowMs();
  await flush(50);
  expect(pace.submissionsMax()).toBe(256);
  await pace.afterLostRace();
  expect(pace.submissionsMax()).toBe(128);
  for (let count = 0; count < 5; count += 1) {
    const lost = pace.afterLostRace();
    await clock.pass(limits.contentionDelayMsMax);
    await lost;
  }
  expect(pace.submissionsMax()).toBe(limits.contendedSubmissionsMin);
  expect(await flush(5)).toBe(0);
  await flush(5);
  await flush(5);
  expect(pace.submissionsMax()).toBe(256);
});

test('one that is busy waits a moment for as many as it carried before, and one that is not never does', async () => {
  const { flush } = begin();
  const few = limits.lingerSubmissionsMin - 1;
  expect([await flush(5, few), await flush(5, 1)]).toEqual([0, 0]);
  expect([await flush(5, 30), await flush(5, 30)]).toEqual([0, 0]);
  // Others came while it lingered.
  expect([await flush(5, 3, 20), await flush(5, 19, 20)]).toEqual([limits.lingerMsMax, limits.lingerMsMax]);
  // Nobody came: the next one does not wait again.
  expect([await flush(5, 2, 2), await flush(5, 1)]).toEqual([limits.lingerMsMax, 0]);
});

test('who lingers goes as soon as those are there that it waits for', async () => {
  const { clock, pace, flush } = begin();
  await flush(5, 20);
  const asked: number[] = [];
  await pace.turn({
    urgentCount: () => 3,
    async company(count) {
      asked.push(count);
    },
  });
  expect(asked).toEqual([20]);
  expect(clock.sleepsMs()).toEqual([]);
});
