import { expect, test } from 'vitest';
import { compareFigure, compareRuns } from '../../cli/bench/compare.ts';
import type { Figure, Results } from '../../cli/bench/figure.ts';
import { figures } from '../../cli/bench/figures.ts';
import type { Grown } from '../../cli/bench/grow/grown.ts';
import { createRecorder, percentilesOf } from '../../cli/bench/latencies.ts';
import type { Measured } from '../../cli/bench/measured.ts';
import { usedBetween } from '../../cli/bench/meter.ts';
import { notesOf } from '../../cli/bench/screen/notes.ts';
import { summaryOf } from '../../cli/bench/statistics.ts';
import { exitCodeOf, isReached, lineOf, linesOf } from '../../cli/bench/verdict.ts';

const figure = (id: string): Figure => {
  const found = figures.find((each) => each.id === id);
  if (!found) throw new Error(`there is no figure ${id}`);
  return found;
};

function measured(name: string, perSecond: number, more: Partial<Measured> = {}): Measured {
  return { name, seconds: 1, count: perSecond, perSecond, odd: {}, usage: {}, ...more };
}

const waited = (p50Ms: number, p99Ms = p50Ms) => ({
  latency: { p50Ms, p90Ms: p50Ms, p99Ms, p999Ms: p99Ms, maxMs: p99Ms, meanMs: p50Ms },
});

const grown: Grown = {
  orders: 1_000_000,
  fillSeconds: 600,
  asked: { count: 100, replayed: 100 },
  rates: [
    { empty: 1_000, grown: 950 },
    { empty: 800, grown: 800 },
    { empty: 1_000, grown: 880 },
  ],
  served: 100_000,
  toServe: 100_000,
  rssBytes: {
    order: { empty: 150e6, grown: 180e6 },
    inventory: { empty: 150e6, grown: 210e6 },
    payment: { empty: 150e6, grown: 160e6 },
  },
  heaps: {
    order: { firstBytes: 50_000_000, lastBytes: 50_500_000, orders: 50_000 },
    payment: { firstBytes: 50_000_000, lastBytes: 49_000_000, orders: 50_000 },
  },
  startsMs: [{ empty: 2_000, grown: 2_200 }],
  stream: {
    entries: 1_000_000,
    openWithoutCheckpointMs: 40_000,
    tasks: { append: [{ empty: 1, grown: 1 }], 'find-key': [{ empty: 1, grown: 2 }], 'read-state': [] },
  },
  audit: { asked: false },
};

test('a summary is the median, the ends, and the median distance from the median', () => {
  expect(summaryOf([7, 1, 4, 100, 5])).toEqual({ median: 5, min: 1, max: 100, mad: 2 });
  expect(summaryOf([2, 4])).toEqual({ median: 3, min: 2, max: 4, mad: 1 });
  expect(summaryOf([])).toBeUndefined();
});

test('percentiles are those of all processes together', () => {
  const [fast, slow] = [createRecorder(), createRecorder()];
  for (let index = 0; index < 98; index += 1) fast.add(2);
  slow.add(50);
  slow.add(1_000);
  const all = percentilesOf([fast.counted(), slow.counted()]);
  expect(all?.p50Ms).toBeCloseTo(2, 2);
  expect(all?.p99Ms).toBeCloseTo(50, 1);
  expect(all?.maxMs).toBeCloseTo(1_000, 0);
  expect(percentilesOf([createRecorder().counted()])).toBeUndefined();
});

test('what several processes of one name used is added up, and others are what is busy beyond all of ours', () => {
  const usage = (cpuMs: number, rssBytes: number) => ({ cpuMs, rssBytes });
  const used = usedBetween(
    [
      ['order', 1],
      ['load', 2],
      ['load', 3],
      ['gone', 4],
    ],
    {
      usages: new Map([
        [1, usage(1_000, 10)],
        [2, usage(0, 1)],
        [3, usage(0, 1)],
        [4, usage(0, 1)],
      ]),
      machine: { busyMs: 10_000, stolenMs: 0 },
    },
    {
      usages: new Map([
        [1, usage(1_500, 20)],
        [2, usage(100, 2)],
        [3, usage(300, 3)],
      ]),
      machine: { busyMs: 11_200, stolenMs: 50 },
    },
    1_000,
  );
  expect(used).toEqual({
    usage: {
      order: { cpuSeconds: 0.5, cpuMsPerCount: 0.5, rssBytes: 20 },
      load: { cpuSeconds: 0.4, cpuMsPerCount: 0.4, rssBytes: 5 },
    },
    machine: { busySeconds: 1.2, othersSeconds: 0.3, stolenSeconds: 0.05 },
  });
});

