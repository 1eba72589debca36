// The patterns of our protos are matched by the platform's expressions, which can backtrack; these have no way to.

import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const protos = readdirSync('proto', { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.proto'),
);
const patterns = protos.flatMap((name) =>
  [...readFileSync(`proto/${name}`, 'utf8').matchAll(/pattern = "([^"]*)"/g)].map(
    ([, pattern = '']) => pattern,
  ),
);

/** Classes with a limit each, a literal between two of them, and at most the whole of it optional. */
const characters = String.raw`\[[A-Za-z0-9._:-]+\](\{\d+(,\d+)?\})?`;
const harmless = new RegExp(String.raw`^\^(${characters}|\((${characters})+\)\?)+\$$`);

test('every pattern is a row of classes with limits, from the first character to the last', () => {
  expect(patterns.length).toBeGreaterThan(30);
  expect(patterns.filter((pattern) => !harmless.test(pattern))).toEqual([]);
});

test('what could backtrack would be noticed', () => {
  expect(
    ['^(a+)+$', '^[a-z]*$', '^([a-z]{1,9})*$', '[a-z]{1,9}'].filter((each) => harmless.test(each)),
  ).toEqual([]);
});
