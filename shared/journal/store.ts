// The store's contract: the few things that the journal needs of a database. It decides nothing; it knows unique keys.
// One implementation speaks MongoDB (mongo-store.ts); the contract suite holds every other one to the same behaviour.

import type { State } from './decision.ts';
import type { Entry, EntryPart } from './entry.ts';

/** What became of one entry of an insert: it is durable on a majority, or one of its unique values was there before. */
export type InsertAnswer = 'inserted' | 'duplicate';

export interface Checkpoint {
  readonly stream: string;
  readonly seq: number;
  /** What was open after entry `seq`. */
  readonly open: readonly { readonly entity: string; readonly state: State; readonly openedAt: Date }[];
}

export interface ListPosition {
  readonly at: Date;
  readonly id: string;
}

export interface JournalSettings {
  readonly streamCount: number;
  /** The service whose entities these are. */
  readonly owner: string;
  /** `journalFormat` of the version that began it. */
  readonly format: number;
}

export interface JournalStore {
  /** Makes the unique indexes exist, or throws: without them nothing is safe. */
  prepare(): Promise<void>;
  /** What this database was created with: the stored settings, or `wanted` if it is new. They never change afterwards. */
  settings(wanted: JournalSettings): Promise<JournalSettings>;
  /** One answer per entry, in order. Throws when any answer is unknown; each entry may then be there or not, now or later. */
  insert(entries: readonly Entry[]): Promise<InsertAnswer[]>;
  /** The entries that hold any of these keys, with only the ops of these keys. */
  findByKeys(keys: readonly string[]): Promise<EntryPart[]>;
  /** Entries of a stream from `fromSeq` on, in order, at most `limit`. */
  read(stream: string, fromSeq: number, limit: number): Promise<Entry[]>;
  /** The newest entry, at `fromSeq` or after it, in which the entity stands, with only its ops. */
  findNewest(entity: string, fromSeq: number): Promise<EntryPart | undefined>;
  /** Entries in which the entity stands, with only its ops, in order of seq (descending when `newestFirst`). */
  findHistory(
    entity: string,
    options: { afterSeq?: number; beforeSeq?: number; limit: number; newestFirst: boolean },
  ): Promise<EntryPart[]>;
  /** Entries that add to the list, the newest first, strictly after `position`, with only the ops of that list. */
  findList(
    name: string,
    position: ListPosition | undefined,
    limit: number,
  ): Promise<(EntryPart & { _id: string })[]>;
  readCheckpoint(stream: string): Promise<Checkpoint | undefined>;
  writeCheckpoint(checkpoint: Checkpoint): Promise<void>;
}
