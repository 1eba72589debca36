// What a benchmark asks of the process that inserts without any service, and what it is told.

import type { Counted } from '../latencies.ts';
import type { Window } from '../window.ts';

export interface RawSetup {
  readonly databaseUri: string;
  readonly databaseName: string;
}

export interface RawQuestion {
  /**
   * `small`: a document of two numbers into a collection without indexes of its own. `entry`: an entry as a payment alone
   * leaves it, into a collection with the journal's indexes.
   */
  readonly document: 'small' | 'entry';
  readonly window: Window;
}

export type RawAnswer = Counted;
