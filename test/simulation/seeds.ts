// From a seed to a verdict: draws the plan, runs it, and makes a plan that fails as small as it can.

import fc from 'fast-check';
import { type Plan, plans } from './plan.ts';
import { type Run, simulate } from './simulation.ts';

export interface Verdict extends Run {
  readonly seed: number;
  readonly plan: Plan;
}

/** How long a failing plan is made smaller: beyond it, what is left is small enough to read. */
const shrinkMsMax = 30_000;

export function planOf(seed: number): Plan {
  // Unbiased: a run of one value each would else mostly see the small ones.
  const [plan] = fc.sample(plans, { seed, numRuns: 1, unbiased: true } as fc.Parameters<Plan>);
  if (!plan) throw new Error('fast-check drew no plan');
  return plan;
}

export async function runSeed(seed: number): Promise<Verdict> {
  const plan = planOf(seed);
  return { seed, plan, ...(await simulate(plan)) };
}

/** The smallest plan that was found to fail, and its run; the seed's own when none was smaller. */
export async function shrink(verdict: Verdict): Promise<Verdict> {
  let smallest = verdict;
  await fc.check(
    fc.asyncProperty(plans, async (plan) => {
      const run = await simulate(plan);
      if (run.failures.length > 0) smallest = { ...run, seed: verdict.seed, plan };
      return run.failures.length === 0;
    }),
    { seed: verdict.seed, numRuns: 1, unbiased: true, interruptAfterTimeLimit: shrinkMsMax },
  );
  return smallest;
}
