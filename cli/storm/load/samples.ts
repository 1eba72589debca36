// What happened in each second: the numbers behind the live view and the charts.

import { build, type Histogram } from 'hdr-histogram-js';
import { type Counts, noCounts } from './messages.ts';

export interface Sample {
  /** Seconds since the storm began. */
  readonly second: number;
  readonly phase: string;
  readonly calls: number;
  readonly requests: number;
  readonly answered: number;
  readonly done: number;
  readonly refused: number;
  readonly unknown: number;
  readonly replays: number;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
}

export interface Percentiles {
  readonly count: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
}

export interface Samples {
  add(counts: Counts, latenciesMs: readonly number[], atMs: number): void;
  enter(phase: string, atMs: number): void;
  readonly total: Counts;
  readonly seconds: readonly Sample[];
  /** Over the last few whole seconds. */
  lately(): {
    readonly callsPerSecond: number;
    readonly answeredPerSecond: number;
    readonly latency: Percentiles;
  };
  overall(): Percentiles;
  /** By phase, in their order. */
  phases(): readonly { readonly name: string; readonly fromMs: number; readonly latency: Percentiles }[];
}

/** Microseconds; two significant digits are one percent. Longer than an hour counts as an hour. */
const highestMicros = 3_600_000_000;
const latelySeconds = 5;

export function createSamples(): Samples {
  const total = noCounts();
  const overall = histogram();
  const phases: { name: string; fromMs: number; latencies: Histogram }[] = [];
  const seconds: Sample[] = [];
  let current = { second: 0, counts: noCounts(), latencies: histogram() };
  const recent: Histogram[] = [];

  function close(): void {
    const { second, counts, latencies } = current;
    const has = latencies.totalCount > 0;
    seconds.push({
      second,
      phase: phases.at(-1)?.name ?? '',
      calls: counts.calls,
      requests: counts.requests,
      answered: counts.answered,
      done: counts.done,
      refused: counts.refused,
      unknown: counts.unknown,
      replays: counts.replays,
      p50Ms: has ? percentile(latencies, 50) : null,
      p95Ms: has ? percentile(latencies, 95) : null,
      p99Ms: has ? percentile(latencies, 99) : null,
    });
    recent.push(latencies);
    if (recent.length > latelySeconds) recent.shift();
    current = { second: second + 1, counts: noCounts(), latencies: histogram() };
  }

  function advance(atMs: number): void {
    while (current.second < Math.floor(atMs / 1_000)) close();
  }

  return {
    total,
    seconds,
    enter(name, fromMs) {
      advance(fromMs);
      phases.push({ name, fromMs, latencies: histogram() });
    },
    add(counts, latenciesMs, atMs) {
      advance(atMs);
      addCounts(total, counts);
      addCounts(current.counts, counts);
      for (const latencyMs of latenciesMs) {
        const micros = Math.min(Math.max(1, Math.round(latencyMs * 1_000)), highestMicros);
        overall.recordValue(micros);
        current.latencies.recordValue(micros);
        phases.at(-1)?.latencies.recordValue(micros);
      }
    },
    lately() {
      const last = seconds.slice(-latelySeconds);
      const merged = histogram();
      for (const each of recent) merged.add(each);
      const mean = (of: (sample: Sample) => number) =>
        last.length === 0 ? 0 : last.reduce((sum, sample) => sum + of(sample), 0) / last.length;
      return {
        callsPerSecond: mean(({ calls }) => calls),
        answeredPerSecond: mean(({ answered }) => answered),
        latency: percentilesOf(merged),
      };
    },
    overall: () => percentilesOf(overall),
    phases: () =>
      phases.map(({ name, fromMs, latencies }) => ({ name, fromMs, latency: percentilesOf(latencies) })),
  };
}

function histogram(): Histogram {
  return build({
    bitBucketSize: 32,
    highestTrackableValue: highestMicros,
    autoResize: true,
    numberOfSignificantValueDigits: 2,
  });
}

function percentile(histogram: Histogram, at: number): number {
  return histogram.getValueAtPercentile(at) / 1_000;
}

function percentilesOf(histogram: Histogram): Percentiles {
  return {
    count: histogram.totalCount,
    p50Ms: percentile(histogram, 50),
    p95Ms: percentile(histogram, 95),
    p99Ms: percentile(histogram, 99),
    p999Ms: percentile(histogram, 99.9),
    maxMs: histogram.maxValue / 1_000,
  };
}

function addCounts(sum: Counts, counts: Counts): void {
  for (const name of Object.keys(sum) as (keyof Counts)[]) sum[name] += counts[name];
}
