import { describe, expect, test } from 'vitest';
import { defaultAdmissionLimits } from '../../shared/rpc/admission-limits.ts';
import { createPlaces } from '../../shared/rpc/places.ts';
import { createQueueingModel } from '../support/queueing-service.ts';
import { silentLog } from '../support/toy-order-server.ts';

// Four workers of 10 ms each: 400 calls a second and not one more.
const shop = { workers: 4, workMs: 10, patienceMs: 1_000 };

describe('at three times the ceiling', () => {
  test('goodput stays above 80 % of it, and is back at 95 % of a load that fits within ten seconds', () => {
    const model = createQueueingModel(shop);
    model.run({ arrivals: { begin: 300 }, durationMs: 5_000 });
    // The first moments are a burst, which is taken: all that is late came in them.
    expect(model.run({ arrivals: { begin: 1_200 }, durationMs: 3_000 }).begin.good).toBeGreaterThan(
      0.6 * 400 * 3,
    );
    const over = model.run({ arrivals: { begin: 1_200 }, durationMs: 30_000 });
    expect(over.begin.good).toBeGreaterThan(0.8 * 400 * 30);
    expect(over.begin.late).toBe(0);
    model.run({ arrivals: { begin: 320 }, durationMs: 9_000 });
    expect(model.run({ arrivals: { begin: 320 }, durationMs: 1_000 }).begin.good).toBeGreaterThan(0.95 * 320);
  });

  test('without admission nearly every answer comes too late, and still does after the excess is gone', () => {
    const model = createQueueingModel({
      ...shop,
      limits: { placesMin: 1e6, placesInitial: 1e6 },
      placesMax: 1e6,
    });
    const over = model.run({ arrivals: { begin: 1_200 }, durationMs: 30_000 });
    expect(over.begin.good).toBeLessThan(0.1 * 400 * 30);
    model.run({ arrivals: { begin: 320 }, durationMs: 9_000 });
    expect(model.run({ arrivals: { begin: 320 }, durationMs: 1_000 }).begin.good).toBe(0);
  });

  test('what belongs to a saga is not shed while new work is', () => {
    const model = createQueueingModel(shop);
    const {
      begin,
      know,
      continue: steps,
      settle,
    } = model.run({
      arrivals: { begin: 1_200, know: 20, continue: 120, settle: 120 },
      durationMs: 30_000,
    });
    expect(begin.refused).toBeGreaterThan(10_000);
    expect([steps.refused, settle.refused]).toEqual([0, 0]);
    expect(know.refused).toBeLessThan(60);
    expect(begin.good + know.good + steps.good + settle.good).toBeGreaterThan(0.8 * 400 * 30);
  });

  test('when steps alone are too many, they are shed, and what finishes and undoes is not', () => {
    const model = createQueueingModel(shop);
    const arrivals = { begin: 100, continue: 900, settle: 200 };
    expect(model.run({ arrivals, durationMs: 10_000 }).settle.refused).toBe(0);
    const tally = model.run({ arrivals, durationMs: 30_000 });
    expect(tally.continue.refused).toBeGreaterThan(10_000);
    expect(tally.settle).toMatchObject({ refused: 0, late: 0 });
  });
});

test('a database that stands still for five seconds costs those five seconds and no more than four further', () => {
  const model = createQueueingModel(shop);
  model.run({ arrivals: { begin: 320 }, durationMs: 10_000 });
  const stalled = model.run({ arrivals: { begin: 320 }, durationMs: 5_000, standsStill: true });
  // Bounded while it lasts: what is above the places is refused at once.
  expect(stalled.begin.arrived - stalled.begin.refused).toBeLessThanOrEqual(512);
  model.run({ arrivals: { begin: 320 }, durationMs: 4_000 });
  expect(model.run({ arrivals: { begin: 320 }, durationMs: 1_000 }).begin).toMatchObject({
    refused: 0,
    late: 0,
  });
});

test('a database that stands still again and again does not close the service', () => {
  const model = createQueueingModel(shop);
  for (let round = 0; round < 20; round += 1) {
    model.run({ arrivals: { begin: 320 }, durationMs: 2_000, standsStill: true });
    model.run({ arrivals: { begin: 320 }, durationMs: 1_000 });
  }
  expect(model.run({ arrivals: { begin: 320 }, durationMs: 1_000 }).begin.good).toBeGreaterThan(0.95 * 320);
});

