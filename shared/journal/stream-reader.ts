// Reads what the cache lacks: entries that others appended, and entities not met lately. It decides nothing.

import type { State } from './decision.ts';
import type { EntryPart } from './entry.ts';
import type { Submission } from './journal.ts';
import type { JournalLimits } from './limits.ts';
import { createSearchReach } from './search-reach.ts';
import type { JournalStore } from './store.ts';
import type { StreamCache } from './stream-cache.ts';

export interface StreamReader {
  /** The newest entry in which the entity stands, with only its ops: a majority read. `fromSeq`: it stands there or after it. */
  findNewest(entity: string, fromSeq?: number): Promise<EntryPart | undefined>;
  /** Brings the cache up to the stream's newest entry. */
  readNewer(stream: string): Promise<void>;
  /** The state of every entity that the batch names, except those likely new and not remembered. */
  load(
    batch: readonly { readonly submission: Submission; readonly likelyNew: readonly string[] }[],
  ): Promise<Map<string, State | undefined>>;
}

/** Call it only in turn with the flushes: the cache has one writer. */
export function createStreamReader(
  store: JournalStore,
  cache: StreamCache,
  limits: JournalLimits,
  streamOfEntity: (entity: string) => string,
): StreamReader {
  const searchReach = createSearchReach(limits);

  /**
   * What is read often stands in thousands of entries, and only the newest one is wanted: at or after the entry in which this
   * process saw it, or else as near to the tail as its kind was found lately. Where that finds nothing, it is looked for further
   * back, and in the end everywhere.
   */
  async function findNewest(entity: string, known?: number): Promise<EntryPart | undefined> {
    const tail = cache.tailOf(streamOfEntity(entity)) ?? 0;
    const seen = cache.entity(entity)?.seq || known;
    let reach = seen ? tail - seen : searchReach.first(entity);
    for (;;) {
      const fromSeq = Math.max(1, tail - reach);
      const newest = await store.findNewest(entity, fromSeq);
      if (newest && !seen) searchReach.found(entity, tail - newest.seq);
      if (newest || fromSeq === 1) return newest;
      reach = Math.max(1, reach) * limits.furtherBack;
    }
  }

  return {
    findNewest,

    async readNewer(stream) {
      let gapsSeen = 0;
      for (;;) {
        const fromSeq = (cache.tailOf(stream) ?? 0) + 1;
        const page = await store.read(stream, fromSeq, limits.readEntriesMax);
        for (const [index, entry] of page.entries()) {
          if (entry.seq === fromSeq + index) cache.apply(entry);
        }
        // A scan that runs beside appends may see an entry without the one before it. Reading again shows both.
        const hasGap = page.length > 0 && cache.tailOf(stream) !== page.at(-1)?.seq;
        if (hasGap && ++gapsSeen > limits.gapReadsMax) {
          throw new Error(
            `stream ${stream}: entry ${fromSeq + page.findIndex(({ seq }, index) => seq !== fromSeq + index)} is missing`,
          );
        }
        if (!hasGap && page.length < limits.readEntriesMax) return;
      }
    },

    async load(batch) {
      const states = new Map<string, State | undefined>();
      const missing = new Set<string>();
      for (const { submission, likelyNew } of batch) {
        for (const entity of submission.entities) {
          const cached = cache.entity(entity);
          if (cached) states.set(entity, cached.state);
          else if (!likelyNew.includes(entity)) missing.add(entity);
        }
      }
      const names = [...missing];
      for (let start = 0; start < names.length; start += limits.parallelReadsMax) {
        await Promise.all(
          names.slice(start, start + limits.parallelReadsMax).map(async (entity) => {
            const newest = await findNewest(entity);
            const state = newest?.ops.at(-1)?.state ?? undefined;
            cache.rememberEntity(entity, state, newest?.seq ?? 0);
            states.set(entity, state);
          }),
        );
      }
      return states;
    },
  };
}
