// report.json: everything that a storm did and found, in a form that programs can rely on.

import type { Struck } from '../faults/killer.ts';
import type { Counts } from '../load/messages.ts';
import type { Percentiles, Sample } from '../load/samples.ts';
import type { Settled } from '../settle.ts';
import type { Verdict } from '../verdict.ts';
import type { CardsPart } from './cards-part.ts';

/** Raised when a field changes its meaning or goes away; new fields do not raise it. */
export const reportVersion = 1;

export interface StormReport {
  readonly schema: 'twicesafe-storm-report';
  readonly version: typeof reportVersion;
  readonly startedAt: string;
  /** Of the code, where it is known; `+` when it was changed since. */
  readonly commit: string;
  readonly seed: number;
  readonly run: string;
  /** Repeats the storm's decisions. */
  readonly command: string;
  readonly exitCode: number;
  readonly load: {
    readonly durationMs: number;
    readonly ceilingPerSecond: number;
    /** Goodput in the excess as a part of the ceiling. Absent without an excess. */
    readonly excessShare?: number;
    readonly counts: Counts;
    readonly lostCount: number;
    /** Answers of any kind that arrived, and those that were lost. */
    readonly answersMade: number;
    /** From the intended start of a request to its first definite answer. */
    readonly latency: Percentiles;
    readonly answeredPerSecond: number;
    /** Calls for each request. */
    readonly amplification: number;
    readonly phases: readonly {
      readonly name: string;
      readonly says: string;
      readonly fromMs: number;
      readonly latency: Percentiles;
    }[];
  };
  /** Absent without --cards. */
  readonly cards?: CardsPart;
  readonly struck: readonly Struck[];
  readonly settle: Settled;
  readonly rechecked: number;
  readonly history: { readonly lineCount: number; readonly checked: Readonly<Record<string, number>> };
  readonly verdict: Verdict;
  readonly files: { readonly html: string; readonly json: string; readonly history: string };
  readonly seconds: readonly Sample[];
}
