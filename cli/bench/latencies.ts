// Latencies as a histogram: recorded in one process, merged and read in another. Exact to a thousandth of each value.

import {
  build,
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
  type Histogram,
} from 'hdr-histogram-js';

export interface Percentiles {
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
  readonly meanMs: number;
}

/** What a process counted in a window, ready to be sent. */
export interface Counted {
  readonly count: number;
  /** HdrHistogram V2 in Base64, of microseconds. Empty when nothing was counted. */
  readonly histogram: string;
}

export interface Recorder {
  add(latencyMs: number): void;
  counted(): Counted;
}

/** Microseconds. Nothing in a benchmark is waited for longer than a minute. */
const highestMicros = 60_000_000;

function histogram(): Histogram {
  return build({
    bitBucketSize: 32,
    lowestDiscernibleValue: 1,
    highestTrackableValue: highestMicros,
    numberOfSignificantValueDigits: 3,
  });
}

export function createRecorder(): Recorder {
  const recorded = histogram();
  return {
    add: (latencyMs) =>
      recorded.recordValue(Math.min(highestMicros, Math.max(1, Math.round(latencyMs * 1_000)))),
    counted: () => ({
      count: recorded.totalCount,
      histogram: recorded.totalCount === 0 ? '' : encodeIntoCompressedBase64(recorded),
    }),
  };
}

export function countOf(parts: readonly Counted[]): number {
  return parts.reduce((sum, { count }) => sum + count, 0);
}

/** Undefined when none of them counted anything: a percentile of nothing is no number. */
export function percentilesOf(parts: readonly Counted[]): Percentiles | undefined {
  const all = histogram();
  for (const part of parts) if (part.count > 0) all.add(decodeFromCompressedBase64(part.histogram));
  if (all.totalCount === 0) return undefined;
  const at = (percentile: number) => all.getValueAtPercentile(percentile) / 1_000;
  return {
    p50Ms: at(50),
    p90Ms: at(90),
    p99Ms: at(99),
    p999Ms: at(99.9),
    maxMs: all.maxValue / 1_000,
    meanMs: all.mean / 1_000,
  };
}
