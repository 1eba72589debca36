// How far back a search begins for an entity that is not remembered. Each search costs a round trip and a little for every place
// in which it finds the entity, so the best first one goes a little further back than the entity stands. Where entities of its
// kind were found lately is the best guess: items that are sold every day stand near the tail, accounts of last year do not.
// A wrong guess costs time, never a wrong answer.

import type { JournalLimits } from './limits.ts';

export interface SearchReach {
  /** Entries before the tail that the first search goes over. */
  first(entity: string): number;
  /** To be told where a search found it, in entries before the tail. */
  found(entity: string, distance: number): void;
}

/** What was found counts as a mean of logarithms: one hot account among many cold ones would be found in thousands of entries,
 * and one cold one among hot ones must not make all of them so. The last four weigh two thirds. */
const newestWeight = 1 / 4;
/** So many times as far as that mean: among entities that are all used alike, nine in ten stand within it, in two places or so. */
const reachFactor = 4;
/** Kinds there are a few of each service. */
const kindsMax = 32;

export function createSearchReach({ nearEntries }: Pick<JournalLimits, 'nearEntries'>): SearchReach {
  /** The base-two logarithm of the distance, by kind. */
  const lately = new Map<string, number>();
  return {
    first(entity) {
      const found = lately.get(kindOf(entity));
      return found === undefined ? nearEntries : Math.max(nearEntries, Math.round(2 ** found * reachFactor));
    },
    found(entity, distance) {
      const kind = kindOf(entity);
      const logarithm = Math.log2(Math.max(1, distance));
      const before = lately.get(kind);
      if (before === undefined && lately.size >= kindsMax) return;
      lately.set(kind, before === undefined ? logarithm : before + (logarithm - before) * newestWeight);
    },
  };
}

/** `account/anna` is an account. */
function kindOf(entity: string): string {
  return entity.slice(0, entity.indexOf('/') + 1);
}
