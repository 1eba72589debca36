// Drafting a batch: which submissions of a flush go into which entry, with what may follow them. It writes nothing.

import type { Clock } from '../runtime/index.ts';
import type { State } from './decision.ts';
import { createDrafter, type Drafter } from './draft.ts';
import { type Entry, writerName } from './entry.ts';
import type { EntityRules, Submission } from './journal.ts';
import type { StreamCache } from './stream-cache.ts';
import type { UnderWay } from './under-way.ts';
import type { Waiting } from './waiting.ts';

/** A submission whose decision threw. */
export interface Fault {
  readonly waiting: Waiting;
  readonly error: Error;
}

export interface Draft {
  readonly entry: Entry;
  readonly included: Waiting[];
}

export interface BatchDrafter {
  /** Entries for the batch. What must be read first is in none of them and goes back. */
  draft(
    batch: readonly Waiting[],
    states: Map<string, State | undefined>,
  ): { drafts: Draft[]; faults: Fault[] };
}

/** Whoever lost a race is written by itself: what follows it may be why. */
function followersOf({ submission, contested }: Waiting): readonly Submission[] {
  return contested ? [] : (submission.followedBy ?? []);
}

const nothingNew: readonly string[] = [];

/** What must be loaded for a waiting submission and for what follows it. */
export function withFollowers(
  waiting: Waiting,
): { readonly submission: Submission; readonly likelyNew: readonly string[] }[] {
  // The first one's new entities are not read for those that follow it either.
  const { likelyNew } = waiting;
  return [waiting, ...followersOf(waiting).map((submission) => ({ submission, likelyNew }))];
}

export function createBatchDrafter(
  deps: {
    readonly cache: StreamCache;
    readonly rules: EntityRules;
    readonly streamOfEntity: (entity: string) => string;
    readonly writer: string;
    readonly clock: Clock;
  },
  underWay: Pick<UnderWay, 'has'>,
): BatchDrafter {
  const { cache, rules, streamOfEntity, clock } = deps;
  let flushCount = 0;

  function addFollowers(drafter: Drafter, waiting: Waiting): void {
    for (const follower of followersOf(waiting)) {
      const { key, entities } = follower;
      const isElsewhere = entities.some((entity) => streamOfEntity(entity) !== waiting.stream);
      // Known or on its own way here: there it gets its answer.
      if (isElsewhere || cache.hasKey(key) || underWay.has(key)) return;
      try {
        if (drafter.add(follower, waiting.stream, nothingNew) !== 'succeeded') return;
      } catch {
        // Decided again when it is submitted by itself, and reported then.
        return;
      }
    }
  }

  return {
    draft(batch, states) {
      flushCount += 1;
      const writer = writerName(deps.writer, flushCount);
      const faults: Fault[] = [];
      const drafter = createDrafter({
        rules,
        states,
        writer,
        at: clock.now(),
        nextSeqOf: (stream) => (cache.tailOf(stream) ?? 0) + 1,
      });
      for (const waiting of batch) {
        try {
          const added = drafter.add(waiting.submission, waiting.stream, waiting.likelyNew);
          if (added === 'succeeded' || added === 'refused') waiting.writers.push(writer);
          if (added === 'unproven') waiting.likelyNew = [];
          if (added === 'succeeded') addFollowers(drafter, waiting);
        } catch (error) {
          faults.push({ waiting, error: error instanceof Error ? error : new Error(String(error)) });
        }
      }
      const drafted = batch.filter(({ writers }) => writers.includes(writer));
      const drafts = drafter.entries().map((entry) => ({
        entry,
        included: drafted.filter(({ stream }) => stream === entry.stream),
      }));
      return { drafts, faults };
    },
  };
}
