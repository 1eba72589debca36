// One line of history.ndjson: one call as its caller saw it. The checker knows nothing but these lines.

import type { Path } from '../plan.ts';

export type Phase = 'before' | 'storm' | 'after';

export interface Line {
  readonly sku: string;
  readonly quantity: number;
}

/**
 * What was asked; which of these depends on the RPC. Amounts are decimal strings of minor units: a number in JSON would
 * pass through floating point.
 */
export interface AskedFacts {
  readonly account?: string;
  /** The provider's name of it, of an order that is paid by card. */
  readonly card?: string;
  readonly lines?: readonly Line[];
  readonly totalMax?: string;
  readonly amount?: string;
  readonly opening?: string;
  readonly sku?: string;
  readonly delta?: number;
  readonly onHand?: number;
  readonly order?: string;
}

/** The numbers of an answer that a law can be checked with; which of them depends on the RPC. */
export interface ToldFacts {
  readonly order?: string;
  readonly status?: string;
  readonly account?: string;
  readonly lines?: readonly Line[];
  readonly total?: string;
  readonly balance?: string;
  readonly sku?: string;
  readonly onHand?: number;
  readonly held?: number;
  readonly sold?: number;
}

export interface HistoryLine {
  /** Milliseconds since the storm began, on one monotonic clock for all workers. */
  readonly start: number;
  readonly end: number;
  readonly phase: Phase;
  readonly rpc: string;
  /** Empty for a read. */
  readonly id: string;
  readonly caller: string;
  /** The process that was asked, such as `order-2`. */
  readonly instance: string;
  readonly path: Path;
  /** 1 for the first call under this id, in the order of sending. */
  readonly attempt: number;
  readonly outcome: 'done' | 'refused' | 'unknown';
  /** Of a refusal, or why the outcome is unknown. */
  readonly reason?: string;
  readonly replayed?: boolean;
  /** Hash of the request message: duplicates that carry another message have another one. */
  readonly request: string;
  /** Hash of the whole answer, every field; absent when there was none. */
  readonly answer?: string;
  readonly asked: AskedFacts;
  readonly told?: ToldFacts;
}
