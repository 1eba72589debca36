// The storm's own time: milliseconds since it began, monotonic, the same in the main thread and in every worker.

export type StormClock = () => number;

/** `originNs` is `process.hrtime.bigint()` of the storm's begin; performance.now() would differ from thread to thread. */
export function createStormClock(originNs: bigint): StormClock {
  return () => Math.round(Number(process.hrtime.bigint() - originNs) / 1_000) / 1_000;
}
