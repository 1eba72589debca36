// The cases of a scenario: its points times the faults, times the phases. What is left out is left out by a rule, and counted.

import { clauseOf, type Fault, faults, ruleAgainst } from './faults.ts';
import { type Play, play } from './play.ts';
import type { Point } from './points.ts';
import type { Scenario } from './scenario.ts';
import type { Phase, Strike } from './striker.ts';
import type { CallerCount, Found, Surveyed } from './survey.ts';

export const phases = ['first run', 'compensation', 'resume'] as const;
export type CasePhase = (typeof phases)[number];

export interface Case {
  /** `confirmed order · inventory dies after insert units-held · first run · two callers` */
  readonly name: string;
  readonly scenario: Scenario;
  readonly callerCount: CallerCount;
  readonly variant: number;
  readonly phase: CasePhase;
  readonly point: Point;
  readonly fault: Fault;
  readonly strikes: readonly Strike[];
}

export interface Cases {
  readonly cases: readonly Case[];
  /** Combinations of point, fault and phase that are no case, by the rule that says so. */
  readonly excluded: ReadonlyMap<string, number>;
  /** The names of the points in the order in which they are reached; for `resume` those that nobody reaches otherwise. */
  readonly points: Readonly<Record<CasePhase, readonly string[]>>;
}

/** A point that recovery comes to, and the crash that it recovers from. */
interface Recovered {
  readonly point: Point;
  readonly name: string;
  readonly crash: Strike;
}

const callersSay = { 1: 'one caller', 2: 'two callers' } as const;

/** Runs of crashes are needed twice: to find what recovery reaches, and as cases of their own. */
const played = new Map<string, Promise<Play>>();

/** What became of the case. */
export function playCase(each: Case): Promise<Play> {
  const run = played.get(each.name) ?? play(each.scenario, each);
  played.delete(each.name);
  return run;
}

export async function casesOf(surveyed: Surveyed): Promise<Cases> {
  const fresh = surveyed.found.filter(({ isKnown }) => !isKnown);
  const first = fresh.flatMap((each) => casesAt(surveyed, each.point, each.phase, [{ ...struckAt(each) }]));
  const recovered = await recoveredFrom(first.filter(({ fault }) => fault === 'dies'));
  const again = recovered
    .filter(({ name }) => !isShared(surveyed, name))
    .flatMap(({ point, name, crash }) => casesAt(surveyed, point, 'resume', [crash, { point: name }]));
  return {
    cases: [...first, ...again],
    excluded: excludedFrom(surveyed, recovered),
    points: pointsOf(surveyed.found, recovered),
  };
}

/** The scenario comes to the point only as an earlier one does. */
function isShared({ found }: Surveyed, name: string): boolean {
  const same = found.filter((each) => each.name === name);
  return same.length > 0 && same.every((each) => each.isKnown);
}

const struckAt = ({ name, phase }: Found): Omit<Strike, 'fault'> => ({ point: name, phase });

/** A case for each fault that can happen at the point: the last of `strikes` is struck with it. */
function casesAt(
  { scenario, callerCount, variant }: Surveyed,
  point: Point,
  phase: CasePhase,
  strikes: readonly [Omit<Strike, 'fault'>] | readonly [Strike, Omit<Strike, 'fault'>],
): Case[] {
  return faults
    .filter((fault) => ruleAgainst(point, fault) === undefined)
    .map((fault): Case => {
      const [crash, last] = strikes.length === 2 ? strikes : [undefined, strikes[0]];
      const when = crash ? `resume after ${crash.point}` : phase;
      const name = [scenario.name, clauseOf(point, fault), when, callersSay[callerCount]].join(' · ');
      const struck = crash ? [crash, { ...last, fault }] : [{ ...last, fault }];
      return { name, scenario, callerCount, variant, phase, point, fault, strikes: struck };
    });
}

/**
 * What is reached after each crash. For a point that several lead to: the crash at this very point, or else the last one,
 * which leaves the least to others before the point comes.
 */
async function recoveredFrom(crashes: readonly Case[]): Promise<Recovered[]> {
  const recovered = new Map<string, Recovered>();
  for (const each of crashes) {
    const run = play(each.scenario, each);
    played.set(each.name, run);
    const [crash] = each.strikes as [Strike];
    for (const { point, name, struckCount } of (await run).reached) {
      const isOfItself = recovered.get(name)?.crash.point === name;
      if (struckCount > 0 && !isOfItself) recovered.set(name, { point, name, crash });
    }
  }
  return [...recovered.values()];
}

const undoesNothing = 'the scenario undoes nothing';
const notReached = 'the phase does not come to the point';
const isKnown =
  'up to the point everything went as in an earlier scenario, and is struck there, its recovery too';

function excludedFrom(surveyed: Surveyed, recovered: readonly Recovered[]): Map<string, number> {
  const { scenario, found } = surveyed;
  const excluded = new Map<string, number>();
  const all = new Map([...found, ...recovered].map(({ point, name }) => [name, point]));

  function ruleAgainstPhase(phase: CasePhase, name: string): string | undefined {
    if (phase === 'compensation' && !scenario.turn) return undoesNothing;
    if (phase === 'resume') {
      if (!recovered.some((each) => each.name === name)) return notReached;
      return isShared(surveyed, name) ? isKnown : undefined;
    }
    const reached = found.find((each) => each.name === name && each.phase === phase);
    return reached ? (reached.isKnown ? isKnown : undefined) : notReached;
  }

  for (const [name, point] of all) {
    for (const fault of faults) {
      for (const phase of phases) {
        const rule = ruleAgainst(point, fault) ?? ruleAgainstPhase(phase, name);
        if (rule) excluded.set(rule, (excluded.get(rule) ?? 0) + 1);
      }
    }
  }
  return excluded;
}

function pointsOf(found: readonly Found[], recovered: readonly Recovered[]): Cases['points'] {
  const namesOf = (phase: Phase) => found.filter((each) => each.phase === phase).map(({ name }) => name);
  const known = new Set(found.map(({ name }) => name));
  return {
    'first run': namesOf('first run'),
    compensation: namesOf('compensation'),
    resume: recovered.map(({ name }) => name).filter((name) => !known.has(name)),
  };
}
