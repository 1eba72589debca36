import { version } from 'uuid';
import { expect, test } from 'vitest';
import { drawsAt } from '../../cli/storm/draws.ts';
import { killPlan } from '../../cli/storm/faults/kill-plan.ts';
import { goodsOf } from '../../cli/storm/goods.ts';
import type { Sample } from '../../cli/storm/load/samples.ts';
import { ceilingOf, excessShareOf, foundIn, phasesOf, recoveryOf } from '../../cli/storm/phases.ts';
import { type PlanOptions, planRequest, planRetry } from '../../cli/storm/plan.ts';

const options: PlanOptions = {
  seed: 5,
  run: 'storm',
  callerCount: 2,
  goods: goodsOf('storm'),
  mix: {
    duplicates: 0.45,
    burst: 6,
    lateMsMax: 20_000,
    dropped: 0.2,
    impatient: 0.06,
    mismatched: 0.03,
    cancelled: 0.06,
    byCard: 0,
  },
};
const planned = Array.from({ length: 4_000 }, (_, number) => planRequest(options, number));
const sends = planned.flatMap((request) => request.sends);

test('the plan of a request depends on the seed and its number, and on nothing else', () => {
  expect(planRequest(options, 1_234)).toEqual(planned[1_234]);
  expect(planRetry(options, 7, 'm', 2)).toEqual(planRetry(options, 7, 'm', 2));
  expect(planRequest({ ...options, seed: 6 }, 1_234)).not.toEqual(planned[1_234]);
});

test('neighbouring places draw different fractions', () => {
  const fractions = Array.from({ length: 1_000 }, (_, number) => drawsAt(1, 'request', number).fraction());
  expect(new Set(fractions).size).toBe(1_000);
  expect(fractions.filter((fraction) => fraction < 0.5).length).toBeGreaterThan(430);
  expect(fractions.filter((fraction) => fraction < 0.5).length).toBeLessThan(570);
});

test('as many calls are duplicates, and as many answers are dropped, as was asked for', () => {
  const duplicates = sends.length - planned.length;
  expect(duplicates / sends.length).toBeGreaterThan(0.4);
  expect(duplicates / sends.length).toBeLessThan(0.5);
  const dropped = sends.filter(({ path }) => path !== 'direct').length;
  expect(dropped / sends.length).toBeGreaterThan(0.17);
  expect(dropped / sends.length).toBeLessThan(0.23);
});

test('two callers use the same request ids, each for requests of its own', () => {
  const second = planned[2]?.requestId ?? '';
  expect(planned.slice(0, 4).map(({ requestId, caller }) => [requestId, caller])).toEqual([
    ['storm:0000000', 0],
    ['storm:0000000', 1],
    [second, 0],
    [second, 1],
  ]);
  expect(version(second)).toBe(7);
  expect(planned[0]?.asked).not.toEqual(planned[1]?.asked);
});

test('a counter is moved in one direction only, and no order touches it', () => {
  const { counters } = options.goods;
  const moves = planned.flatMap(({ asked }) =>
    'delta' in asked && asked.sku === counters.deducted.sku ? [asked.delta] : [],
  );
  expect(moves.length).toBeGreaterThan(50);
  expect(moves.every((delta) => delta < 0)).toBe(true);
  const ordered = planned.flatMap(({ asked }) =>
    asked.rpc === 'PlaceOrder' ? asked.lines.map(({ sku }) => sku) : [],
  );
  expect(ordered).not.toContain(counters.deducted.sku);
});

test('as many orders are paid by card as were asked for, some with a card that is declined; the rest of the plan stays', () => {
  const half = { ...options, mix: { ...options.mix, byCard: 0.5 } };
  const pairs = planned.map((one, number) => [one, planRequest(half, number)] as const);
  const orders = pairs.flatMap(([, { asked }]) => (asked.rpc === 'PlaceOrder' ? [asked] : []));
  const cards = orders.flatMap(({ payer }) => ('card' in payer ? payer.card : []));
  expect(cards.length / orders.length).toBeGreaterThan(0.45);
  expect(cards.length / orders.length).toBeLessThan(0.55);
  const declined = cards.filter((card) => !['pm_card_visa', 'pm_card_mastercard'].includes(card));
  expect(declined.length / cards.length).toBeGreaterThan(0.05);
  expect(declined.length / cards.length).toBeLessThan(0.15);
  for (const [one, other] of pairs) {
    if (one.asked.rpc !== 'PlaceOrder' || other.asked.rpc !== 'PlaceOrder') continue;
    expect(other.asked.lines).toEqual(one.asked.lines);
  }
});

test('an order names each SKU once', () => {
  for (const { asked } of planned) {
    if (asked.rpc !== 'PlaceOrder') continue;
    expect(new Set(asked.lines.map(({ sku }) => sku)).size).toBe(asked.lines.length);
  }
});

