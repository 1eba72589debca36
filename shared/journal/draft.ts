// Drafting: turns submissions into entries, in memory. It decides, and writes nothing.

import type { Decision, State } from './decision.ts';
import { type Entry, type EntryOp, entryId, entryOpsMax, firstKey } from './entry.ts';
import { opsBytes } from './entry-document.ts';
import type { EntityRules, Submission } from './journal.ts';

export interface DraftDependencies {
  readonly rules: EntityRules;
  /** What was read. Moves on as submissions are added, so that each decides on what the one before left. */
  readonly states: Map<string, State | undefined>;
  readonly writer: string;
  readonly at: Date;
  readonly nextSeqOf: (stream: string) => number;
}

/**
 * What became of a submission: it is in an entry, with this outcome; its entry is full; its key is in the entry already; or
 * an entity was taken as new without a read and the decision did not begin it, so nothing in the entry would contradict us
 * if it existed: read it and add again.
 */
export type Added = 'succeeded' | 'refused' | 'full' | 'claimed' | 'unproven';

export interface Drafter {
  /** Throws what `decide` or the rules throw; nothing of the submission is in the entry then. */
  add(submission: Submission, stream: string, likelyNew: readonly string[]): Added;
  entries(): Entry[];
}

interface DraftedOps {
  readonly ops: EntryOp[];
  /** Entities that had no state before. */
  readonly begun: string[];
}

function claimsOf({ key, provenBy, derivedNew }: Submission, begun: readonly string[]): string[] {
  const own = provenBy === 'state' ? [] : [key];
  return [...own, ...begun.filter((entity) => !derivedNew?.includes(entity)).map(firstKey)];
}

export function createDrafter({ rules, states, writer, at, nextSeqOf }: DraftDependencies): Drafter {
  const drafts = new Map<string, { ops: EntryOp[]; keys: Set<string>; lists: Set<string> }>();

  function opsOf({ key, fingerprint, entities }: Submission, { outcome, changes }: Decision): DraftedOps {
    const refusal = outcome.succeeded ? null : outcome.refusal;
    const begun: string[] = [];
    const ops: EntryOp[] = [];
    for (const { entity, type, data, lists } of changes) {
      if (!entities.includes(entity)) throw new Error(`${key} changes ${entity}, which it did not name`);
      const earlier = ops.findLast((op) => op.entity === entity);
      const before = earlier ? (earlier.state ?? undefined) : states.get(entity);
      const after = rules.evolve(entity, before, { type, data }, at);
      if (before === undefined && after !== undefined) begun.push(entity);
      const op = { entity, key, fingerprint, type, data, refusal, state: after ?? null };
      ops.push(lists ? { ...op, lists } : op);
    }
    return { ops, begun };
  }

  return {
    add(submission, stream, likelyNew) {
      const draft = drafts.get(stream) ?? { ops: [], keys: new Set<string>(), lists: new Set<string>() };
      if (draft.ops.length >= entryOpsMax) return 'full';
      // The unique index sees a document's keys as a set: twice in one entry would be twice.
      if (draft.keys.has(submission.key)) return 'claimed';
      const before = submission.entities.map((entity) => states.get(entity));
      const decision = submission.decide(before, at);
      const { ops, begun } = opsOf(submission, decision);
      if (likelyNew.some((entity) => !states.has(entity) && !begun.includes(entity))) return 'unproven';
      for (const op of ops) {
        states.set(op.entity, op.state ?? undefined);
        for (const list of op.lists ?? []) draft.lists.add(list);
      }
      draft.ops.push(...ops);
      for (const key of claimsOf(submission, begun)) draft.keys.add(key);
      drafts.set(stream, draft);
      return decision.outcome.succeeded ? 'succeeded' : 'refused';
    },
    entries: () =>
      [...drafts].map(([stream, { ops, keys, lists }]) => {
        const seq = nextSeqOf(stream);
        const listed = lists.size > 0 ? { lists: [...lists] } : {};
        const bytes = opsBytes(ops);
        return { _id: entryId(stream, seq), stream, seq, keys: [...keys], ...listed, writer, ops, at, bytes };
      }),
  };
}
