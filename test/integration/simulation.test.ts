// The simulation as a test: thousands of seeds over the cores. More of them, and one again: npm run sim (docs/simulation.md).

import { expect, test } from 'vitest';
import { runSeeds } from '../simulation/pool.ts';
import { progressLine } from '../simulation/progress.ts';
import { runSeed, shrink } from '../simulation/seeds.ts';

/** Under a minute on two quiet cores. */
const seedCount = 3_000;
/** Seeds that are run twice. */
const repeatedSeeds = [3, 7, 11, 13, 17];
/** A busy machine is many times slower, and a failing seed is made smaller for half a minute. */
const durationMsMax = 900_000;

test('one seed gives one history, byte for byte, and the same in a worker', {
  timeout: durationMsMax,
}, async () => {
  for (const seed of repeatedSeeds) {
    const first = await runSeed(seed);
    const again = await runSeed(seed);
    expect(again.history).toEqual(first.history);
    expect(first.history.length).toBeGreaterThan(50);
    const inWorker = await runSeeds({ first: seed, count: 1 });
    expect(inWorker).toEqual({ passedCount: 1, counts: first.counts, failed: undefined });
  }
});

test(`whatever is lost, late, doubled, crashed or paused, every invariant holds (${seedCount} seeds)`, {
  timeout: durationMsMax,
}, async () => {
  const { passedCount, counts, failed } = await runSeeds({ first: 1, count: seedCount });
  if (failed) {
    const verdict = await runSeed(failed.seed);
    const { failures, plan } =
      verdict.failures.length > 0 ? await shrink(verdict) : { ...verdict, ...failed };
    expect.fail(`SEED=${failed.seed} npm run sim\n${failures.join('\n')}\n${JSON.stringify(plan)}`);
  }
  expect(passedCount).toBe(seedCount);
  // A plan that asks for nothing proves nothing.
  expect(counts.orders).toBeGreaterThan(seedCount);
  expect(counts.charges).toBeGreaterThan(seedCount / 3);
  expect(counts.requests).toBeGreaterThan(5 * seedCount);
});

/** A worker of the pool that runs nothing: `body` says what it does with the range that it is given. */
const scripted = (body: string): URL =>
  new URL(
    `data:text/javascript,${encodeURIComponent(
      `import { parentPort } from 'node:worker_threads';
       const counts = { events: 1, requests: 1, orders: 1, charges: 1 };
       const tell = (seed, failures) => parentPort.postMessage({ seed, counts, failures });
       parentPort.on('message', ({ first, count }) => { ${body} });`,
    )}`,
  );

test('the pool runs every seed once, however many workers share them', async () => {
  const script = scripted(`for (let seed = first; seed < first + count; seed += 1) tell(seed, []);`);
  for (const workerCount of [1, 2, 3]) {
    const { passedCount, counts, failed } = await runSeeds({ first: 5, count: 101, workerCount, script });
    expect(failed).toBe(undefined);
    expect(passedCount).toBe(101);
    expect(counts).toEqual({ events: 101, requests: 101, orders: 101, charges: 101 });
  }
});

test('the pool tells of the smallest seed that fails', async () => {
  const script = scripted(
    `for (let seed = first; seed < first + count; seed += 1) {
       tell(seed, seed >= 45 ? ['seed ' + seed + ' is broken'] : []);
       if (seed >= 45) break;
     }`,
  );
  const { failed, passedCount } = await runSeeds({ first: 1, count: 1_000, workerCount: 3, script });
  expect(failed).toEqual({ seed: 45, failures: ['seed 45 is broken'] });
  expect(passedCount).toBe(44);
});

test('a worker that dies is a failure of the seed that it was running', async () => {
  const exiting = scripted(`tell(first, []); setTimeout(() => process.exit(3), 0);`);
  expect((await runSeeds({ first: 7, count: 10, workerCount: 1, script: exiting })).failed).toEqual({
    seed: 8,
    failures: ['its worker ended with code 3'],
  });
  const throwing = scripted(`throw new TypeError('no such thing');`);
  const { failed } = await runSeeds({ first: 7, count: 10, workerCount: 1, script: throwing });
  expect(failed?.seed).toBe(7);
  expect(failed?.failures.join()).toContain('its worker threw TypeError: no such thing');
});

test('progress is told in seeds, pace and the time that is left', () => {
  expect(progressLine({ doneCount: 0, count: 10, elapsedMs: 0 })).toBe('0 of 10 seeds, 0.0 a second');
  expect(progressLine({ doneCount: 90, count: 100, elapsedMs: 2_000 })).toBe(
    '90 of 100 seeds, 45.0 a second, 1 s left',
  );
  expect(progressLine({ doneCount: 12_400, count: 1_000_000, elapsedMs: 200_000 })).toBe(
    '12,400 of 1,000,000 seeds, 62.0 a second, 4 h 25 min left',
  );
  expect(progressLine({ doneCount: 500, count: 1_000, elapsedMs: 100_000 })).toBe(
    '500 of 1,000 seeds, 5.0 a second, 2 min left',
  );
});
