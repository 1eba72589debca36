// Compaction's contract, on every database: whoever reads or writes the journal cannot tell whether its entries stand alone or
// in segments, whatever stage the moving is in. What it leaves when it dies: test/crash/compaction.test.ts.

import { describe, expect, test } from 'vitest';
import { countEntries, KeyReusedError } from '../../shared/journal/index.ts';
import { createMongoStore, journalOf } from '../../shared/journal/mongo-store.ts';
import type { JournalStore } from '../../shared/journal/store.ts';
import { createSystemClock } from '../../shared/runtime/index.ts';
import { compactSmall, createHandCompactor } from '../support/compaction.ts';
import { add, openCounters } from '../support/counter-journal.ts';
import { databasesUnderTest, type FreshDatabase } from '../support/database.ts';
import { type Asked, wholeJournal } from '../support/whole-journal.ts';

const streams = ['s0', 's1', 's2'];
const hot = ['a/hot', 'b/hot'];

/** Instants as several machines give them: they stand still, go on, and go back. */
function skewedClock() {
  const stepsMs = [0, 7, 0, -40, 3, 60_000, -2_000, 0, 1];
  let nowMs = Date.parse('2026-01-01T00:00:00Z');
  let count = 0;
  return {
    ...createSystemClock(),
    now() {
      count += 1;
      nowMs += stepsMs[count % stepsMs.length] ?? 0;
      return new Date(nowMs);
    },
  };
}

/** Some sixty entries in three streams, alone and in company, refusals, lists, and entities that everybody touches. */
async function fill(store: JournalStore, round: string): Promise<Asked> {
  const journal = await openCounters(store, { streamCount: streams.length, clock: skewedClock() });
  const keys: string[] = [];
  const submit = (key: string, entity: string, by: number, options = {}) => {
    keys.push(`${round}/${key}`);
    return journal.submit(add(`${round}/${key}`, entity, by, options));
  };
  for (let i = 0; i < 12; i += 1) {
    await submit(`hot${i}`, hot[i % 2] ?? '', 1);
    await submit(`new${i}`, `a/${round}${i}`, i % 3 === 0 ? -1 : 1, {
      lists: i % 2 ? ['all'] : ['all', 'few'],
    });
    if (i % 4 === 0) await submit(`refused${i}`, 'a/hot', 1, { max: 0 });
  }
  await Promise.all(
    Array.from({ length: 10 }, (_, i) => submit(`crowd${i}`, `a/crowd${round}${i}`, 1, { lists: ['all'] })),
  );
  await Promise.all(Array.from({ length: 5 }, (_, i) => submit(`hotter${i}`, 'a/hot', 1)));
  await journal.checkpoint();
  await journal.close();
  const entities = [...hot, `a/${round}0`, `a/${round}1`, `a/crowd${round}3`, 'a/nobody'];
  return { keys: [...keys, 'unknown'], entities, lists: ['all', 'few', 'none'], streams };
}

function merged(a: Asked, b: Asked): Asked {
  return { ...a, keys: [...a.keys, ...b.keys], entities: [...new Set([...a.entities, ...b.entities])] };
}

const segmentCount = ({ db }: FreshDatabase) => journalOf(db).countDocuments({ lastSeq: { $exists: true } });
const aloneCount = ({ db }: FreshDatabase) => journalOf(db).countDocuments({ lastSeq: { $exists: false } });

