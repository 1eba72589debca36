import { expect, test } from 'vitest';
import { machineTicks, othersShare, processTicks } from '../../cli/tools/load/neighbours.ts';

test('what others took is what was busy and not ours, as a part of the whole machine', () => {
  const before = { all: 1_000, busy: 500, ours: 400 };
  expect(othersShare(before, { all: 1_400, busy: 860, ours: 720 })).toBe(0.1);
  expect(othersShare(before, { all: 1_400, busy: 720, ours: 621 })).toBe(0);
});

test('the machine’s ticks are read from its first line, without interrupts as anybody’s work', () => {
  const stat = 'cpu  100 10 50 800 20 5 15 7 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n';
  expect(machineTicks(stat)).toEqual({ all: 1_007, busy: 167 });
});

test('a process’s ticks are read behind its name, whatever that is', () => {
  const stat = '42 (a) b) c) S 1 42 42 0 -1 4194560 1 2 3 4 1234 567 8 9 20 0 1 0 100 0 0';
  expect(processTicks(stat)).toBe(1_801);
});
