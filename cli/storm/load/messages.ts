// What the main thread and its workers say to one another.

import type { ServiceName } from '../../settings.ts';
import type { Path, PlanOptions } from '../plan.ts';

/** Where one process of a service is reached, straight and through each kind of loss. */
export interface Instance {
  readonly name: string;
  readonly service: ServiceName;
  readonly addresses: Readonly<Record<Path, string>>;
}

export interface CallerIdentity {
  readonly name: string;
  readonly token: string | undefined;
}

export interface WorkerData {
  readonly worker: number;
  readonly workerCount: number;
  readonly originNs: bigint;
  readonly historyFile: string;
  readonly instances: readonly Instance[];
  readonly callers: readonly CallerIdentity[];
  readonly plan: PlanOptions;
}

/**
 * `closed`: so many requests at once. `open`: so many a second, whether or not they are answered. `endsWithPhase`: whoever
 * has no answer at its end gives up for now, so that an excess stops when it is said to stop.
 */
export type Load =
  | { readonly kind: 'closed'; readonly inFlight: number }
  | { readonly kind: 'open'; readonly perSecond: number; readonly endsWithPhase: boolean };

/** An order is finished under its ticket: a load may go on while the next one begins. */
export type Ticketed = Order & { readonly ticket: number };

export type Order =
  | { readonly do: 'load'; readonly load: Load; readonly durationMs: number }
  /** Begin no further request. */
  | { readonly do: 'stop' }
  /** Ask every request that has no definite answer, until it has one. */
  | { readonly do: 'resolve'; readonly durationMs: number }
  /** Ask every request once more, and read every order. */
  | { readonly do: 'recheck'; readonly durationMs: number };

/** What happened since the last report; every worker reports several times a second. */
export interface Counts {
  calls: number;
  /** Calls that got any answer from a server, also one that says only: ask again. */
  heard: number;
  done: number;
  refused: number;
  unknown: number;
  replays: number;
  reused: number;
  duplicates: number;
  /** Requests begun, and those that got their first definite answer. */
  requests: number;
  orders: number;
  answered: number;
  confirmed: number;
  cancels: number;
  lateDuplicates: number;
  mismatches: number;
  timeouts: number;
}

export function noCounts(): Counts {
  return {
    calls: 0,
    heard: 0,
    done: 0,
    refused: 0,
    unknown: 0,
    replays: 0,
    reused: 0,
    duplicates: 0,
    requests: 0,
    orders: 0,
    answered: 0,
    confirmed: 0,
    cancels: 0,
    lateDuplicates: 0,
    mismatches: 0,
    timeouts: 0,
  };
}

export type Report =
  | {
      readonly tell: 'progress';
      readonly counts: Counts;
      /** From the intended start of a request to its first definite answer, in milliseconds. */
      readonly latenciesMs: readonly number[];
      readonly unanswered: number;
      readonly rechecked: number;
    }
  | {
      readonly tell: 'finished';
      readonly ticket: number;
      /** Requests so far that are asked again at the end. */
      readonly askable: number;
      readonly unanswered: number;
    };
