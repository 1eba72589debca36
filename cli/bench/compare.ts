// Two runs side by side: what got better or worse, and by how much beyond the noise. Pure.
//
// The noise is what rounds of one run differ by. So a figure counts as changed only when every round of one run is better than
// every round of the other; how much beyond the noise is the distance of the two rounds that are nearest to one another. By
// chance alone two runs of five rounds each stand apart like that once in 126 times, of three rounds once in ten.

import type { Figure } from './figure.ts';
import { figures } from './figures.ts';
import { type Summary, summaryOf } from './statistics.ts';

/** The values of each figure's rounds, by its id: what a file keeps of a run. */
export type FigureValues = Readonly<Record<string, readonly number[]>>;

export type Change = 'better' | 'worse' | 'within the noise' | 'cannot tell';

export interface Compared {
  readonly figure: Figure;
  readonly before: Summary;
  readonly now: Summary;
  readonly change: Change;
  /** Of the median, as a part of what it was: 0.1 is a tenth more. */
  readonly moved: number;
  /** Of the nearest two rounds, likewise. 0 within the noise. */
  readonly beyondNoise: number;
}

/** One round says nothing of how rounds differ; a figure that is counted once is no round. */
const roundsMin = 2;

export function compareRuns(before: FigureValues, now: FigureValues): Compared[] {
  return figures.flatMap((figure) => {
    const compared = compareFigure(figure, before[figure.id] ?? [], now[figure.id] ?? []);
    return compared ? [compared] : [];
  });
}

/** Undefined when one of them has no value. */
export function compareFigure(
  figure: Figure,
  before: readonly number[],
  now: readonly number[],
): Compared | undefined {
  const [was, is] = [summaryOf(before), summaryOf(now)];
  if (!was || !is) return undefined;
  const moved = part(is.median - was.median, was.median);
  const apart = is.min > was.max ? is.min - was.max : is.max < was.min ? is.max - was.min : 0;
  const known = { figure, before: was, now: is, moved };
  if (before.length < roundsMin || now.length < roundsMin) {
    return { ...known, change: 'cannot tell', beyondNoise: 0 };
  }
  if (apart === 0) return { ...known, change: 'within the noise', beyondNoise: 0 };
  const isBetter = figure.better === 'higher' ? apart > 0 : apart < 0;
  return { ...known, change: isBetter ? 'better' : 'worse', beyondNoise: part(apart, was.median) };
}

function part(difference: number, whole: number): number {
  return whole === 0 ? 0 : difference / Math.abs(whole);
}
