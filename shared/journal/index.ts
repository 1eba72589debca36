// The door of shared/journal. Begin reading at journal.ts (what it promises), then flush.ts (how it keeps it).

export { type CompactionOptions, compactJournal, type Moved } from './compaction.ts';
export { countEntries } from './count-entries.ts';
export { createJournal, createJournalOn, type JournalOptions } from './create-journal.ts';
export {
  type Change,
  type Decision,
  type Outcome,
  type Refusal,
  refuse,
  type State,
  succeed,
} from './decision.ts';
export { createFold, type Fold } from './fold.ts';
export { createShardedIndexes } from './indexes.ts';
export {
  type EntityRules,
  type Journal,
  JournalUnavailableError,
  KeyReusedError,
  type Page,
  PageTokenError,
  type Recorded,
  type RecordedKey,
  type RecordedOp,
  type Submission,
} from './journal.ts';
export type { JournalLimits } from './limits.ts';
export { createMongoStore, prepareSettings } from './mongo-store.ts';
export { streamCountMax, streamNames } from './placement.ts';
export type { JournalStore } from './store.ts';
