import { expect, test } from 'vitest';
import type { Blow } from '../../cli/storm/faults/kill-plan.ts';
import { unleash } from '../../cli/storm/faults/killer.ts';
import type { Kept } from '../../cli/supervisor.ts';

const kill = (target: string): Blow => ({ atMs: 0, target, kind: 'kill', pauseMs: 0 });

/** A process of nobody, which is up again when `comesBack` says so. */
function keptAs(name: string, comesBack: () => boolean): { kept: Kept; kills: () => number } {
  let killCount = 0;
  const kept: Kept = {
    name,
    pid: () => (killCount === 0 || comesBack() ? 1 : undefined),
    async kill() {
      killCount += 1;
    },
    start: async () => undefined,
    up: async () => undefined,
    stop: async () => undefined,
  };
  return { kept, kills: () => killCount };
}

test('a process that is killed and comes back is written down with both moments', async () => {
  const { kept, kills } = keptAs('payment', () => true);
  const killer = unleash({
    blows: [kill('payment')],
    processes: new Map([['payment', kept]]),
    clock: () => 7,
  });
  await expect.poll(kills).toBe(1);
  await killer.heal();
  expect(killer.struck).toEqual([{ ...kill('payment'), struckAtMs: 7, backAtMs: 7 }]);
});

test('one that does not come back breaks the storm with a sentence, now and when it heals', async () => {
  const { kept } = keptAs('payment', () => false);
  const killer = unleash({
    blows: [kill('payment'), kill('payment')],
    processes: new Map([['payment', kept]]),
    clock: () => 7,
    backMsMax: 100,
  });
  const sentence = 'payment was killed, and did not come back within 0.1 s.';
  await expect(killer.broken).rejects.toThrow(sentence);
  await expect(killer.heal()).rejects.toThrow(sentence);
  expect(killer.struck.map(({ backAtMs }) => backAtMs)).toEqual([undefined]);
});
