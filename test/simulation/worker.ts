// A worker of the pool: runs the seeds that it is given, one after the other, and tells of each.

import { parentPort } from 'node:worker_threads';
import type { SeedRange, SeedReport } from './pool.ts';
import { runSeed } from './seeds.ts';

async function runAll({ first, count }: SeedRange): Promise<void> {
  for (let seed = first; seed < first + count; seed += 1) {
    const { counts, failures } = await runSeed(seed);
    // Neither plan nor history: of a million seeds nothing may be kept.
    parentPort?.postMessage({ seed, counts, failures } satisfies SeedReport);
    if (failures.length > 0) return;
  }
}

parentPort?.on('message', (range: SeedRange) => {
  // What it throws ends the worker, and so the run.
  void runAll(range);
});
