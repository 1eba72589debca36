// Measures everything that the plan names: the rounds, and then what is measured once.

import type { Audited } from './audited.ts';
import type { Results } from './figure.ts';
import { grow } from './grow/grow.ts';
import { measureInserts } from './inserts/measure.ts';
import type { Round } from './measured.ts';
import type { BenchOptions } from './options.ts';
import type { Plan } from './plan.ts';
import { runRound } from './round.ts';
import { sayAudited, sayBegins, sayGrown, sayInserts, sayMeasured } from './screen/progress.ts';

/** Turns between an empty and a grown database: what a million orders take is long enough. */
const turnsMax = 3;

export interface MeasuredAll {
  readonly results: Results;
  /** Where the database came from; `unknown` where no round was run. */
  readonly database: string;
  /** What came after the rounds broke off with this. */
  readonly failure?: Error;
}

export async function measureAll(
  options: Pick<BenchOptions, 'rounds' | 'seconds' | 'loadProcesses' | 'grow'> & {
    readonly plan: Plan;
    readonly signal: AbortSignal;
  },
): Promise<MeasuredAll> {
  const { plan, signal, rounds: roundCount, seconds, loadProcesses } = options;
  const environment = process.env;
  const rounds: Round[] = [];
  let database = 'unknown';
  let audit: Audited | undefined;
  for (let number = 1; number <= roundCount && plan.phases.length > 0; number += 1) {
    const done = await runRound({
      environment,
      signal,
      phases: plan.phases,
      seconds,
      loadProcesses,
      audits: number === roundCount,
      begins: (says) => sayBegins(`round ${number} of ${roundCount}`, says),
      ended: sayMeasured,
    });
    rounds.push(done.round);
    ({ database, audit } = done);
  }
  if (audit) sayAudited(audit);
  let results: Results = { rounds, ...(audit ? { audit } : {}) };
  try {
    if (plan.once.includes('inserts')) {
      sayBegins('inserts', 'orders one at a time, with a watcher on the way to the database');
      const inserts = await measureInserts({ environment, signal });
      sayInserts(inserts);
      results = { ...results, inserts };
    }
    if (plan.once.includes('grow')) {
      const begins = (says: string) => sayBegins('grow', says);
      const turns = Math.min(turnsMax, roundCount);
      const orders = options.grow;
      const grown = await grow({ environment, signal, orders, turns, loadProcesses, seconds, begins });
      sayGrown(grown);
      results = { ...results, grown };
    }
  } catch (error) {
    // Rounds of many minutes are not thrown away for it; whoever stops the run wants nothing of it.
    if (signal.aborted || rounds.length === 0) throw error;
    return { results, database, failure: error instanceof Error ? error : new Error(String(error)) };
  }
  return { results, database };
}
