// A read is not one moment: what a switch deletes may vanish between its first document and its last, or between two of its
// questions. MongoDB does that when a scan yields; here it is done on purpose, at every place in turn.

import type { Collection, Document } from 'mongodb';
import { describe, expect, test } from 'vitest';
import { createMongoReads } from '../../shared/journal/mongo-reads.ts';
import { createMongoStore, journalOf } from '../../shared/journal/mongo-store.ts';
import { createSystemClock } from '../../shared/runtime/index.ts';
import { createHandCompactor } from '../support/compaction.ts';
import { add, openCounters } from '../support/counter-journal.ts';
import { databasesUnderTest } from '../support/database.ts';

type Reads = ReturnType<typeof createMongoReads>;

const entities = ['a/hot', 'a/1', 'a/twice', 'a/8', 'a/9'];
const lists = ['all', 'few'];

function slowClock() {
  let nowMs = Date.parse('2026-01-01T00:00:00Z');
  return {
    ...createSystemClock(),
    now() {
      nowMs += 7;
      return new Date(nowMs);
    },
  };
}

/**
 * The journal as scans see it in whose middle the switch happens: the `tearAt`th document that they meet is the first one
 * after it. `laid` and `moved` are the same journal before and after.
 */
function tornAt(
  tearAt: number,
  laid: Collection<Document>,
  moved: Collection<Document>,
  gone: Set<unknown>,
  direction: 1 | -1 = -1,
) {
  let seenCount = 0;
  const toArray = async (
    filter: Document,
    options: Document,
    sort: Document | undefined,
    projection: Document,
  ) => {
    const { limit, ...rest } = options;
    if (seenCount >= tearAt)
      return moved.find(filter, { ...options, ...(sort ? { sort } : {}), projection }).toArray();
    // Without an order of its own a read follows the index of its stream, or some other one.
    const inOrder = sort ?? { seq: direction };
    const all = await laid.find(filter, { ...rest, sort: inOrder, projection }).toArray();
    const seen = all.filter((document, index) => seenCount + index < tearAt || !gone.has(document['_id']));
    const given = limit === undefined ? seen : seen.slice(0, limit);
    // A question that finds nothing passes a place too.
    seenCount += Math.max(1, given.length);
    return given;
  };
  const find = (filter: Document, options: Document = {}) => {
    let [sort, projection]: [Document | undefined, Document] = [undefined, {}];
    const cursor = {
      sort(given: Document) {
        sort = given;
        return cursor;
      },
      project(given: Document) {
        projection = given;
        return cursor;
      },
      toArray: () => toArray(filter, options, sort, projection),
    };
    return cursor;
  };
  const findOne = async (filter: Document, { projection = {}, ...options }: Document) =>
    (await toArray(filter, { ...options, limit: 1 }, undefined, projection))[0] ?? null;
  return createMongoReads({ find, findOne } as unknown as Parameters<typeof createMongoReads>[0]);
}

interface Question {
  readonly name: string;
  /** What has become a part of a segment that begins before: whoever asked looks further back then. */
  readonly mayFindNothing?: boolean;
  ask(reads: Reads): Promise<unknown>;
}

const questions: readonly Question[] = [
  // From the middle of a segment on, too: what is searched first is what stands near the tail.
  ...entities.flatMap((entity) =>
    [1, 2, 3, 5, 8].map((fromSeq) => ({
      name: `newest of ${entity} from ${fromSeq}`,
      mayFindNothing: fromSeq > 1,
      ask: (reads: Reads) => reads.findNewest(entity, fromSeq),
    })),
  ),
  ...entities.flatMap((entity) =>
    [true, false].flatMap((newestFirst) =>
      [
        { limit: 3 },
        { limit: 100 },
        { limit: 3, afterSeq: 5 },
        { limit: 4, beforeSeq: 9 },
        { limit: 100, afterSeq: 4, beforeSeq: 12 },
      ].map((range) => ({
        name: `history of ${entity} ${JSON.stringify({ ...range, newestFirst })}`,
        ask: (reads: Reads) => reads.findHistory(entity, { ...range, newestFirst }),
      })),
    ),
  ),
  ...[1, 2, 5, 9].flatMap((fromSeq) =>
    [1, 4, 100].map((limit) => ({
      name: `${limit} entries from ${fromSeq}`,
      ask: (reads: Reads) => reads.read('s0', fromSeq, limit),
    })),
  ),
  ...lists.flatMap((list) =>
    [2, 5, 100].map((limit) => ({
      name: `${limit} of ${list}`,
      ask: (reads: Reads) => reads.findList(list, undefined, limit),
    })),
  ),
  ...lists.map((list) => ({
    name: `the rest of ${list}`,
    ask: async (reads: Reads) =>
      reads.findList(list, { at: new Date('2026-01-01T00:00:00.080Z'), id: 's0#6' }, 3),
  })),
];

describe.each(databasesUnderTest())(
  'reads on $name in whose middle entries become a segment',
  ({ fresh }) => {
    test('answer as if nothing had happened, wherever the middle is', async () => {
      const [before, after] = [await fresh(), await fresh()];
      const journal = await openCounters(createMongoStore(before.db), { clock: slowClock(), writer: 'w' });
      for (let i = 0; i < 14; i += 1) {
        // Twice in one segment, and not first in it.
        const alone = i === 7 || i === 8 ? 'a/twice' : `a/${(i * 3) % 10}`;
        const entity = i % 2 && i !== 7 ? 'a/hot' : alone;
        await journal.submit(add(`k${i}`, entity, 1, { lists: i % 4 ? ['all'] : ['all', 'few'] }));
      }
      await journal.close();
      const { ids } = await createHandCompactor(before.db).lay('s0', 1, 3);
      const [laid, moved] = [journalOf(before.db), journalOf(after.db)] as unknown as Collection<Document>[];
      if (!laid || !moved) throw new Error('two databases were asked for');
      await createMongoStore(after.db).prepare();
      await moved.insertMany(await laid.find().toArray());
      for (const id of ids) await createHandCompactor(after.db).switchTo(id);
      const left = new Set((await moved.find().toArray()).map(({ _id }) => String(_id)));
      const gone = new Set<unknown>(
        (await laid.find().toArray()).map(({ _id }) => String(_id)).filter((id) => !left.has(id)),
      );
      expect(gone.size).toBe(9);

      const wrong: string[] = [];
      for (const { name, ask, mayFindNothing = false } of questions) {
        const expected = JSON.stringify(await ask(createMongoReads(journalOf(before.db))));
        for (let tearAt = 0; tearAt < 20; tearAt += 1) {
          const answer = await ask(tornAt(tearAt, laid, moved, gone));
          const isRight = (given: unknown) =>
            JSON.stringify(given) === expected || (mayFindNothing && given === undefined);
          if (!isRight(answer)) wrong.push(`${name}, torn at ${tearAt}`);
          if (!name.startsWith('newest')) continue;
          const upwards = await ask(tornAt(tearAt, laid, moved, gone, 1));
          if (!isRight(upwards)) wrong.push(`${name}, upwards, torn at ${tearAt}`);
        }
      }
      expect(wrong).toEqual([]);
    }, 120_000);
  },
);
