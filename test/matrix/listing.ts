// The listing: the points of a group of scenarios as a text that is committed, so that a point that vanishes or appears is
// seen in a review, and a test is red until somebody has looked.

import { readFile, writeFile } from 'node:fs/promises';
import type { Cases } from './cases.ts';
import type { GroupName } from './scenarios/groups.ts';
import type { Surveyed } from './survey.ts';

export interface Listed {
  readonly surveyed: Surveyed;
  readonly points: Cases['points'];
}

const fileOf = (group: GroupName) => new URL(`points/${group}.txt`, import.meta.url);

export const readListing = (group: GroupName): Promise<string> => readFile(fileOf(group), 'utf8');
export const writeListing = (group: GroupName, text: string): Promise<void> => writeFile(fileOf(group), text);

/**
 * What each scenario comes to with one caller, and at the end what is reached besides, by two callers at once or after a
 * crash, anywhere in the group. Told without their order and there without what shares an entry, because those depend on who
 * is quicker: the listing should change when the services do, and not when a message takes longer.
 */
export function listingOf(group: GroupName, all: readonly Listed[]): string {
  const alone = all.filter(({ surveyed }) => surveyed.callerCount === 1);
  const own = alone.map(({ surveyed, points }) => ({
    title: surveyed.scenario.name,
    names: [...points['first run'], ...points.compensation],
  }));
  const known = new Set(own.flatMap(({ names }) => names.flatMap(singlyNamed)));
  const everywhere = new Set(all.flatMap(({ points }) => Object.values(points).flat().flatMap(singlyNamed)));
  return [
    `# The points of the crash matrix, ${group}. Written by \`npm run matrix -- --write-points\`; see docs/crash-matrix.md.`,
    ...own.flatMap(({ title, names }) => ['', title, ...bothSides(names)]),
    '',
    'besides, when two callers are at it or a crash came before',
    ...bothSides([...everywhere.difference(known)]),
    '',
  ].join('\n');
}

/** `a before insert x+y`, as if each had an entry of its own. */
function singlyNamed(name: string): string[] {
  const [, start, types] = /^(\w+ \w+ insert )(.*)$/.exec(name) ?? [];
  return types ? types.split('+').map((type) => `${start}${type}`) : [name];
}

/** One line for the points before and after one thing. One that should have two sides and has not says so. */
function bothSides(names: readonly string[]): string[] {
  const sides = new Map<string, Set<string>>();
  for (const name of names) {
    const [service, side = '', ...rest] = name.split(' ');
    const thing = [service, ...rest].join(' ');
    sides.set(thing, (sides.get(thing) ?? new Set<string>()).add(side));
  }
  const missing = (thing: string, some: ReadonlySet<string>) =>
    some.size === 2 || isOneSided(thing) ? '' : `, ${[...some]} only`;
  return [...sides].map(([thing, some]) => `  ${thing}${missing(thing, some)}`).sort();
}

/** A request has come in before it is worked on, and after a reply there is nobody left to strike. */
const isOneSided = (thing: string) => /^\w+ (work on|answer to) /.test(thing);
