// The matrix as tests: one for each case of a group, and one for its points. The files beside this one are one group each,
// so that two workers share them.

import { expect, test } from 'vitest';
import { type Case, casesOf, playCase } from './cases.ts';
import { type Listed, listingOf, readListing } from './listing.ts';
import { type GroupName, groups } from './scenarios/groups.ts';
import { type Surveyed, surveyOf } from './survey.ts';

/** A scenario in which nothing is new would be struck nowhere. */
const casesMin = 5;

/** A third of all cases, and the same recovery as with one caller, only with a race on top: `npm run matrix` has them. */
const isForTests = ({ phase, callerCount }: Case) => phase !== 'resume' || callerCount === 1;

export async function testGroup(group: GroupName): Promise<void> {
  const listed: Listed[] = [];
  for (const surveyed of await surveyOf(groups[group])) {
    const { cases, points } = await casesOf(surveyed);
    listed.push({ surveyed, points });
    testCases(surveyed, cases);
  }
  test(`the points of ${group} are those that are listed`, async () => {
    const hint = 'npm run matrix -- --write-points, and look at what has changed';
    expect(listingOf(group, listed), hint).toBe(await readListing(group));
  });
}

function testCases({ scenario, callerCount }: Surveyed, cases: readonly Case[]): void {
  test.each(cases.filter(isForTests))('$name', async (each) => {
    const { failures } = await playCase(each);
    expect(failures, `npm run matrix -- --case "${each.name}"`).toEqual([]);
  });
  test(`${scenario.name} is struck at points of its own, callers: ${callerCount}`, () => {
    expect(cases.length).toBeGreaterThanOrEqual(casesMin);
  });
}