test('a ratio is taken within a round, and only of rounds that have both', () => {
  const rounds = [
    {
      alone: measured('alone', 200, waited(4)),
      'insert-small': measured('insert-small', 1_000, waited(0.5)),
    },
    { alone: measured('alone', 100, waited(9)), 'insert-small': measured('insert-small', 500, waited(3)) },
    { alone: measured('alone', 100, waited(9)) },
  ];
  expect(figure('alone-inserts').values({ rounds })).toEqual([8, 3]);
});

test('a measurement in which nothing was answered gives no value', () => {
  const rounds = [{ 'closed-32': measured('closed-32', 0), 'bare-32': measured('bare-32', 0) }];
  expect(figure('p99-32').values({ rounds })).toEqual([]);
  expect(figure('bare-share-32').values({ rounds })).toEqual([]);
  expect(figure('orders-32').values({ rounds })).toEqual([0]);
});

test('goals count by the median: at least and at most include the value, below does not', () => {
  expect(isReached({ kind: 'at least', value: 0.9 }, 0.9)).toBe(true);
  expect(isReached({ kind: 'at least', value: 0.9 }, 0.89)).toBe(false);
  expect(isReached({ kind: 'at most', value: 4 }, 4)).toBe(true);
  expect(isReached({ kind: 'at most', value: 4 }, 5)).toBe(false);
  expect(isReached({ kind: 'below', value: 27 }, 26.9)).toBe(true);
  expect(isReached({ kind: 'below', value: 27 }, 27)).toBe(false);
  const rounds = [1_300, 1_250, 900].map((perSecond) => ({ 'closed-32': measured('closed-32', perSecond) }));
  expect(lineOf(figure('orders-32'), { rounds })).toMatchObject({
    values: [1_300, 1_250, 900],
    summary: { median: 1_250 },
    verdict: 'reached',
  });
});

test('what was not measured is not reached, so the exit code is not 0', () => {
  const nothing = linesOf({ rounds: [] });
  expect(new Set(nothing.map(({ verdict }) => verdict))).toEqual(new Set(['not measured', 'shown']));
  expect(exitCodeOf(nothing)).toBe(1);
  const reached = nothing.map((line) => ({ ...line, verdict: 'reached' as const }));
  expect(exitCodeOf(reached)).toBe(0);
  const [first, ...others] = reached;
  if (!first) throw new Error('there are no figures');
  expect(exitCodeOf([{ ...first, verdict: 'missed' }, ...others])).toBe(1);
  expect(exitCodeOf([{ ...first, verdict: 'shown' }, ...others])).toBe(0);
});

test('growth is judged on a million orders', () => {
  const results: Results = { rounds: [], grown };
  expect(lineOf(figure('grown-rate'), results)).toMatchObject({
    values: [0.95, 1, 0.88],
    verdict: 'reached',
  });
  expect(lineOf(figure('memory'), results)).toMatchObject({ values: [210e6], verdict: 'missed' });
  expect(lineOf(figure('memory-growth'), results)).toMatchObject({ values: [10], verdict: 'reached' });
  expect(lineOf(figure('grown-start'), results)).toMatchObject({ values: [1.1], verdict: 'reached' });
  expect(lineOf(figure('stream-append'), results)).toMatchObject({ values: [1], verdict: 'reached' });
  expect(lineOf(figure('stream-find-key'), results)).toMatchObject({ values: [0.5], verdict: 'missed' });
  expect(lineOf(figure('stream-read-state'), results)).toMatchObject({ values: [], verdict: 'not measured' });
});

test('growth on less than a million orders is shown and does not count as measured', () => {
  const less: Results = { rounds: [], grown: { ...grown, orders: 20_000 } };
  expect(lineOf(figure('grown-rate'), less)).toMatchObject({
    summary: { median: 0.95 },
    verdict: 'not measured',
    why: '20000 of 1000000 orders',
  });
  const few = { firstBytes: 1, lastBytes: 1, orders: 900 };
  expect(
    lineOf(figure('memory-growth'), { rounds: [], grown: { ...grown, heaps: { order: few } } }),
  ).toMatchObject({
    verdict: 'not measured',
    why: 'over 900 of 40000 orders',
  });
});

