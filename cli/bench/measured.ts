// What one measurement found, in the form in which it is kept: the raw values of a round.

import type { Percentiles } from './latencies.ts';

/** Everything counts within the window alone, unless it says otherwise. */
export interface Measured {
  /** Such as `closed-32`. */
  readonly name: string;
  readonly seconds: number;
  /** Orders confirmed, or calls answered, or documents inserted. */
  readonly count: number;
  readonly perSecond: number;
  /** Absent when nothing was counted. */
  readonly latency?: Percentiles;
  /** Duplicates beside the orders, where there are some. */
  readonly duplicates?: {
    readonly count: number;
    readonly perSecond: number;
    readonly latency?: Percentiles;
  };
  /** New orders a second that were asked for, where the load did not wait for answers. */
  readonly offeredPerSecond?: number;
  /** Answers that were neither a confirmation nor a replay, before and after the window too. */
  readonly odd: Readonly<Record<string, number>>;
  /** New orders that were confirmed before, in and after the window. */
  readonly confirmedCount?: number;
  /** From the last answer until no saga was open. */
  readonly settledMs?: number;
  /** Entries that the three journals got for each confirmed order, its settlement included, before and after the window too. */
  readonly documentsPerOrder?: number;
  /** By process: `order`, `inventory`, `payment`, `database`, `load`, `bench`. Empty where it cannot be read. */
  readonly usage: Readonly<Record<string, Used>>;
  readonly machine?: MachineUse;
}

export interface Used {
  readonly cpuSeconds: number;
  readonly cpuMsPerCount: number;
  /** At the end of the window. */
  readonly rssBytes: number;
}

/** Of all cores together, in seconds. */
export interface MachineUse {
  readonly busySeconds: number;
  /** Busy, but none of ours. */
  readonly othersSeconds: number;
  /** Taken away by the machine's host. */
  readonly stolenSeconds: number;
}

/** One round: by the measurement's name. */
export type Round = Readonly<Record<string, Measured>>;
