// How far back a search begins for an entity that is not remembered. Each search costs a round trip and a little for every place
// in which it finds the entity, so the best first one goes a little further back than the entity stands. Where entities of its
// kind were found lately is the best guess: items that are sold every day stand near the tail, accounts of last year do not.
// A wrong guess costs time, never a wrong answer.

import type { JournalLimits } from './limits.ts';

export interface SearchReach {
  /** Entries before the tail that the first search goes over: `nearEntries`, and at the most `firstReachMax`. */
  first(entity: string): number;
  /** To be told where a search found it, in entries before the tail. */
  found(entity: string, distance: number): void;
}

/** As TCP guesses how long an answer takes (RFC 6298), from a mean and a mean deviation, in logarithms: one cold account among hot
 * ones must not make the searches for all of them a thousand times as long. The last eight weigh two thirds. */
const newestWeight = 1 / 8;
/** Beyond the mean, in deviations: of what is used evenly nineteen in twenty stand within it. */
const deviations = 2;
/** Of the first one that is found, and at the least, because the tail goes on meanwhile: 4 and 1.4 times as far as it stood. */
const deviationFirst = 1;
const deviationMin = 1 / 4;
/** A busy one that is not remembered stands in every entry, and is found in so many places then: some 75 ms of the embedded
 * database's. What stands further back costs one search more. */
export const firstReachMax = 1 << 14;
/** Kinds there are a few of each service. */
const kindsMax = 32;

/** Base-two logarithms of distances. */
interface Found {
  readonly mean: number;
  readonly deviation: number;
}

export function createSearchReach({ nearEntries }: Pick<JournalLimits, 'nearEntries'>): SearchReach {
  const lately = new Map<string, Found>();
  return {
    first(entity) {
      const found = lately.get(kindOf(entity));
      if (!found) return nearEntries;
      const reach = 2 ** (found.mean + deviations * Math.max(deviationMin, found.deviation));
      return Math.max(nearEntries, Math.min(firstReachMax, Math.round(reach)));
    },
    found(entity, distance) {
      const kind = kindOf(entity);
      const before = lately.get(kind);
      if (!before && lately.size >= kindsMax) return;
      const logarithm = Math.log2(Math.max(1, distance));
      const { mean, deviation } = before ?? { mean: logarithm, deviation: deviationFirst };
      const off = logarithm - mean;
      lately.set(kind, {
        mean: mean + off * newestWeight,
        deviation: before ? deviation + (Math.abs(off) - deviation) * newestWeight : deviation,
      });
    },
  };
}

/** `account/anna` is an account. */
function kindOf(entity: string): string {
  return entity.slice(0, entity.indexOf('/') + 1);
}