test('waiting for a slow service is no overload: the places grow to what the load needs', () => {
  const model = createQueueingModel({ ...shop, elsewhereMs: 800 });
  model.run({ arrivals: { begin: 300 }, durationMs: 10_000 });
  expect(model.run({ arrivals: { begin: 300 }, durationMs: 10_000 }).begin).toMatchObject({
    refused: 0,
    late: 0,
  });
});

test('a service behind that refuses is an overload: the work is shed here, before it begins', () => {
  const model = createQueueingModel({ ...shop, elsewhereMs: 500 });
  model.run({ arrivals: { begin: 300 }, durationMs: 20_000, behindMax: 60 });
  const { begin } = model.run({ arrivals: { begin: 300 }, durationMs: 10_000, behindMax: 60 });
  // 60 places of 500 ms are 120 a second.
  expect(begin.good).toBeGreaterThan(0.7 * 1_200);
  expect(begin.good).toBeLessThan(1.3 * 1_200);
});

describe('the limit', () => {
  function placesWith(signal: { delayMs: number }, limits = {}) {
    let nowMs = 1_000_000;
    const places = createPlaces({
      limits: { ...defaultAdmissionLimits, placesInitial: 64, ...limits },
      placesMax: 1_000,
      signals: { delayMs: () => signal.delayMs, wasPushedBack: () => false },
      clock: { nowMs: () => nowMs },
      log: silentLog,
    });
    return {
      pass: (durationMs: number) => {
        nowMs += durationMs;
      },
      /** Fills every place, counts them and gives all back. */
      fill() {
        const taken = [];
        while (places.hasRoomFor('begin')) taken.push(places.take());
        for (const place of taken) place.leave({ worked: true });
        return taken.length;
      },
      callOnce() {
        if (places.hasRoomFor('begin')) places.take().leave({ worked: true });
      },
      leaveOutside() {
        places.take().leave({ worked: false });
      },
    };
  }

  test('grows by a tenth at a look, while it is used and nothing queues', () => {
    const limit = placesWith({ delayMs: 0 });
    expect(limit.fill()).toBe(64);
    limit.pass(250);
    expect(limit.fill()).toBe(70);
    limit.pass(250);
    expect(limit.fill()).toBe(77);
  });

  test('is cut by a fifth at twice the target, by three tenths at the most, each time after two looks', () => {
    const signal = { delayMs: 160 };
    const limit = placesWith(signal);
    const filled = [limit.fill()];
    for (const delayMs of [160, 160, 5_000, 5_000, 5_000, 160]) {
      signal.delayMs = delayMs;
      limit.pass(250);
      filled.push(limit.fill());
    }
    // The last cut is by the smaller of its two delays.
    expect(filled).toEqual([64, 64, 51, 51, 35, 35, 32]);
  });

  test('is not cut for one bad look, however bad', () => {
    const signal = { delayMs: 0 };
    const limit = placesWith(signal, { placesInitial: 512, growth: 0 });
    for (const delayMs of [5_000, 0, 5_000, 0]) {
      signal.delayMs = delayMs;
      limit.fill();
      limit.pass(250);
    }
    expect(limit.fill()).toBe(512);
  });

  test('begins where a burst onto an idle service has room, and returns there when nobody needs so much', () => {
    const signal = { delayMs: 0 };
    const limit = placesWith(signal, { placesInitial: 512 });
    expect(limit.fill()).toBe(512);
    signal.delayMs = 5_000;
    for (let look = 0; look < 10; look += 1) {
      limit.pass(250);
      limit.fill();
    }
    expect(limit.fill()).toBe(86);
    signal.delayMs = 0;
    for (let look = 0; look < 40; look += 1) {
      limit.pass(250);
      for (let call = 0; call < 20; call += 1) limit.callOnce();
    }
    expect(limit.fill()).toBe(512);
  });

  test('never goes below its minimum', () => {
    const limit = placesWith({ delayMs: 5_000 });
    for (let look = 0; look < 100; look += 1) {
      limit.fill();
      limit.pass(500);
    }
    expect(limit.fill()).toBe(32);
  });

  test('stays as it is while nothing ends, and while only duplicates leave', () => {
    const signal = { delayMs: 5_000 };
    const limit = placesWith(signal);
    for (let look = 0; look < 100; look += 1) {
      limit.leaveOutside();
      limit.pass(500);
    }
    expect(limit.fill()).toBe(64);
  });

  test('goes on to be looked at after the clock was set back', () => {
    const signal = { delayMs: 0 };
    const limit = placesWith(signal);
    limit.fill();
    limit.pass(-3_600_000);
    expect(limit.fill()).toBe(70);
  });
});
