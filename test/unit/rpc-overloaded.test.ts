// How long a refused caller is told to stay away.

import { expect, test } from 'vitest';
import { RetryInfoSchema } from '../../shared/gen/google/rpc/error_details_pb.ts';
import { createRefusals } from '../../shared/rpc/index.ts';
import { createHeldClock } from '../support/held-clock.ts';
import { silentLog } from '../support/toy-order-server.ts';

function begin() {
  const clock = createHeldClock();
  const refusal = createRefusals({ clock, log: silentLog });
  const refuse = (refused?: { isNew: boolean }): number => {
    const [info] = refusal(refused).findDetails(RetryInfoSchema);
    const { seconds = 0n, nanos = 0 } = info?.retryDelay ?? {};
    return Number(seconds) * 1_000 + nanos / 1e6;
  };
  /** Refuses evenly, so many times a second, and returns what the callers of the last second were told, in ms. */
  async function toldWhen(perSecond: number, seconds: number): Promise<{ least: number; most: number }> {
    let told: number[] = [];
    for (let second = 0; second < seconds; second += 1) {
      told = [];
      for (let index = 0; index < perSecond; index += 1) {
        await clock.pass(1_000 / perSecond);
        told.push(refuse());
      }
    }
    return { least: Math.min(...told), most: Math.max(...told) };
  }
  return { clock, refuse, toldWhen };
}

test('few refused callers are told half a second to one and a half, each another', async () => {
  const { least, most } = await begin().toldWhen(100, 10);
  expect(least).toBeGreaterThanOrEqual(500);
  expect(least).toBeLessThan(550);
  expect(most).toBeLessThanOrEqual(1_500);
  expect(most).toBeGreaterThan(1_450);
});

test('while more are refused than cost little, they are told to stay away longer, to a limit', async () => {
  const { toldWhen } = begin();
  expect((await toldWhen(1_000, 1)).most).toBeLessThanOrEqual(3_000);
  const { least, most } = await toldWhen(1_000, 10);
  expect(least).toBeGreaterThan(9_000);
  expect(most).toBeLessThanOrEqual(30_000);
});

test('as many as cost little keep the delay where it is, and fewer shorten it', async () => {
  const { toldWhen } = begin();
  await toldWhen(600, 3);
  const { most } = await toldWhen(300, 5);
  expect(most).toBeGreaterThan(4_000);
  expect((await toldWhen(20, 6)).most).toBeLessThanOrEqual(1_500);
});

test('after a calm time the next overload begins with the short delay', async () => {
  const { clock, refuse, toldWhen } = begin();
  await toldWhen(1_000, 10);
  await clock.pass(11_000);
  expect(refuse()).toBeLessThanOrEqual(1_500);
});

test('who carries on or ends accepted work is never told more, whatever happens to new work', async () => {
  const { refuse, toldWhen } = begin();
  await toldWhen(1_000, 10);
  for (let index = 0; index < 100; index += 1) expect(refuse({ isNew: false })).toBeLessThanOrEqual(1_500);
});
