// From the rounds' values to one number and its spread. Pure.

import { max, median, medianAbsoluteDeviation, min } from 'simple-statistics';

export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** The median distance of a value from the median: half of the rounds lie nearer to it. */
  readonly mad: number;
}

/** Undefined of no values. */
export function summaryOf(values: readonly number[]): Summary | undefined {
  if (values.length === 0) return undefined;
  const all = [...values];
  return { median: median(all), min: min(all), max: max(all), mad: medianAbsoluteDeviation(all) };
}