test('a fill that the services do not know, or whose audit does not hold, proves nothing', () => {
  const unknown: Results = { rounds: [], grown: { ...grown, asked: { count: 100, replayed: 99 } } };
  expect(lineOf(figure('memory'), unknown)).toMatchObject({
    verdict: 'not measured',
    why: 'of 100 orders that filled it only 99 were replayed',
  });
  const audit = { asked: true, orders: 5, findings: 1, verdicts: { I1: 'holds', I3: 'broken' } } as const;
  expect(lineOf(figure('memory'), { rounds: [], grown: { ...grown, audit } })).toMatchObject({
    verdict: 'not measured',
    why: 'the audit says I3 broken',
  });
});

test('memory is that of services that did their part of the work', () => {
  const slow: Results = { rounds: [], grown: { ...grown, served: 900 } };
  expect(lineOf(figure('memory'), slow)).toMatchObject({
    verdict: 'not measured',
    why: 'only 900 of 100000 orders got through the services',
  });
});

test('a change counts only when every round of one run is better than every round of the other', () => {
  const rate = figure('orders-32');
  expect(compareFigure(rate, [100, 110, 120], [132, 140, 150])).toMatchObject({
    change: 'better',
    moved: 30 / 110,
    beyondNoise: 12 / 110,
  });
  expect(compareFigure(rate, [100, 110, 120], [119, 140, 150])).toMatchObject({
    change: 'within the noise',
    moved: 30 / 110,
    beyondNoise: 0,
  });
  expect(compareFigure(rate, [100, 110, 120], [70, 80, 89])).toMatchObject({
    change: 'worse',
    beyondNoise: -11 / 110,
  });
});

test('where less is better, less is better', () => {
  const wait = figure('p50-32');
  expect(compareFigure(wait, [20, 21, 22], [10, 11, 12])?.change).toBe('better');
  expect(compareFigure(wait, [10, 11, 12], [20, 21, 22])?.change).toBe('worse');
});

test('one round says nothing of the noise', () => {
  const rate = figure('orders-32');
  expect(compareFigure(rate, [100], [200, 201])).toMatchObject({ change: 'cannot tell', moved: 1.005 });
  expect(compareFigure(rate, [], [200, 201])).toBeUndefined();
});

test('what to know before believing a table: others on the machine, and answers that were none', () => {
  const machine = (othersSeconds: number) => ({ busySeconds: 1, othersSeconds, stolenSeconds: 0.1 });
  const busy = { alone: measured('alone', 10, { seconds: 2, machine: machine(0.7) }) };
  const refused = { 'closed-32': measured('closed-32', 10, { odd: { 'odd: OVERLOADED': 3 } }) };
  // Of two seconds on two cores 0.8 s went elsewhere.
  expect(notesOf({ rounds: [busy, refused] }, 2)).toEqual([
    'Others used 20 % of this machine meanwhile: believe the ratios, not the numbers.',
    'Answers that were neither a confirmation nor a replay: 3 × OVERLOADED (closed-32).',
  ]);
  const calm = { alone: measured('alone', 10, { seconds: 2, machine: machine(0.2) }) };
  expect(notesOf({ rounds: [calm] }, 2)).toEqual([]);
});

test('inserts that cannot be watched are not measured, and it is said why', () => {
  const why = 'the database is not one plain server that could be watched';
  expect(lineOf(figure('inserts'), { rounds: [], inserts: { chains: [], why } })).toMatchObject({
    verdict: 'not measured',
    why,
  });
  const chains = [['order', 'payment'], ['order', 'inventory', 'payment', 'order', 'order'], ['order']];
  expect(lineOf(figure('inserts'), { rounds: [], inserts: { chains } })).toMatchObject({
    values: [5],
    verdict: 'missed',
  });
});

test('runs are compared in what both of them measured', () => {
  const compared = compareRuns(
    { 'orders-32': [1, 2], 'p50-32': [3, 3], 'some-figure-of-later': [1] },
    { 'orders-32': [3, 4], 'orders-128': [1, 1] },
  );
  expect(compared.map(({ figure: { id }, change }) => [id, change])).toEqual([['orders-32', 'better']]);
});
