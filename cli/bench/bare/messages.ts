// What a benchmark asks of the process that appends straight to the journals, and what it is told.

import type { Counted } from '../latencies.ts';
import type { Window } from '../window.ts';

export interface BareSetup {
  readonly databaseUri: string;
  /** Before the name of each service in the name of its database. */
  readonly databasePrefix: string;
  /** Not where the services have put them in already: theirs are other requests. */
  readonly putsGoods: boolean;
}

/** New orders in so many lanes: until the window is over, or so many of them. */
export interface BareQuestion {
  readonly inFlight: number;
  readonly limit: Window | { readonly orders: number };
}

export interface BareAnswer {
  /** Within the window; without one, all of them. */
  readonly placed: Counted;
  readonly confirmedCount: number;
  /** From the last answer to the last settlement. */
  readonly settledMs: number;
}
