// An entry: the unit of writing, one document, never changed. Several ops of several entities, all in one stream.

import type { Outcome, Refusal, State } from './decision.ts';
import type { RecordedKey, RecordedOp } from './journal.ts';

/** One change of one entity, with the key and the outcome of the submission that it belongs to. */
export interface EntryOp {
  readonly entity: string;
  readonly key: string;
  readonly fingerprint: string;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** Null: succeeded. */
  readonly refusal: Refusal | null;
  /** The entity's state after this op; null while nothing exists. */
  readonly state: State | null;
  readonly lists?: readonly string[];
}

export interface Entry {
  /** `stream#seq`: two writers cannot both append entry n. */
  readonly _id: string;
  readonly stream: string;
  /** 1, 2, 3 … without gaps. */
  readonly seq: number;
  /** Every key that this entry claims, under one unique index over the whole journal. The store adds the entry's place. */
  readonly keys: readonly string[];
  readonly lists?: readonly string[];
  /** `process/flush`: tells a writer whose answer was lost that the entry it finds is its own. */
  readonly writer: string;
  readonly ops: readonly EntryOp[];
  readonly at: Date;
  /** Its ops as they are stored, before packing, where somebody has made that already: it spares making it again. */
  readonly bytes?: Uint8Array;
}

/** An entry of which only some ops were read. */
export type EntryPart = Pick<Entry, 'stream' | 'seq' | 'writer' | 'at' | 'ops'>;

/**
 * To an entry that has so many ops nothing is added: one of 512 and another 51 (the largest reservation) at the most. Some 8 KiB
 * each with their states, as in an order of 50 lines, they stay well below the 16 MiB that a MongoDB document may have.
 */
export const entryOpsMax = 512;

export function entryId(stream: string, seq: number): string {
  return `${stream}#${seq}`;
}

/** The name under which a process writes its flush number so and so. */
export function writerName(process: string, flush: number): string {
  return `${process}/${flush}`;
}

export function isOf(process: string, { writer }: Pick<Entry, 'writer'>): boolean {
  return writer.startsWith(`${process}/`);
}

/** Claimed by the entry in which an entity begins, so that it begins once. */
export function firstKey(entity: string): string {
  return `first/${entity}`;
}

const succeeded: Outcome = { succeeded: true };

function outcomeOf({ refusal }: EntryOp): Outcome {
  return refusal === null ? succeeded : { succeeded: false, refusal };
}

/** What is recorded under each key of these ops, as somebody finds it later; in one pass: an entry can have hundreds of ops. */
export function recordedIn(entry: EntryPart): ReadonlyMap<string, RecordedKey> {
  const { writer, at, seq } = entry;
  const recorded = new Map<string, RecordedKey & { readonly states: Map<string, State> }>();
  for (const op of entry.ops) {
    let under = recorded.get(op.key);
    if (!under) {
      const { fingerprint } = op;
      under = { outcome: outcomeOf(op), fingerprint, writer, replayed: true, states: new Map(), at, seq };
      recorded.set(op.key, under);
    }
    if (op.state !== null) under.states.set(op.entity, op.state);
  }
  return recorded;
}

export function recordedOp(entry: EntryPart, op: EntryOp): RecordedOp {
  return {
    stream: entry.stream,
    seq: entry.seq,
    writer: entry.writer,
    at: entry.at,
    entity: op.entity,
    key: op.key,
    type: op.type,
    data: op.data,
    outcome: outcomeOf(op),
    state: op.state ?? undefined,
  };
}
