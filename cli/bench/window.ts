// The window in which a load is counted: the same moments in every process of this machine. Before it the load runs in,
// after it what is under way runs out; neither counts.

export interface Window {
  /** Of `process.hrtime`, which all processes of a machine share. */
  readonly fromNs: bigint;
  readonly untilNs: bigint;
}

/** Milliseconds of `performance.now()` of this process. */
export interface LocalWindow {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** A loop of many in flight is in its stride after some round trips. */
const runInMs = { share: 0.1, min: 200, max: 1_000 };

export function windowFromNow(durationMs: number): Window {
  const inMs = Math.min(runInMs.max, Math.max(runInMs.min, durationMs * runInMs.share));
  const fromNs = process.hrtime.bigint() + BigInt(Math.round(inMs * 1e6));
  return { fromNs, untilNs: fromNs + BigInt(Math.round(durationMs * 1e6)) };
}

export function localOf({ fromNs, untilNs }: Window): LocalWindow {
  const offsetMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();
  return { fromMs: Number(fromNs) / 1e6 - offsetMs, untilMs: Number(untilNs) / 1e6 - offsetMs };
}

export function secondsOf({ fromNs, untilNs }: Window): number {
  return Number(untilNs - fromNs) / 1e9;
}

/** Resolves at that moment, or at once when it has passed. */
export async function until(atNs: bigint): Promise<void> {
  const waitMs = Number(atNs - process.hrtime.bigint()) / 1e6;
  if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
}
