// What Node is told for a service process, however it is started. Left to itself V8 takes memory that buys hardly anything.
// Measured in docs/performance.md; a test holds package.json and the Dockerfile to both.

/**
 * - A quarter of the young generation that V8 would take, and an old one that is collected when it has 1.25 times what lived in
 *   it and the young one's size, not up to four times.
 * - No pretenuring: V8 notes which places make objects that live on, and has these made in the old generation from then on. What
 *   it sees while a service warms up is true for seconds, and each call leaves parts of itself there, with all that they hold.
 * - No middle compiler: its graphs are some 20 MB, which malloc keeps. So that a service is not slow until each function was
 *   called 3,000 times, the last compiler comes after 1,000: it is warm in half the time.
 * - One thread beside the program's own, not four, for collecting garbage and compiling: a service is one thread, and the
 *   helpers of three of them take the same cores from one another.
 */
export const serviceNodeOptions = [
  '--max-semi-space-size=16',
  '--heap-growing-percent=25',
  '--no-allocation-site-pretenuring',
  '--no-maglev',
  '--invocation-count-for-turbofan=1000',
  '--v8-pool-size=1',
] as const;

/** One heap of glibc's malloc for all threads: what a compiler's thread gave back, the program's own can take. */
export const serviceEnvironment = { MALLOC_ARENA_MAX: '1' } as const;
