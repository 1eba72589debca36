// Compaction for tests: by hand, step by step, without waiting for anybody, and a store whose entries are moved into segments
// as soon as they are written.

import type { Db } from 'mongodb';
import { type CompactionLimits, compactJournal, type Moved } from '../../shared/journal/compaction.ts';
import { laySegment } from '../../shared/journal/lay-segment.ts';
import { createMongoStore, journalOf } from '../../shared/journal/mongo-store.ts';
import { segmentId } from '../../shared/journal/segment.ts';
import type { JournalStore } from '../../shared/journal/store.ts';
import { switchToSegment } from '../../shared/journal/switch-segment.ts';
import { createSystemClock, type Failpoints, noFailpoints } from '../../shared/runtime/index.ts';

/** Small, so that a few entries make several segments; and nobody else reads, so that nobody is waited for. */
export const smallLimits: CompactionLimits = {
  segment: { entriesMax: 3, bytesMax: 1 << 20, keysMax: 1_000 },
  entriesMin: 1,
  graceMs: 0,
  laidMax: 4,
  restFactor: 0,
  attemptsMax: 3,
};

/** Every entry is old enough, also one of a clock that is ahead. */
export const allIsOld = -7 * 86_400_000;

const everything = { lastSeq: Number.MAX_SAFE_INTEGER, before: new Date('9999-01-01'), entriesMin: 1 };

export function createHandCompactor(db: Db, failpoints: Failpoints = noFailpoints) {
  const documents = journalOf(db);
  const clock = createSystemClock();
  return {
    /** Lays segments over all that stands alone from `firstSeq` on, at most `count`; returns their ids and where it ended. */
    async lay(stream: string, firstSeq = 1, count = Number.POSITIVE_INFINITY) {
      const ids: string[] = [];
      let nextSeq = firstSeq;
      while (ids.length < count) {
        const place = { stream, firstSeq: nextSeq };
        const lastSeq = await laySegment(documents, place, everything, smallLimits.segment, failpoints);
        if (lastSeq === undefined) break;
        ids.push(segmentId(stream, nextSeq));
        nextSeq = lastSeq + 1;
      }
      return { ids, nextSeq };
    },
    switchTo: (id: string) =>
      switchToSegment({ client: db.client, documents, clock, failpoints, attemptsMax: 1 }, id),
  };
}

/** The whole command, as a service's operator would run it, on a small journal. */
export function compactSmall(
  db: Db,
  options: { failpoints?: Failpoints; olderThanMs?: number; newestKept?: number; attemptsMax?: number } = {},
): Promise<Moved> {
  return compactJournal({
    database: db,
    clock: createSystemClock(),
    failpoints: options.failpoints ?? noFailpoints,
    olderThanMs: options.olderThanMs ?? allIsOld,
    newestKept: options.newestKept ?? 0,
    limits: { ...smallLimits, attemptsMax: options.attemptsMax ?? smallLimits.attemptsMax },
  });
}

/** A store of which each second entry of a stream goes into a segment with the one before it, before its insert is answered. */
export function createMovedStore(db: Db): JournalStore {
  const store = createMongoStore(db);
  const hand = createHandCompactor(db);
  const nextSeqs = new Map<string, number>();
  let turn: Promise<unknown> = Promise.resolve();

  async function move(stream: string, newestSeq: number): Promise<void> {
    const nextSeq = nextSeqs.get(stream) ?? 1;
    if (newestSeq < nextSeq + 1) return;
    const laid = await hand.lay(stream, nextSeq);
    for (const id of laid.ids) await hand.switchTo(id);
    nextSeqs.set(stream, laid.nextSeq);
  }

  return {
    ...store,
    async insert(entries) {
      const answers = await store.insert(entries);
      for (const [index, { stream, seq }] of entries.entries()) {
        if (answers[index] !== 'inserted') continue;
        const moving = turn.then(() => move(stream, seq)).catch(unlessDamaged);
        turn = moving.catch(() => undefined);
        await moving;
      }
      return answers;
    },
  };
}

/** Some tests lose an entry, or leave one out: such a stream is left as it is. */
function unlessDamaged(error: unknown): void {
  if (!(error instanceof Error) || !error.message.includes('is missing, so nothing is moved')) throw error;
}
