// What a benchmark asks of a process that makes its load, and what it is told.

import type { Spread } from '../goods.ts';
import type { Counted } from '../latencies.ts';
import type { Window } from '../window.ts';

export interface LoadSetup {
  /** Where orders are placed. */
  readonly address: string;
  /** The lower ones were placed before, by somebody else. */
  readonly firstNumber: number;
  /** Beginning there, this process has the order numbers p, p + n, p + 2n, … */
  readonly process: number;
  readonly processCount: number;
}

export type Load =
  /** So many orders always in flight, each a new one. */
  | { readonly kind: 'place'; readonly spread: Spread; readonly inFlight: number }
  /** So many calls always in flight, each a duplicate of an order that was confirmed before. */
  | { readonly kind: 'repeat'; readonly of: Finished; readonly inFlight: number }
  /**
   * So many new orders a second, answered or not, and with each one so many duplicates: one of itself at the same moment,
   * the others of orders that were confirmed lately.
   */
  | { readonly kind: 'mix'; readonly perSecond: number; readonly duplicates: number }
  /** So many calls always in flight to a server that only echoes: what this client could do at most. */
  | { readonly kind: 'echo'; readonly address: string; readonly inFlight: number };

/** `latest`: those that a caller who lost an answer asks again. `oldest`: those that no process remembers any more. */
export type Finished = 'latest' | 'oldest';

export interface LoadQuestion {
  readonly load: Load;
  readonly window: Window;
}

export interface LoadAnswer {
  /** New orders that were confirmed within the window, from sending to the answer. */
  readonly placed: Counted;
  /** Duplicates, or echoes, that were answered within the window. */
  readonly repeated: Counted;
  /** New orders that were confirmed at all, before and after the window too. */
  readonly confirmedCount: number;
  /** Answers of any other kind, by what they said. */
  readonly odd: Readonly<Record<string, number>>;
}
