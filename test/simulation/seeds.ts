// From a seed to a verdict: draws the plan, runs it, and makes a plan that fails as small as it can.

import fc from 'fast-check';
import type { Plan } from './plan.ts';
import { plans } from './plans.ts';
import { type Run, simulate } from './simulation.ts';

export interface Verdict extends Run {
  readonly seed: number;
  readonly plan: Plan;
}

const unlike = 'run again it did not fail: something in it takes its time or its randomness from the machine';

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
  const run = await withoutStacks(() => simulate(plan));
  if (run.failures.length === 0) return { seed, plan, ...run };
  // The same run once more, for the stacks of what it complains of.
  const again = await simulate(plan);
  const failures = again.failures.length > 0 ? again.failures : [...run.failures, unlike];
  return { seed, plan, ...again, failures };
}

/** Refusals and lost connections are errors, thousands in a run, and their stacks cost more than they do. */
async function withoutStacks<T>(work: () => Promise<T>): Promise<T> {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return await work();
  } finally {
    Error.stackTraceLimit = limit;
  }
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
