// The simulation as a test: a few hundred seeds. More of them, and one again: npm run sim (docs/simulation.md).

import { expect, test } from 'vitest';
import { runSeed, shrink } from '../simulation/seeds.ts';

/** Some fifteen seconds on a core; `npm run sim` takes thousands. */
const seedCount = 300;
/** Seeds that are run twice. */
const repeatedSeeds = [3, 7, 11, 13, 17];
/** A busy machine is several times slower, and a failing seed is made smaller for half a minute. */
const durationMsMax = 120_000;

test('one seed gives one history, byte for byte', { timeout: durationMsMax }, async () => {
  for (const seed of repeatedSeeds) {
    const first = await runSeed(seed);
    const again = await runSeed(seed);
    expect(again.history).toEqual(first.history);
    expect(first.history.length).toBeGreaterThan(50);
  }
});

test(`whatever is lost, late, doubled, crashed or paused, every invariant holds (${seedCount} seeds)`, {
  timeout: durationMsMax,
}, async () => {
  const sums = { requests: 0, orders: 0 };
  for (let seed = 1; seed <= seedCount; seed += 1) {
    const verdict = await runSeed(seed);
    sums.requests += verdict.counts.requests;
    sums.orders += verdict.counts.orders;
    if (verdict.failures.length === 0) continue;
    const { failures, plan } = await shrink(verdict);
    expect.fail(`SEED=${seed} npm run sim\n${failures.join('\n')}\n${JSON.stringify(plan)}`);
  }
  // A plan that asks for nothing proves nothing.
  expect(sums.orders).toBeGreaterThan(seedCount);
  expect(sums.requests).toBeGreaterThan(5 * seedCount);
});
