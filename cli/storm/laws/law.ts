// What a law says of a history: how much it looked at, and what contradicts it. A law is a pure function.

import type { Gathered } from '../history/gather.ts';

export type Invariant = 'I1' | 'I2' | 'I3' | 'I5' | 'I6' | 'I7' | 'I8' | 'I9';

/** The four things that a storm counts, in the words of whoever was wronged. */
export const wrongs = ['charged twice', 'sold twice', 'lost', 'lied'] as const;
export type Wrong = (typeof wrongs)[number];

export interface Contradiction {
  readonly invariant: Invariant;
  readonly wrong: Wrong;
  /** The request, order or account that it was found at: search history.ndjson for it. */
  readonly where: string;
  /** What was promised and what was found. */
  readonly says: string;
}

export interface Judged {
  readonly contradictions: readonly Contradiction[];
  /** How many things were looked at, by invariant. */
  readonly checked: Readonly<Partial<Record<Invariant, number>>>;
  /** What could not be judged, in a sentence; absent when everything was. */
  readonly unjudged?: string;
}

export type Law = (gathered: Gathered) => Judged;
