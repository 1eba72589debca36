// The list of sabotages against the code as it is: what no longer fits would be skipped, and look like proof.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sabotages } from '../../cli/sabotage/list.ts';
import { rottenBecause } from '../../cli/sabotage/sabotage.ts';

const treeDir = join(import.meta.dirname, '..', '..');

describe('the list of sabotages', () => {
  test('has at least twenty-five, each under a name of its own', () => {
    const names = new Set(sabotages.map(({ name }) => name));
    expect(names.size).toBe(sabotages.length);
    expect(names.size).toBeGreaterThanOrEqual(25);
  });

  test('attacks each of the eleven invariants', () => {
    const attacked = new Set(sabotages.map(({ invariant }) => invariant));
    for (const invariant of ['I1', 'I2', 'I3', 'I4', 'I5', 'I6', 'I7', 'I8', 'I9', 'I10', 'I11']) {
      expect(attacked).toContain(invariant);
    }
  });

  test.each(sabotages)('$name: its line occurs exactly once, and is made another one', async (sabotage) => {
    expect(await rottenBecause(sabotage, treeDir)).toBeUndefined();
    expect(sabotage.to).not.toBe(sabotage.from);
  });

  test.each(sabotages)('$name: who must catch it is there', ({ caughtBy }) => {
    for (const suite of caughtBy) {
      if (suite !== 'simulation') expect(existsSync(join(treeDir, suite)), suite).toBe(true);
    }
  });
});
