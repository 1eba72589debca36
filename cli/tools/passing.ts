// Shows what a long-lived Map costs the garbage collector, and what shared/runtime/passing.ts does instead: the same small
// objects come and go, 64 of them at a time, held by the one and by the other.
//
//   node cli/tools/passing.ts
//
// Prints what V8 carried into its old generation, although nothing lived long, and how long it stopped for that.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createPassing } from '../../shared/runtime/index.ts';
import { report } from '../console.ts';

const holders = {
  'a Map': () => new Map<string, unknown>(),
  passing: () => createPassing<string, unknown>(),
};
type Holder = keyof typeof holders;

const objectCount = 400_000;
const presentCount = 64;
/** Like the objects of a call: some 5 KB. */
const partCount = 40;

function comeAndGo(holder: Holder): void {
  const held = holders[holder]();
  for (let index = 0; index < objectCount; index += 1) {
    held.set(
      `key-${index}`,
      Array.from({ length: partCount }, (_, part) => ({ index, parts: [index, part] })),
    );
    held.delete(`key-${index - presentCount}`);
  }
}

function sumOf(name: string, trace: string): number {
  return [...trace.matchAll(new RegExp(`\\b${name}=([0-9.]+)`, 'g'))].reduce(
    (sum, [, value]) => sum + Number(value),
    0,
  );
}

const asked = process.argv[2];
if (asked !== undefined) comeAndGo(asked as Holder);
else {
  for (const holder of Object.keys(holders)) {
    const args = ['--trace-gc-nvp', fileURLToPath(import.meta.url), holder];
    const { stdout } = spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 64 << 20 });
    const megabytes = Math.round(sumOf('promoted', stdout) / 1e6);
    report(
      `${holder}: ${megabytes} MB carried into the old generation, stopped for ${Math.round(sumOf('pause', stdout))} ms`,
    );
  }
}
