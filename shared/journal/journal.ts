// The journal's contract: what a service may ask of it and what it promises. It knows no shop word and no driver.
// How it keeps its promises: flush.ts (writing), stream-cache.ts (what is remembered).

import type { Decision, Outcome, State } from './decision.ts';

/** One command for the journal: read these entities, decide, record once under this key. */
export interface Submission {
  /** Unique for ever over the whole journal, unless `provenBy` says otherwise: the effect happens at most once. */
  readonly key: string;
  /** Fingerprint of the request. A key recorded with another one is a `KeyReusedError`. Empty for the service's own
   * commands, whose key alone says what is meant. */
  readonly fingerprint: string;
  /** The entities that `decide` sees and may change, at least one, all in one stream. */
  readonly entities: readonly string[];
  /**
   * Pure. Called with the state of each entity, in their order (undefined: never recorded). It may be called several
   * times, on newer states, before one decision is recorded; only that one counts.
   */
  decide(states: readonly (State | undefined)[], at: Date): Decision;
  /**
   * Those of the entities that are probably not recorded yet, which saves reading them before the write. A wrong hint
   * costs a second flush, never a wrong result: an entry claims the key `first/<entity>` for an entity that begins in it.
   */
  readonly likelyNew?: readonly string[];
  /**
   * Those of the entities whose names are derived from this key, so that nobody else can begin them. They are likely new, and
   * need no key `first/<entity>`: whoever repeats this key meets the key itself.
   */
  readonly derivedNew?: readonly string[];
  /**
   * What shows that it was recorded before. `key`, the default: its key, claimed for ever. `state`: the entities' states alone,
   * so it claims no key, which is half of what an op costs the database. Only for a decision that changes nothing when it is
   * taken again on what it left. Submitted again it may be recorded again, as the nothing that it then is; an insert whose
   * answer was lost is found in its stream, and not repeated.
   */
  readonly provenBy?: 'key' | 'state';
  /**
   * What is to be recorded next if this succeeds, in this order: as much of it as can be goes into the same entry, which
   * saves its inserts. A hint. It ends at the first that is refused, that is in another stream, or whose key is claimed;
   * and whoever needs one of them submits it all the same, and finds it recorded.
   */
  readonly followedBy?: readonly Submission[];
  /**
   * How long it may wait for others to share an entry with before it is written by itself. For what nobody waits for.
   * Default 0: at once.
   */
  readonly patienceMs?: number;
}

/** What is recorded under a key. */
export interface Recorded {
  readonly outcome: Outcome;
  /** False when this very call wrote it; true when it was there before. */
  readonly replayed: boolean;
  /** The state of each changed entity right after this op, as recorded: what a replayed answer is rendered from. */
  readonly states: ReadonlyMap<string, State>;
  /** The entry of its stream that it stands in: no newer state of these entities stands before it. */
  readonly seq: number;
  readonly at: Date;
}

/** What is recorded under a key, with what only the reader of a key asks for. */
export interface RecordedKey extends Recorded {
  readonly fingerprint: string;
  /** Which flush of which process wrote it. */
  readonly writer: string;
}

/** One op as recorded, with the place of its entry. */
export interface RecordedOp {
  readonly stream: string;
  readonly seq: number;
  /** Which process wrote the entry. */
  readonly writer: string;
  readonly at: Date;
  readonly entity: string;
  readonly key: string;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly outcome: Outcome;
  readonly state: State | undefined;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Undefined after the last page. */
  readonly nextPageToken: string | undefined;
}

export interface Journal {
  /**
   * Records the decision once and returns it, durable on a majority; or returns what was recorded under the key before.
   * Throws `KeyReusedError` (definite: nothing of this call happened) or `JournalUnavailableError` (unknown: submit the
   * same key again). Never anything else for a fault of the database.
   */
  submit(submission: Submission): Promise<Recorded>;
  /**
   * The stream that the entity lives in. Pure, and the same for ever in a database, whichever process asks, so names and keys
   * may be made of it. Entities of one stream can change together in one submission.
   */
  streamOf(entity: string): string;
  /** Whether the key is under way or recorded, by this process's memory alone: false says nothing. */
  knows(key: string): boolean;
  /** How much longer than it must a submission waited for the database, on average since this was last asked. */
  delayMs(): number;
  /**
   * The entity's state as this process saw it last: durable on a majority, but perhaps not the newest. Undefined when it is
   * not remembered. Only for what can never change again.
   */
  rememberedState(entity: string): State | undefined;
  /** What is recorded under the key, from a majority-committed read. */
  readKey(key: string): Promise<RecordedKey | undefined>;
  /**
   * The entity's newest state that is durable on a majority; undefined when nothing is recorded. `fromSeq`: an entry that it is
   * known to stand in or after, which saves looking for the place.
   */
  readState(entity: string, fromSeq?: number): Promise<State | undefined>;
  /** The ops of one entity in the order of recording; at most `limit` entries (default 200), which may hold more ops. */
  history(
    entity: string,
    options?: { afterSeq?: number; beforeSeq?: number; limit?: number; newestFirst?: boolean },
  ): Promise<RecordedOp[]>;
  /** The entities of a list, the newest first. Throws `PageTokenError` for a token that it did not give. */
  list(name: string, page: { size: number; token: string }): Promise<Page<string>>;
  /** The entities that `isOpen` said yes to, as far as this process has read: everything up to its last `follow`. */
  openEntities(): ReadonlyMap<string, { readonly state: State; readonly openedAt: Date }>;
  /** Reads what other processes wrote since the last time. Cheap when nothing is new. */
  follow(): Promise<void>;
  /** Calls `listener` with every op that this process writes or reads in passing, in stream order; returns the way to stop. */
  onOp(listener: (op: RecordedOp) => void): () => void;
  /** Every op of every stream in stream order, in one pass, for audits. */
  scan(): AsyncIterable<RecordedOp>;
  /** Writes a checkpoint of what was read so far. Losing one only costs reading. */
  checkpoint(): Promise<void>;
  /** Ends the loops after the flush under way. */
  close(): Promise<void>;
}

/** What the journal must know of a service's entities, all of it pure. */
export interface EntityRules {
  /** The state after a change. The journal calls it for every recorded change; a fold with it must equal the carried states. */
  evolve(
    entity: string,
    state: State | undefined,
    change: { type: string; data: Readonly<Record<string, unknown>> },
    at: Date,
  ): State | undefined;
  /** Whether something remains to be done for the entity, so that it is found again after a restart. */
  isOpen(entity: string, state: State): boolean;
  /** Entities with the same placement are in the same stream and can change together in one submission. Default: the entity itself. */
  placementOf?(entity: string): string;
}

/** The key was recorded before with another fingerprint. Nothing of this submission happened. */
export class KeyReusedError extends Error {
  readonly key: string;
  constructor(key: string) {
    super(`key ${key} is recorded with another fingerprint`);
    this.name = 'KeyReusedError';
    this.key = key;
  }
}

/** The database did not answer in time: whether the submission is recorded is unknown. Submit the same key again. */
export class JournalUnavailableError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'JournalUnavailableError';
  }
}

/** A page token that this journal did not give. */
export class PageTokenError extends Error {
  constructor() {
    super('unknown page token');
    this.name = 'PageTokenError';
  }
}
