// Explores every order in which things can happen: runs a scenario again and again, each time with another sequence of
// choices, until none is left. Unlike random schedules it says when it has seen them all. Two sequences that led to the
// same situation have the same future, so it is explored once.

import { settled } from './held-clock.ts';

/** Something that can happen now, and that nobody but the explorer lets happen. */
export interface Choice {
  readonly name: string;
  happen(): void;
}

export interface Scenario {
  /** What can happen next; none: the run is over. */
  choices(): readonly Choice[];
  /** Equal texts for situations with the same future: all that anybody remembers. */
  situation(): string;
  /** After the last choice. Throws for what must not be. */
  check(): Promise<void>;
}

/** A scenario that grew beyond this is to be made smaller: what was not explored is not shown. */
const runsMax = 50_000;

/** Explores all; returns how many different ends there were. A failure names the sequence that led to it. */
export async function exploreAll(begin: () => Scenario | Promise<Scenario>): Promise<number> {
  const seen = new Set<string>();
  let path: number[] = [];
  let endCount = 0;
  for (let runCount = 1; runCount <= runsMax; runCount += 1) {
    const { widths, ended } = await runOnce(await begin(), path, seen);
    if (ended) endCount += 1;
    const turn = widths.findLastIndex((width, index) => (path[index] ?? 0) + 1 < width);
    if (turn === -1) return endCount;
    path = [...widths.slice(0, turn).map((_, index) => path[index] ?? 0), (path[turn] ?? 0) + 1];
  }
  throw new Error(`more than ${runsMax} runs: make the scenario smaller`);
}

/**
 * Follows `path`, then always the first choice, to the end or to a situation seen before. Returns how many choices
 * there were at each point.
 */
async function runOnce(
  scenario: Scenario,
  path: readonly number[],
  seen: Set<string>,
): Promise<{ widths: number[]; ended: boolean }> {
  const widths: number[] = [];
  const taken: string[] = [];
  try {
    for (;;) {
      await settled();
      if (widths.length >= path.length) {
        const situation = scenario.situation();
        if (seen.has(situation)) return { widths, ended: false };
        seen.add(situation);
      }
      const choices = scenario.choices();
      const choice = choices[path[widths.length] ?? 0];
      if (!choice) break;
      widths.push(choices.length);
      taken.push(choice.name);
      choice.happen();
    }
    await scenario.check();
  } catch (error) {
    throw new Error(`after ${taken.join(' > ')}: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  }
  return { widths, ended: true };
}
