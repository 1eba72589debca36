// Meddling: a hand in the suite for whoever chooses each fault himself, where the simulation leaves faults to the weather.

import type { Transport } from '@connectrpc/connect';
import type { JournalStore } from '../../shared/journal/index.ts';
import type { SimulatedProcess } from './process.ts';

export interface Meddling {
  /** A process has come to a failpoint; it goes on when this has resolved. */
  reach(process: SimulatedProcess, place: string, details: readonly string[]): void | Promise<void>;
  /** Stands between a process and its database. */
  store(process: SimulatedProcess, store: JournalStore): JournalStore;
  /** Stands between a process and a service. */
  transport(from: SimulatedProcess, service: string, transport: Transport): Transport;
  /** Stands between a payment process and the card provider. `what`: such as `POST /v1/refunds`. */
  provider<T>(from: SimulatedProcess, what: string, ask: () => Promise<T>): Promise<T>;
  /** Whether calls of `from` may go to the machine. */
  reaches(from: SimulatedProcess, machine: string): boolean;
}
