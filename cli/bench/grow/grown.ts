// What growing showed, in the form in which it is kept.

import type { ServiceName } from '../../settings.ts';
import type { Audited } from '../audited.ts';

/** The same measurement on an empty database and on a grown one, one right after the other. */
export interface Pair {
  readonly empty: number;
  readonly grown: number;
}

export type StreamTask = 'append' | 'find-key' | 'read-state';

export interface Grown {
  /** Orders that were appended straight to the journals before anything was measured. */
  readonly orders: number;
  readonly fillSeconds: number;
  /** Bytes on disk after that; absent where the database is not ours. */
  readonly databaseBytes?: number;
  /** Some of those orders, asked again at the service: each must be a replay, or the fill was not truthful. */
  readonly asked: { readonly count: number; readonly replayed: number };
  /** Orders a second at 32 in flight, right after a start: nothing is remembered yet. */
  readonly coldRates?: Pair;
  /** The same after some seconds of load. */
  readonly rates: readonly Pair[];
  /** Orders that the services on the grown database placed after that. */
  readonly served: number;
  /** So many were to be. */
  readonly toServe: number;
  /** Of each service after those, and of one that served as many on an empty database in `rates`. */
  readonly rssBytes: Readonly<Record<ServiceName, Pair>>;
  /** Heap in use after a garbage collection; empty where Node's inspector cannot be reached. */
  readonly heaps: Readonly<Partial<Record<ServiceName, HeapGrowth>>>;
  /** From starting the three services, one after the other, to serving, in milliseconds. */
  readonly startsMs: readonly Pair[];
  readonly stream: GrownStream;
  readonly audit: Audited;
}

export interface HeapGrowth {
  readonly firstBytes: number;
  readonly lastBytes: number;
  /** Orders served between the two. */
  readonly orders: number;
}

export interface GrownStream {
  readonly entries: number;
  /** Opening a journal that has no checkpoint, so that all of it is read. */
  readonly openWithoutCheckpointMs: number;
  /** The median time of one operation in milliseconds, on a stream of ten entries and on the grown one. */
  readonly tasks: Readonly<Record<StreamTask, readonly Pair[]>>;
}

/** Bytes an order, of the service in which it is most. Undefined when no heap was read. */
export function heapPerOrder({ heaps }: Grown): number | undefined {
  const growths = Object.values(heaps).map(
    ({ firstBytes, lastBytes, orders }) => (lastBytes - firstBytes) / orders,
  );
  return growths.length === 0 ? undefined : Math.max(...growths);
}
