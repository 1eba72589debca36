// The survey: runs the scenarios of a group with nothing struck, to see which points each comes to, in which phase, and
// which of them an earlier scenario came to in the same way.

import { type Play, play } from './play.ts';
import type { Point } from './points.ts';
import type { Scenario } from './scenario.ts';
import type { Phase, Reach } from './striker.ts';

export type CallerCount = 1 | 2;
export const callerCounts: readonly CallerCount[] = [1, 2];

/** A point as a phase comes to it first. */
export interface Found {
  readonly point: Point;
  readonly name: string;
  readonly phase: Phase;
  /** Up to here everything went as in an earlier scenario of the group, and is struck there. */
  readonly isKnown: boolean;
}

export interface Surveyed {
  readonly scenario: Scenario;
  readonly callerCount: CallerCount;
  readonly variant: number;
  /** In the order in which they are reached. */
  readonly found: readonly Found[];
}

/** Variants of which the busiest is taken: more find hardly a busier one. */
const variantCount = 8;

export async function surveyOf(scenarios: readonly Scenario[]): Promise<Surveyed[]> {
  const surveyed: Surveyed[] = [];
  for (const callerCount of callerCounts) {
    const { variant, runs } = await busiestOf(scenarios, callerCount);
    const ways = new Set<string>();
    for (const [index, scenario] of scenarios.entries()) {
      const { failures, reached } = runs[index] as Play;
      if (failures.length > 0)
        throw new Error(`${scenario.name}, with nothing struck: ${failures.join('\n')}`);
      surveyed.push({ scenario, callerCount, variant, found: foundIn(reached, ways) });
    }
  }
  return surveyed;
}

/**
 * Two callers at once should be in each other's way. Of some variants it is the one in which the most points are reached:
 * there neither process finds everything done by the other. The same for all, so that equal ways can be told.
 */
async function busiestOf(
  scenarios: readonly Scenario[],
  callerCount: CallerCount,
): Promise<{ variant: number; runs: Play[] }> {
  let best = { variant: 0, runs: [] as Play[], reachCount: -1 };
  for (let variant = 0; variant < (callerCount === 1 ? 1 : variantCount); variant += 1) {
    const runs: Play[] = [];
    for (const scenario of scenarios) runs.push(await play(scenario, { callerCount, strikes: [], variant }));
    const reachCount = runs.reduce((sum, { reached }) => sum + reached.length, 0);
    if (reachCount > best.reachCount) best = { variant, runs, reachCount };
  }
  return best;
}

/** What each phase comes to first. `ways` are those of earlier scenarios, each up to each of its points; ours are added. */
function foundIn(reached: readonly Reach[], ways: Set<string>): Found[] {
  const found = new Map<string, Found>();
  const own: string[] = [];
  let way = '';
  for (const { point, name, phase } of reached) {
    way += `${name}\n`;
    own.push(way);
    const id = `${phase} ${name}`;
    if (!found.has(id)) found.set(id, { point, name, phase, isKnown: ways.has(way) });
  }
  for (const each of own) ways.add(each);
  return [...found.values()];
}
