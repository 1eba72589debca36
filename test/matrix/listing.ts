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
 * Each scenario's way, as one caller goes it, and at the end what is only reached by two callers at once or after a crash,
 * anywhere in the group: which of them it is depends on who is quicker, so it is not told for each scenario.
 */
export function listingOf(group: GroupName, all: readonly Listed[]): string {
  const alone = all.filter(({ surveyed }) => surveyed.callerCount === 1);
  const ways = alone.flatMap(({ surveyed, points }) => [
    '',
    surveyed.scenario.name,
    ...points['first run'].map((name) => `  ${name}`),
    ...(points.compensation.length > 0 ? ['  -- undone:'] : []),
    ...points.compensation.map((name) => `  ${name}`),
  ]);
  const known = new Set(alone.flatMap(({ points }) => [...points['first run'], ...points.compensation]));
  const others = new Set(all.flatMap(({ points }) => Object.values(points).flat()));
  const rest = [...others.difference(known)].sort();
  return [
    `# The points of the crash matrix, ${group}. Written by \`npm run matrix -- --write-points\`; see docs/crash-matrix.md.`,
    ...ways,
    '',
    'anywhere, when two callers are at it or a crash came before',
    ...rest.map((name) => `  ${name}`),
    '',
  ].join('\n');
}