describe.each(databasesUnderTest())('compaction on $name', ({ fresh }) => {
  test('of a journal without entries nothing is counted', async () => {
    const { db } = await fresh();
    expect(await countEntries(db)).toBe(0);
    await (await openCounters(createMongoStore(db), { streamCount: 2 })).close();
    expect(await countEntries(db)).toBe(0);
  });

  test('cannot be seen: laid, half moved, moved, and moved again after more was written', async () => {
    const database = await fresh();
    const store = createMongoStore(database.db);
    let asked = await fill(store, 'first');
    const before = await wholeJournal(store, asked);
    const again = () => wholeJournal(createMongoStore(database.db), asked);
    const entryCount = await aloneCount(database);
    expect(await countEntries(database.db)).toBe(entryCount);

    const hand = createHandCompactor(database.db);
    const laid = new Map<string, string[]>();
    for (const stream of streams) laid.set(stream, (await hand.lay(stream)).ids);
    expect(await segmentCount(database)).toBeGreaterThan(9);
    expect(await again()).toEqual(before);

    for (const ids of laid.values()) {
      for (const id of ids.slice(0, Math.ceil(ids.length / 2))) await hand.switchTo(id);
    }
    expect(await aloneCount(database)).toBeGreaterThan(10);
    expect(await again()).toEqual(before);
    expect(await countEntries(database.db)).toBe(entryCount);

    for (const ids of laid.values()) for (const id of ids) await hand.switchTo(id);
    expect(await aloneCount(database)).toBe(0);
    expect(await again()).toEqual(before);
    expect(await countEntries(database.db)).toBe(entryCount);

    asked = merged(asked, await fill(store, 'second'));
    const after = await again();
    await compactSmall(database.db);
    expect(await aloneCount(database)).toBe(0);
    expect(await again()).toEqual(after);
    await database.db.collection('checkpoints').deleteMany({});
    expect(await again()).toEqual(after);
  }, 120_000);

  test('in the middle of a switch every answer is that of before, and every old key and place is taken', async () => {
    const database = await fresh();
    const store = createMongoStore(database.db);
    const asked = await fill(store, 'first');
    const before = await wholeJournal(store, asked);
    const seen: unknown[] = [];
    const first = await store.read('s0', 1, 1);
    const oldKey = first[0]?.keys[0] ?? '';
    const look = async () => {
      seen.push(await store.insert([entryAt('s0', 1_000, oldKey), entryAt('s0', 1, 'new')]));
      expect(await wholeJournal(createMongoStore(database.db), asked)).toEqual(before);
    };
    const places = new Set([
      'compaction.after_delete',
      'compaction.before_commit',
      'compaction.after_commit',
    ]);
    const failpoints = {
      async reach(name: string) {
        if (places.delete(name)) await look();
      },
    };
    const hand = createHandCompactor(database.db, failpoints);
    const { ids } = await hand.lay('s0', 1, 1);
    for (const id of ids) await hand.switchTo(id);
    await look();
    expect(seen).toEqual(Array.from({ length: 4 }, () => ['duplicate', 'duplicate']));
  }, 120_000);

  test('a process that slept while its tail became a segment loses its race, reads on, and decides on what is new', async () => {
    const { db } = await fresh();
    let lost = 0;
    const store = createMongoStore(db);
    const sleeper = await openCounters(
      {
        ...store,
        async insert(entries) {
          const answers = await store.insert(entries);
          lost += answers.filter((answer) => answer === 'duplicate').length;
          return answers;
        },
      },
      { limits: { lookUpDurationMs: 0 } },
    );
    await sleeper.submit(add('k1', 'a/x', 1));
    const other = await openCounters(store);
    for (const i of [2, 3, 4, 5, 6, 7]) await other.submit(add(`k${i}`, 'a/x', 1));
    await other.checkpoint();
    await compactSmall(db);

    const woken = await sleeper.submit(add('k8', 'a/x', 100, { max: 106 }));
    expect(woken.outcome).toMatchObject({ succeeded: false, refusal: { message: '107 is above 106' } });
    expect(lost).toBe(1);
    const ops = await Array.fromAsync(other.scan());
    expect(ops.map(({ seq, key }) => `${seq} ${key}`)).toEqual([
      '1 k1',
      '2 k2',
      '3 k3',
      '4 k4',
      '5 k5',
      '6 k6',
      '7 k7',
      '8 k8',
    ]);
    await Promise.all([sleeper.close(), other.close()]);
  });

  test('keeps the places of entries that were written before places were claimed', async () => {
    const { db } = await fresh();
    const store = createMongoStore(db);
    const writer = await openCounters(store);
    for (const i of [1, 2, 3]) await writer.submit(add(`k${i}`, 'a/x', 1));
    await writer.checkpoint();
    await writer.close();
    await journalOf(db).updateMany({}, { $pull: { keys: { $regex: '^at/' } as never } });
    await compactSmall(db);
    expect(await store.insert([1, 2, 3, 4].map((seq) => entryAt('s0', seq, `late${seq}`)))).toEqual([
      'duplicate',
      'duplicate',
      'duplicate',
      'inserted',
    ]);
  });

  test('a request is replayed, and refused with another message, after its entry has moved', async () => {
    const { db } = await fresh();
    const journal = await openCounters(createMongoStore(db));
    await journal.submit(add('k1', 'a/x', 5));
    await journal.submit(add('k2', 'a/x', 10));
    await journal.submit(add('k-last', 'a/y', 1));
    await journal.checkpoint();
    await journal.close();
    await compactSmall(db);
    // Remembers the last entry, which is neither.
    const limits = { lookUpDurationMs: 0, nearEntries: 1 };
    const later = await openCounters(createMongoStore(db), { limits });
    const again = await later.submit(add('k1', 'a/x', 5));
    expect([again.replayed, again.states.get('a/x')]).toEqual([true, { count: 5 }]);
    await expect(later.submit(add('k2', 'a/x', 10, { fingerprint: '1:other' }))).rejects.toThrow(
      KeyReusedError,
    );
    // An entity begins once, also where only a guess says that it is new.
    await later.submit({ ...add('k3', 'a/x', 1), likelyNew: ['a/x'] });
    expect(await later.readState('a/x')).toEqual({ count: 16 });
    await later.close();
  });

  test('several at once move each entry once, beside writers that lose nothing', async () => {
    const database = await fresh();
    const { db } = database;
    const asked = await fill(createMongoStore(db), 'first');
    const before = await wholeJournal(createMongoStore(db), asked);
    const writer = await openCounters(createMongoStore(db), { limits: { lookUpDurationMs: 0 } });
    const moved = Promise.all([compactSmall(db), compactSmall(db), compactSmall(db)]);
    const written = Promise.all(
      Array.from({ length: 60 }, async (_, i) => {
        await writer.submit(add(`beside${i}`, 'a/beside', 1));
        await writer.submit(add(asked.keys[i % 20] ?? '', 'a/beside', 1, { fingerprint: '' }));
      }),
    );
    const total = (await moved).reduce((sum, { entryCount }) => sum + entryCount, 0);
    await written;
    expect(await writer.readState('a/beside')).toEqual({ count: 60 });
    await writer.close();
    const alone = await aloneCount(database);
    const places = (before['everything'] as { stream: string; seq: number }[]).map(
      ({ stream, seq }) => `${stream}#${seq}`,
    );
    expect(total).toBe(new Set(places).size);
    const journal = await openCounters(createMongoStore(db));
    const ops = await Array.fromAsync(journal.scan());
    await journal.close();
    expect(ops.filter(({ entity }) => entity !== 'a/beside')).toEqual(before['everything']);
    expect(ops.filter(({ entity }) => entity === 'a/beside')).toHaveLength(60);
    expect(alone).toBeGreaterThan(0);
  }, 120_000);

  test('deletes nothing when a segment does not hold its entries to the byte', async () => {
    const database = await fresh();
    const { db } = database;
    const store = createMongoStore(db);
    const asked = await fill(store, 'first');
    const before = await wholeJournal(store, asked);
    const hand = createHandCompactor(db);
    const [first, second] = (await hand.lay('s0', 1, 2)).ids;
    const documents = journalOf(db);
    const other = await documents.findOne({ _id: second ?? '' });
    const count = await aloneCount(database);
    await documents.updateOne(
      { _id: first ?? '' },
      { $set: { packed: (other as { packed?: Uint8Array }).packed ?? Buffer.of() } },
    );
    await expect(hand.switchTo(first ?? '')).rejects.toThrow('does not hold the entries 1 to 3');
    await expect(compactSmall(db)).rejects.toThrow('nothing is deleted');
    expect(await aloneCount(database)).toBe(count);
    await documents.deleteMany({ lastSeq: { $exists: true } });
    expect(await wholeJournal(store, asked)).toEqual(before);
  });

  test('moves nothing that is young, among the newest, after the checkpoint, or moved already', async () => {
    const database = await fresh();
    const { db } = database;
    const journal = await openCounters(createMongoStore(db), { limits: { checkpointEveryMs: 3_600_000 } });
    for (let i = 1; i <= 9; i += 1) await journal.submit(add(`k${i}`, 'a/x', 1));
    expect((await compactSmall(db)).entryCount).toBe(0);
    await journal.checkpoint();
    await journal.submit(add('k10', 'a/x', 1));
    expect((await compactSmall(db, { olderThanMs: 3_600_000 })).entryCount).toBe(0);
    expect(await compactSmall(db, { newestKept: 5 })).toMatchObject({ entryCount: 4, segmentCount: 2 });
    expect((await compactSmall(db, { newestKept: 5 })).entryCount).toBe(0);
    expect(await compactSmall(db)).toMatchObject({ entryCount: 5, segmentCount: 2 });
    expect((await compactSmall(db)).entryCount).toBe(0);
    expect(await aloneCount(database)).toBe(1);
    await journal.close();
  });

  test('says so where there is no journal', async () => {
    const { db, databaseName } = await fresh();
    await expect(compactSmall(db)).rejects.toThrow(`There is no journal in database "${databaseName}".`);
  });
});

function entryAt(stream: string, seq: number, key: string) {
  return {
    _id: `${stream}#${seq}`,
    stream,
    seq,
    keys: [key],
    writer: 'w/1',
    ops: [],
    at: new Date('2026-01-01T00:00:00Z'),
  };
}
