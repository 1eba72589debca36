// A sabotage: one line of the project made wrong on purpose, and who has to notice. It knows a tree's files and runs nothing.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A test file, or the simulation with `simulationSeeds`. */
export type Suite = `test/${string}.test.ts` | 'simulation';

export interface Sabotage {
  /** What is wrong with the project then, as a file name would say it. */
  readonly name: string;
  /** What it attacks: I1 to I11 of ARCHITECTURE.md, or the rule in a word or two where none of them is about it. */
  readonly invariant: string;
  readonly file: string;
  /** Occurs in the file exactly once, or the list has rotted. */
  readonly from: string;
  readonly to: string;
  /** The cheapest suite that must turn red. Several are tried in this order until one does. */
  readonly caughtBy: readonly [Suite, ...Suite[]];
}

/** Why the sabotage cannot be applied to the tree in `dir` any more; undefined when it can. */
export async function rottenBecause(sabotage: Sabotage, dir: string): Promise<string | undefined> {
  const text = await readFile(join(dir, sabotage.file), 'utf8').catch(() => undefined);
  if (text === undefined) return `there is no ${sabotage.file}`;
  const count = text.split(sabotage.from).length - 1;
  return count === 1 ? undefined : `its line is ${count} times in ${sabotage.file}, not once`;
}

/** Makes the line wrong in the tree in `dir`. Only ever a copy's: nothing here undoes it. */
export async function applyTo(dir: string, sabotage: Sabotage): Promise<void> {
  const why = await rottenBecause(sabotage, dir);
  if (why) throw new Error(`${sabotage.name}: ${why}`);
  const path = join(dir, sabotage.file);
  const text = await readFile(path, 'utf8');
  // A function, because a replacement's "$" has a meaning of its own.
  await writeFile(
    path,
    text.replace(sabotage.from, () => sabotage.to),
  );
}
