// The standing rules: every write is followed by a kill somewhere in here, and no failpoint of the services is left out.

import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { readListing } from './listing.ts';
import { partsOf } from './points.ts';
import { groupNames } from './scenarios/groups.ts';

/** Types of ops that no scenario here writes, and where they are written and killed instead. */
const writtenElsewhere: Readonly<Record<string, string>> = {
  attention_asked: 'the card provider refuses our key: test/integration/payment-cards.test.ts',
};

/** Failpoints of other programs than the services. */
const reachedElsewhere: Readonly<Record<string, string>> = Object.fromEntries(
  ['before_lay', 'after_lay', 'before_commit', 'after_commit', 'after_delete'].map((step) => [
    `compaction.${step}`,
    'the compactor is a command',
  ]),
);

async function sourcesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  return Promise.all(
    names.filter((name) => name.endsWith('.ts')).map((name) => readFile(`${folder}/${name}`, 'utf8')),
  );
}

/** Every point of every listing, as `after insert units-held`. Each is struck, so each has its kill. */
async function listedPoints(): Promise<string[]> {
  const listings = await Promise.all(groupNames.map(readListing));
  return listings.flatMap((listing) =>
    listing.split('\n').flatMap((line) => {
      const [, thing, only] = /^ {2}\w+ (.*?)(?:, (before|after) only)?$/.exec(line) ?? [];
      return (only ? [only] : ['before', 'after']).map((side) => `${side} ${thing}`);
    }),
  );
}

/** `type: 'opened'`, `type: 'units-held' | 'units-sold'`, `const type = isNew ? 'opened' : 'unchanged'`. */
const namesType = /\btype(?:: | = .*\? )('[a-z_-]+'(?: [|:] '[a-z_-]+')*)/g;

function typesIn(source: string): string[] {
  return [...source.matchAll(namesType)].flatMap(([, names = '']) => names.match(/[a-z_-]+/g) ?? []);
}

test('every type of op that a domain writes is followed by a kill', async () => {
  const folders = ['order', 'inventory', 'payment'].map((service) => `services/${service}/domain`);
  const sources = (await Promise.all(folders.map(sourcesIn))).flat();
  const types = new Set(sources.flatMap(typesIn));
  const points = await listedPoints();
  const killed = new Set(points.flatMap((point) => /^after insert (.*)/.exec(point)?.[1]?.split('+') ?? []));
  expect([...types.difference(killed)].filter((type) => !(type in writtenElsewhere)).sort()).toEqual([]);
  expect(types.size).toBeGreaterThan(30);
});

test('every failpoint in the code is reached', async () => {
  const sources = [...(await sourcesIn('shared')), ...(await sourcesIn('services'))];
  const places = new Set(
    sources.flatMap((source) =>
      [...source.matchAll(/\.reach\('([a-z_.]+)'/g)].map(([, place]) => place ?? ''),
    ),
  );
  const points = await listedPoints();
  const unreached = [...places].filter((place) => {
    const { side, act } = partsOf({ place });
    return !points.some((point) => point.startsWith(`${side} ${act}`));
  });
  expect(unreached.filter((place) => !(place in reachedElsewhere)).sort()).toEqual([]);
  expect(places.size).toBeGreaterThan(8);
});
