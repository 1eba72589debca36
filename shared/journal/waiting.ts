// A submission that waits to be written, and how long it may.

import { JournalUnavailableError, type Recorded, type Submission } from './journal.ts';

export interface Waiting {
  readonly submission: Submission;
  readonly stream: string;
  readonly deadlineAtMs: number;
  /** Until then it waits for company. */
  patientUntilMs: number;
  /** Entities that are taken as not existing without a read. Emptied once that may have been wrong. */
  likelyNew: readonly string[];
  /** Its key may be recorded: look before writing. */
  contested: boolean;
  /** Flushes that tried to write it and did not learn whether they did. */
  readonly writers: string[];
  resolve(recorded: Recorded): void;
  reject(error: Error): void;
}

/** Sends away what has waited too long. Unknown, not failed: the last insert may have happened, so it is to ask again. */
export function expire(open: Set<Waiting>, nowMs: number, cause: unknown): void {
  for (const waiting of open) {
    if (nowMs < waiting.deadlineAtMs) continue;
    open.delete(waiting);
    waiting.reject(new JournalUnavailableError('the database did not answer in time', cause));
  }
}
