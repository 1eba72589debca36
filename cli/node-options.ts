// What Node is told for a service process, however it is started. Left to itself V8 takes memory that buys hardly anything.

/**
 * Half as much young generation as V8's own limit, and an old generation that is collected when it has two and a half times
 * what lived in it, instead of up to four: some 200 MB less in a busy service, at the same orders/s within the noise. Less
 * than this costs speed (docs/performance.md). And one thread beside the program's own, not four, for collecting garbage and
 * compiling: a service is one thread, and the helpers of three of them take the same cores from one another. A test holds
 * package.json and the Dockerfile to them.
 */
export const serviceNodeOptions = [
  '--max-semi-space-size=32',
  '--heap-growing-percent=150',
  '--v8-pool-size=1',
] as const;
