// The journal's limits, each with its unit and its reason. Tests and benchmarks pass others.

export interface JournalLimits {
  /** Submissions in one flush: with a few ops each they fill an entry's `entryOpsMax`. */
  readonly flushSubmissionsMax: number;
  /** Submissions that wait: beyond some ten seconds of work a caller is better told to come back. */
  readonly queuedSubmissionsMax: number;
  /** How long a submission waits for a database that does not answer. A failover takes about ten seconds, and no
   * caller's patience is longer than its deadline, which is enforced above. */
  readonly submitDurationMsMax: number;
  /** How long after a duplicate was seen every key is looked up before it is written. Retries come in bursts. */
  readonly lookUpDurationMs: number;
  /** Entities remembered: the SKUs and accounts of a busy service, and its orders of some five seconds; some 1 KiB each. */
  readonly cachedEntitiesMax: number;
  /** Bytes of what is remembered under keys that entries claim; a key takes some 250 beside them. Retries come within seconds, and
   * these are some 5,800 two-line orders in the order service, 2,000 in inventory and 4,400 in payment (counted, 32 in
   * flight): some two seconds and more. */
  readonly recentBytesMax: number;
  /** So many keys of the newest entries are remembered, and at most twice as many and two entries, also those that no entry claims
   * because the state proves them: two full flushes, for one whose answer was lost. Who is not found decides again, and changes
   * nothing. */
  readonly newestKeysMin: number;
  /** Entries in one read of a stream: some 5 MB of busy entries. */
  readonly readEntriesMax: number;
  /** Before the tail, so many entries are read at a start, and searched first, or more, for an entity that is not remembered:
   * what is busy stands there. */
  readonly nearEntries: number;
  /** So many times as far back is searched when nothing was found: the widest search then finds a few places too many, and
   * a million entries are four or five searches. */
  readonly furtherBack: number;
  /** Entities read at once: more than the connection pool serves would only wait there. */
  readonly parallelReadsMax: number;
  /** Readings of a stream that show a gap before it counts as damaged: one reading beside an append may show one. */
  readonly gapReadsMax: number;
  /** First delay after a flush that got nowhere; doubled each time, with full jitter. About one round trip. */
  readonly firstDelayMs: number;
  /** Longest delay after lost races: shorter than the way that others give. */
  readonly contentionDelayMsMax: number;
  /** For so long after an entry of another process this one gives way to it. */
  readonly companyMs: number;
  /** How long a writer gives way: as a multiple of what its own flush took, because another one must read before it
   * writes, and at the most. */
  readonly giveWayTimes: number;
  readonly giveWayMsMax: number;
  /** A writer that knows of no other and has no pause leaves a gap, so long and so often, in which another can write and
   * be seen: 1 % of its time. */
  readonly gapMs: number;
  readonly gapEveryMs: number;
  /** While flushes carry so many urgent submissions or more, a flush that would carry fewer than the one before waits for as
   * many, but no longer than this: a busy flush takes as long, and each costs the database and this process the same again. */
  readonly lingerMsMax: number;
  readonly lingerSubmissionsMin: number;
  /** After each lost race a flush carries half as much, so that the next attempt is shorter, but not less than this. */
  readonly contendedSubmissionsMin: number;
  /** Longest delay while the database does not answer. */
  readonly failureDelayMsMax: number;
  /** How often a checkpoint is written while there is something new: a restart then reads that much at most. */
  readonly checkpointEveryMs: number;
  /** Open entities that a checkpoint carries: above it none is written (16 MiB is the limit of a document), and a
   * restart reads from the older one. */
  readonly checkpointOpenMax: number;
}

export const defaultJournalLimits: JournalLimits = {
  flushSubmissionsMax: 256,
  queuedSubmissionsMax: 20_000,
  submitDurationMsMax: 20_000,
  lookUpDurationMs: 1_000,
  cachedEntitiesMax: 8_000,
  recentBytesMax: 6 << 20,
  newestKeysMin: 512,
  readEntriesMax: 200,
  nearEntries: 16,
  furtherBack: 16,
  parallelReadsMax: 32,
  gapReadsMax: 20,
  firstDelayMs: 2,
  contentionDelayMsMax: 4,
  companyMs: 3_000,
  giveWayTimes: 1,
  giveWayMsMax: 250,
  gapMs: 20,
  gapEveryMs: 2_000,
  lingerMsMax: 3,
  lingerSubmissionsMin: 4,
  contendedSubmissionsMin: 64,
  failureDelayMsMax: 1_000,
  checkpointEveryMs: 5_000,
  checkpointOpenMax: 5_000,
};
