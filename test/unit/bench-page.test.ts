import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { stripOf } from '../../cli/bench/report/charts.ts';
import { conclusionOf, pageOf } from '../../cli/bench/report/page.ts';
import type { BenchReport, ReportedFigure } from '../../cli/bench/report/report.ts';
import { closingTable } from '../../cli/bench/screen/table.ts';
import { sayChange, sayGoal, sayValue } from '../../cli/bench/screen/words.ts';
import { linesOf } from '../../cli/bench/verdict.ts';

const figure: ReportedFigure = {
  id: 'orders-32',
  says: 'orders/s, 32 in flight',
  unit: 'a second',
  better: 'higher',
  goal: { kind: 'at least', value: 1_200 },
  values: [1_000, 1_100],
  median: 1_050,
  min: 1_000,
  max: 1_100,
  mad: 50,
  verdict: 'missed',
  why: '',
};

const report: BenchReport = {
  schema: 'twicesafe-bench-report',
  version: 1,
  startedAt: '2026-11-24T12:00:00.000Z',
  commit: 'abc1234+',
  command: 'npm run bench -- --json "<script>alert(1)</script>"',
  machine: {
    cores: 2,
    cpu: 'A & B',
    memoryBytes: 1,
    system: 'linux x64',
    node: 'v24.0.0',
    loadBefore: 0.25,
  },
  database: 'secantus',
  options: { rounds: 2, seconds: 6, loadProcesses: 2, grow: 20_000, measured: ['closed-32'] },
  exitCode: 1,
  figures: [figure],
  compared: [],
  rounds: [
    {
      'closed-32': {
        name: 'closed-32',
        seconds: 6,
        count: 6_000,
        perSecond: 1_000,
        latency: { p50Ms: 20, p90Ms: 30, p99Ms: 60, p999Ms: 90, maxMs: 100, meanMs: 22 },
        odd: {},
        usage: { order: { cpuSeconds: 3, cpuMsPerCount: 0.5, rssBytes: 1 } },
      },
    },
  ],
};

test('the page shows figures, goals and verdicts, and a chart of the CPU of each process', () => {
  const page = pageOf(report, '');
  expect(page).toContain('<td class="missed">missed</td>');
  expect(page).toContain('≥ 1,200/s');
  expect(page).toContain('<title>order: 0.500 ms</title>');
  expect(page).toContain('<title>p99: 60.00 ms</title>');
  expect(page).toContain('A &amp; B');
});

test('what a command line said does not become part of the page', () => {
  expect(pageOf(report, '')).not.toContain('<script>');
});

test('rounds and goal stand on one scale', () => {
  const strip = stripOf(figure);
  // The lowest round at the left end, the goal, which is above all rounds, at the right one.
  expect(strip).toContain('<circle class="round" cx="8.0" ');
  expect(strip).toContain('<line class="goal" x1="252.0" x2="252.0" ');
  expect(stripOf({ ...figure, values: [] })).toBe('');
});

test('the conclusion counts goals, not figures without one', () => {
  const verdicts = ['reached', 'reached', 'missed', 'not measured', 'shown'] as const;
  expect(conclusionOf(verdicts.map((verdict) => ({ verdict })))).toBe(
    '2 goals reached, 1 missed, 1 not measured',
  );
});

test('numbers are said with their units', () => {
  expect(sayValue(1_234.4, 'a second')).toBe('1,234/s');
  expect(sayValue(5.46, 'ms')).toBe('5.5 ms');
  expect(sayValue(0.834, 'share')).toBe('83 %');
  expect(sayValue(4.25, 'times')).toBe('4.3 ×');
  expect(sayValue(1.25, 'times')).toBe('1.25 ×');
  expect(sayValue(4, 'count')).toBe('4');
  expect(sayValue(0.414, 'count')).toBe('0.41');
  expect(sayValue(199_900_000, 'bytes')).toBe('200 MB');
  expect(sayGoal({ kind: 'below', value: 27 }, 'ms')).toBe('< 27.0 ms');
  expect(sayChange(0.123)).toBe('+12 %');
  expect(sayChange(-0.034)).toBe('−3.4 %');
});

test('the closing table shows what was part of the run, and counts the rest', () => {
  const lines = linesOf({ rounds: report.rounds });
  const table = stripVTControlCharacters(closingTable(lines)).split('\n');
  expect(table).toHaveLength(5);
  expect(table[1]).toMatch(/^ {2}orders\/s, 32 in flight +≥ 1,200\/s +1,000\/s +missed$/);
  expect(table[2]).toMatch(/^ {2}p50, 32 in flight +< 27.0 ms +20.0 ms +reached$/);
  expect(table[4]).toBe('  and 19 figures that were not part of this run');
});