test('in ten minutes every process is killed at least ten times, and a coordinator sleeps past its orders’ deadline', () => {
  const targets = ['database', 'inventory', 'payment', 'order', 'order-2'];
  const blows = killPlan({
    seed: 1,
    fromMs: 2_000,
    untilMs: 550_000,
    everyMs: 7_058,
    targets,
    coordinators: ['order', 'order-2'],
    orderDeadlineMs: 4_000,
  });
  for (const target of targets) {
    expect(
      blows.filter((blow) => blow.target === target && blow.kind === 'kill').length,
    ).toBeGreaterThanOrEqual(10);
  }
  expect(
    blows.filter(
      ({ target, kind, pauseMs }) => target.startsWith('order') && kind === 'pause' && pauseMs > 4_000,
    ).length,
  ).toBeGreaterThan(5);
  expect(blows.every(({ atMs }) => atMs >= 2_000 && atMs < 550_000)).toBe(true);
});

test('who dies when depends on the seed alone, not on the order in which the processes came up', () => {
  const plan = (targets: string[], coordinators: string[]) =>
    killPlan({
      seed: 2,
      fromMs: 2_000,
      untilMs: 60_000,
      everyMs: 2_000,
      targets,
      coordinators,
      orderDeadlineMs: 4_000,
    });
  const targets = ['database', 'inventory', 'order', 'order-2', 'payment', 'provider'];
  const blows = plan(targets, ['order', 'order-2']);
  expect(plan(targets.toReversed(), ['order-2', 'order'])).toEqual(blows);
  expect(blows.slice(0, 3).map(({ kind, target }) => `${kind} ${target}`)).toEqual([
    'kill provider',
    'pause order-2',
    'kill database',
  ]);
});

function sample(second: number, phase: string, answered: number): Sample {
  return {
    second,
    phase,
    answered,
    calls: 0,
    requests: 0,
    done: 0,
    refused: 0,
    unknown: 0,
    replays: 0,
    p50Ms: null,
    p95Ms: null,
    p99Ms: null,
  };
}
const secondsOf = (phase: string, answered: readonly number[]) =>
  answered.map((value, second) => sample(second, phase, value));

test('the ceiling is what three seconds in a row reached, not one lucky second', () => {
  expect(ceilingOf(secondsOf('storm', [100, 900, 100, 200, 210, 220, 10]))).toBe(400);
  expect(ceilingOf(secondsOf('excess', [900, 900, 900]))).toBe(0);
});

test('the phases of the mix end with the duration, and nobody is killed during the excess and after it', () => {
  const phases = phasesOf({ kind: 'mix', inFlight: 48 }, 60_000);
  expect(Math.round(phases.reduce((sum, { durationMs }) => sum + durationMs, 0))).toBe(60_000);
  expect(phases.map(({ name, kills }) => [name, kills])).toEqual([
    ['storm', true],
    ['steady', true],
    ['excess', false],
    ['recovery', false],
  ]);
});

test('a long storm is a long closed loop; what follows it takes a minute, then 20 and 30 s', () => {
  const phases = phasesOf({ kind: 'mix', inFlight: 48 }, 600_000);
  expect(phases.map(({ durationMs }) => durationMs)).toEqual([490_000, 60_000, 20_000, 30_000]);
});

test('the steady load is half of what was usual under the kills, the excess three times what was best', () => {
  const found = foundIn(secondsOf('storm', [100, 900, 100, 200, 210, 220, 10]));
  const loads = phasesOf({ kind: 'mix', inFlight: 48 }, 60_000).map((phase) => phase.load(found));
  expect(loads).toEqual([
    { kind: 'closed', inFlight: 48 },
    { kind: 'open', perSecond: 124, endsWithPhase: false },
    { kind: 'open', perSecond: 1_200, endsWithPhase: true },
    { kind: 'open', perSecond: 200, endsWithPhase: false },
  ]);
});

test('goodput is back when two seconds in a row answer what is asked, within ten seconds', () => {
  const good = secondsOf('recovery', [10, 20, 100, 30, 99, 101, 100, 100]);
  expect(recoveryOf(good, 200)).toEqual({
    verdict: 'holds',
    reason: 'goodput was back 5 s after the excess stopped',
    backAfterSeconds: 5,
  });
  expect(recoveryOf(secondsOf('recovery', Array(14).fill(20)), 200).verdict).toBe('broken');
  // A backlog that drained, and then nothing any more.
  const again = secondsOf('recovery', [150, 120, ...Array(14).fill(10)]);
  expect(recoveryOf(again, 200).verdict).toBe('broken');
  const oneBad = secondsOf('recovery', [100, 100, 100, 20, 100, 100, 100, 100, 100, 100, 100, 100, 100]);
  expect(recoveryOf(oneBad, 200).verdict).toBe('holds');
  expect(recoveryOf(secondsOf('recovery', Array(8).fill(20)), 200).verdict).toBe('not examined');
  expect(recoveryOf(secondsOf('storm', [100]), 200).verdict).toBe('not examined');
});

test('goodput in the excess is a part of the ceiling, without its way in and its last second', () => {
  const seconds = [...secondsOf('storm', [200, 200, 200]), ...secondsOf('excess', [600, 150, 170, 20])];
  expect(excessShareOf(seconds, 200)).toBe(0.8);
  expect(excessShareOf(secondsOf('storm', [200]), 200)).toBeUndefined();
  expect(excessShareOf(secondsOf('excess', [100, 100]), 200)).toBeUndefined();
});
