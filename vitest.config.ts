// How the tests run: one embedded database for the whole run, two workers, and alone what loads the machine by itself.

import { defineConfig } from 'vitest/config';

/** The machine that CI has. More workers would measure each other's waiting. */
const workerCountMax = 2;

/** These take both cores, and say what a suite does under their load, in times that its users would bear. */
const loadTests = ['test/crash/kill-services.test.ts', 'test/e2e/{bench,storm}.test.ts'];

/** A test with the database is done in well under a second; this is for a busy machine. */
const testDurationMsMax = 60_000;

/** Starting a suite of processes, killing them, and seeing them back, several times in one test. */
const processTestDurationMsMax = 180_000;

/** How long a test waits for a condition. Never how long it takes: it looks again and again. */
const conditionDurationMsMax = 15_000;

export default defineConfig({
  test: {
    expect: { poll: { timeout: conditionDurationMsMax } },
    globalSetup: ['test/support/global-setup.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'in-process',
          include: ['test/{unit,contract,integration,matrix}/**/*.test.ts'],
          maxWorkers: workerCountMax,
          testTimeout: testDurationMsMax,
          hookTimeout: testDurationMsMax,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'processes',
          include: ['test/{crash,e2e}/**/*.test.ts'],
          exclude: loadTests,
          // Each of these has a suite of its own, and waits more than it works: for starts, checkpoints, ends of patience.
          maxWorkers: workerCountMax,
          testTimeout: processTestDurationMsMax,
          hookTimeout: processTestDurationMsMax,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'load',
          include: loadTests,
          fileParallelism: false,
          testTimeout: processTestDurationMsMax,
          hookTimeout: processTestDurationMsMax,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
