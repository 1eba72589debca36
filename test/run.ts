// npm test: every tier, then the one line that a machine reads, `N passed, N failed`, alone at the end.
// Arguments are passed on as file filters. Hundreds of processes are started in it, all on the same code: it is kept.

import '../cli/kept-code.mjs';
import { type Reporter, startVitest } from 'vitest/node';

const counts = { passed: 0, failed: 0 };

const counting: Reporter = {
  onTestRunEnd(modules, unhandledErrors) {
    for (const module of modules) {
      const failedBefore = counts.failed;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed') counts.passed += 1;
        if (state === 'failed') counts.failed += 1;
      }
      // A file that could not be loaded, or whose hook failed, has no failed test of its own.
      if (module.state() === 'failed' && counts.failed === failedBefore) counts.failed += 1;
    }
    counts.failed += unhandledErrors.length;
  },
};

const vitest = await startVitest('test', process.argv.slice(2), {
  watch: false,
  reporters: ['default', counting],
});
await vitest.close();

// Nothing ran: a wrong filter or a broken configuration must not look like success.
if (counts.passed === 0 && counts.failed === 0) counts.failed = 1;
console.log(`\n${counts.passed} passed, ${counts.failed} failed`);
process.exit(counts.failed === 0 && process.exitCode !== 1 ? 0 : 1);
