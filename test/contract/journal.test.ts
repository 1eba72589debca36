// The journal's contract, on every store: each database that this machine has, and memory. What it does when answers are lost: journal-faults.test.ts.

import { describe, expect, test } from 'vitest';
import { createFold, KeyReusedError, PageTokenError, type Submission } from '../../shared/journal/index.ts';
import { createMongoStore } from '../../shared/journal/mongo-store.ts';
import { add, counterRules, openCounters } from '../support/counter-journal.ts';
import { databasesUnderTest } from '../support/database.ts';
import { movedStoresUnderTest, storesUnderTest } from '../support/stores.ts';

describe.each([...storesUnderTest(), ...movedStoresUnderTest()])('the journal on $name', ({ fresh }) => {
  const freshStore = async () => (await fresh()).store;

  test('records a key once and replays its outcome and the state of that moment', async () => {
    const journal = await openCounters(await freshStore());
    const first = await journal.submit(add('k1', 'a/x', 5));
    await journal.submit(add('k2', 'a/x', 10));
    const again = await journal.submit(add('k1', 'a/x', 5));
    expect(first).toMatchObject({ outcome: { succeeded: true }, replayed: false });
    expect(again).toMatchObject({ outcome: { succeeded: true }, replayed: true });
    expect(again.states.get('a/x')).toEqual({ count: 5 });
    expect(await journal.readState('a/x')).toEqual({ count: 15 });
    await journal.close();
  });

  test('replays across processes and restarts, to which the key is new', async () => {
    const store = await freshStore();
    const before = await openCounters(store);
    await before.submit(add('k1', 'a/x', 5));
    await before.close();
    const after = await openCounters(store, { limits: { lookUpDurationMs: 0 } });
    const again = await after.submit(add('k1', 'a/x', 5));
    expect(again.replayed).toBe(true);
    expect(again.states.get('a/x')).toEqual({ count: 5 });
    expect(await after.readState('a/x')).toEqual({ count: 5 });
    await after.close();
  });

  test('finds the newest state of what stands near the tail and far from it, seen before and never', async () => {
    const store = await freshStore();
    const limits = { nearEntries: 1, furtherBack: 2 };
    const seen = await openCounters(store, { limits });
    for (const [index, entity] of ['a/far', 'a/x', 'a/near', 'a/x'].entries()) {
      await seen.submit(add(`k${index}`, entity, 5));
    }
    const fresh = await openCounters(store, { limits });
    await fresh.submit(add('k9', 'a/x', 7));
    for (const journal of [seen, fresh]) {
      expect(await journal.readState('a/far')).toEqual({ count: 5 });
      expect(await journal.readState('a/near')).toEqual({ count: 5 });
      expect(await journal.readState('a/x')).toEqual({ count: 17 });
      expect(await journal.readState('a/never')).toBeUndefined();
      await journal.close();
    }
  });

  test('finds the newest state from where an entity is known to stand, also where that was guessed too late', async () => {
    const store = await freshStore();
    const before = await openCounters(store);
    const { seq } = await before.submit(add('k1', 'a/x', 1));
    await before.submit(add('k2', 'a/x', 1));
    for (let number = 0; number < 30; number += 1) await before.submit(add(`y${number}`, 'a/y', 1));
    await before.close();
    const after = await openCounters(store, { limits: { nearEntries: 2 } });
    expect(seq).toBe(1);
    expect(await after.readState('a/x', seq)).toEqual({ count: 2 });
    expect(await after.readState('a/x', 20)).toEqual({ count: 2 });
    await after.close();
  });

  test('a start remembers what stands shortly before its checkpoint, and asks only for what stands further back', async () => {
    const store = await freshStore();
    const before = await openCounters(store);
    for (const [index, entity] of ['a/far', 'a/x', 'a/near', 'a/x'].entries()) {
      await before.submit(add(`k${index}`, entity, 5));
    }
    await before.checkpoint();
    await before.close();
    const asked: string[] = [];
    const findNewest: typeof store.findNewest = (entity, fromSeq) => {
      asked.push(entity);
      return store.findNewest(entity, fromSeq);
    };
    const after = await openCounters({ ...store, findNewest }, { limits: { nearEntries: 3 } });
    for (const [index, entity] of ['a/x', 'a/near', 'a/far'].entries()) {
      const { states } = await after.submit(add(`after${index}`, entity, 1));
      expect(states.get(entity)).toEqual({ count: entity === 'a/x' ? 11 : 6 });
    }
    expect(new Set(asked)).toEqual(new Set(['a/far']));
    await after.close();
  });

  test('a start whose reading lacks an entry before its checkpoint remembers nothing of it, and decides right', async () => {
    const store = await freshStore();
    const before = await openCounters(store);
    for (const [index, entity] of ['a/x', 'a/x', 'a/y'].entries())
      await before.submit(add(`k${index}`, entity, 5));
    await before.close();
    const read: typeof store.read = async (...range) =>
      (await store.read(...range)).filter(({ seq }) => seq !== 2);
    const after = await openCounters({ ...store, read });
    const { states } = await after.submit(add('after', 'a/x', 1));
    expect(states.get('a/x')).toEqual({ count: 11 });
    await after.close();
  });

  test('refuses a key that is recorded with another fingerprint, and nothing of it happens', async () => {
    const journal = await openCounters(await freshStore());
    await journal.submit(add('k1', 'a/x', 5));
    await expect(journal.submit(add('k1', 'a/x', 7, { fingerprint: '1:other' }))).rejects.toThrow(
      KeyReusedError,
    );
    expect(await journal.readState('a/x')).toEqual({ count: 5 });
    await journal.close();
  });

  test('of two messages under one key at the same moment one is recorded and the other is refused', async () => {
    const journal = await openCounters(await freshStore());
    const answers = await Promise.allSettled([
      journal.submit(add('k1', 'a/x', 5)),
      journal.submit(add('k1', 'a/x', 7, { fingerprint: '1:other' })),
    ]);
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(await journal.readState('a/x')).toEqual({ count: 5 });
    await journal.close();
  });

  test('records a refusal like a success, and replays the same one after the reason has gone', async () => {
    const journal = await openCounters(await freshStore());
    const refused = await journal.submit(add('k1', 'a/x', 5, { max: 4 }));
    await journal.submit(add('k2', 'a/x', -10));
    const again = await journal.submit(add('k1', 'a/x', 5, { max: 4 }));
    const outcome = {
      succeeded: false,
      refusal: { reason: 'TOO_MANY', message: '5 is above 4', metadata: { max: '4' } },
    };
    expect(refused.outcome).toEqual(outcome);
    expect(again.outcome).toEqual(outcome);
    expect(await journal.readState('a/x')).toEqual({ count: -10 });
    await journal.close();
  });

  test('the service’s own commands, without a fingerprint, get whatever is recorded under their key', async () => {
    const journal = await openCounters(await freshStore());
    await journal.submit(add('k1', 'a/x', 5));
    const again = await journal.submit(add('k1', 'a/x', 9, { fingerprint: '' }));
    expect(again.states.get('a/x')).toEqual({ count: 5 });
    await journal.close();
  });

  test('500 submissions of one key through two processes have one effect and one first answer', async () => {
    const store = await freshStore();
    const journals = [await openCounters(store), await openCounters(store)];
    const answers = await Promise.all(
      Array.from({ length: 500 }, (_, i) => journals[i % 2]?.submit(add('k1', 'a/x', 5))),
    );
    expect(answers.filter((answer) => answer?.replayed === false)).toHaveLength(1);
    expect(new Set(answers.map((answer) => JSON.stringify(answer?.states.get('a/x'))))).toEqual(
      new Set(['{"count":5}']),
    );
    expect(await journals[0]?.readState('a/x')).toEqual({ count: 5 });
    await Promise.all(journals.map((journal) => journal.close()));
  });

  test.each([1, 4])(
    'two processes writing the same entities in %i streams lose no update',
    async (streamCount) => {
      const store = await freshStore();
      const journals = [
        await openCounters(store, { streamCount }),
        await openCounters(store, { streamCount }),
      ];
      await Promise.all(
        Array.from({ length: 1_000 }, (_, i) => journals[i % 2]?.submit(add(`k${i}`, `a/${i % 7}`, 1))),
      );
      const counts = await Promise.all(
        Array.from({ length: 7 }, async (_, i) => (await journals[0]?.readState(`a/${i}`))?.['count']),
      );
      expect(counts).toEqual([143, 143, 143, 143, 143, 143, 142]);

      const fold = createFold(counterRules);
      const unequal: string[] = [];
      for await (const op of journals[1]?.scan() ?? []) if (!fold.take(op).equal) unequal.push(op.key);
      expect(unequal).toEqual([]);
      await Promise.all(journals.map((journal) => journal.close()));
    },
  );

  test('a limit is never overrun by decisions taken at once', async () => {
    const store = await freshStore();
    const journals = [await openCounters(store), await openCounters(store)];
    const answers = await Promise.all(
      Array.from({ length: 300 }, (_, i) => journals[i % 2]?.submit(add(`k${i}`, 'a/x', 1, { max: 100 }))),
    );
    expect(answers.filter((answer) => answer?.outcome.succeeded)).toHaveLength(100);
    expect(await journals[0]?.readState('a/x')).toEqual({ count: 100 });
    await Promise.all(journals.map((journal) => journal.close()));
  });

  test('entities placed together change together, and replay together', async () => {
    const journal = await openCounters(await freshStore(), { streamCount: 4 });
    const both = {
      key: 'k1',
      fingerprint: '1:same',
      entities: ['a/x', 'b/x'],
      decide: () => ({
        outcome: { succeeded: true as const },
        changes: [
          { entity: 'a/x', type: 'added', data: { by: -3 } },
          { entity: 'b/x', type: 'added', data: { by: 3 } },
        ] as const,
      }),
    };
    await journal.submit(both);
    const again = await journal.submit(both);
    expect([...again.states]).toEqual([
      ['a/x', { count: -3 }],
      ['b/x', { count: 3 }],
    ]);
    await journal.close();
  });

  test('refuses a submission whose entities are in different streams', async () => {
    const journal = await openCounters(await freshStore(), { streamCount: 64 });
    const names = Array.from({ length: 20 }, (_, i) => `a/${i}`);
    await expect(journal.submit({ ...add('k1', 'a/0', 1), entities: names })).rejects.toThrow(/one stream/);
    await journal.close();
  });

  test('a wrong guess that an entity is new costs a read, never a wrong decision', async () => {
    const store = await freshStore();
    const other = await openCounters(store);
    await other.submit(add('k1', 'a/x', 90));
    await other.submit(add('k1-after', 'a/y', 1));
    await other.close();
    // Remembers the last entry, which is not the one.
    const journal = await openCounters(store, { limits: { nearEntries: 1 } });
    const guess = { ...add('k2', 'a/x', 20, { max: 100 }), likelyNew: ['a/x'] };
    expect((await journal.submit(guess)).outcome.succeeded).toBe(false);
    expect(await journal.readState('a/x')).toEqual({ count: 90 });
    await journal.close();
  });

  test('a wrong guess that an entity is new is not believed when nothing in the entry would contradict it', async () => {
    const store = await freshStore();
    const other = await openCounters(store);
    await other.submit(add('k1', 'a/x', 90));
    await other.submit(add('k1-after', 'a/y', 1));
    await other.close();
    // Remembers the last entry, which is not the one.
    const journal = await openCounters(store, { limits: { nearEntries: 1 } });
    // Of a new counter it would be refused, and a refusal begins nothing.
    const atLeastOne: Submission = {
      ...add('k2', 'a/x', 1),
      likelyNew: ['a/x'],
      decide: ([state], at) => add('k2', 'a/x', 1, state ? {} : { max: 0 }).decide([state], at),
    };
    expect((await journal.submit(atLeastOne)).outcome.succeeded).toBe(true);
    expect(await journal.readState('a/x')).toEqual({ count: 91 });
    await journal.close();
  });

  test('a decision that throws takes nobody along', async () => {
    const journal = await openCounters(await freshStore());
    const answers = await Promise.allSettled([
      journal.submit(add('k1', 'a/x', 1)),
      journal.submit({
        ...add('k2', 'a/x', 1),
        decide() {
          throw new Error('a bug');
        },
      }),
      journal.submit(add('k3', 'a/x', 1)),
    ]);
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await journal.readState('a/x')).toEqual({ count: 2 });
    expect((await journal.submit(add('k2', 'a/x', 1))).replayed).toBe(false);
    await journal.close();
  });

  test('a decision that throws on an old state is taken again on the newest one', async () => {
    const store = await freshStore();
    const other = await openCounters(store);
    const journal = await openCounters(store, { limits: { lookUpDurationMs: 0 } });
    await journal.submit(add('k1', 'a/x', 1));
    await other.submit(add('k2', 'a/x', 5));
    const recorded = await journal.submit({
      ...add('k3', 'a/x', 0),
      decide([state]) {
        // As a domain does that knows, from a key, that k2 came before.
        if (state?.['count'] !== 6) throw new Error('k2 is missing');
        return {
          outcome: { succeeded: true },
          changes: [{ entity: 'a/x', type: 'added', data: { by: 10 } }],
        };
      },
    });
    expect(recorded.states.get('a/x')).toEqual({ count: 16 });
    await Promise.all([journal.close(), other.close()]);
  });

  test('reads a key, an entity’s history both ways and in parts, and everything', async () => {
    const journal = await openCounters(await freshStore(), { writer: 'w' });
    for (const [key, entity, by] of [
      ['k1', 'a/x', 1],
      ['k2', 'a/y', 2],
      ['k3', 'a/x', 3],
      ['k4', 'a/x', 4],
    ] as const) {
      await journal.submit(add(key, entity, by));
    }
    expect(await journal.readKey('k3')).toMatchObject({
      fingerprint: '1:same',
      replayed: true,
      writer: 'w/3',
    });
    expect(await journal.readKey('k9')).toBeUndefined();
    const keys = (ops: readonly { key: string }[]) => ops.map(({ key }) => key);
    expect(keys(await journal.history('a/x'))).toEqual(['k1', 'k3', 'k4']);
    expect(keys(await journal.history('a/x', { newestFirst: true, limit: 2 }))).toEqual(['k4', 'k3']);
    expect(keys(await journal.history('a/x', { newestFirst: true, beforeSeq: 4 }))).toEqual(['k3', 'k1']);
    expect(keys(await journal.history('a/x', { afterSeq: 1 }))).toEqual(['k3', 'k4']);
    expect(keys(await Array.fromAsync(journal.scan()))).toEqual(['k1', 'k2', 'k3', 'k4']);
    await journal.close();
  });

  test('lists what joined, the newest first, by page, also where one entry holds several members', async () => {
    const journal = await openCounters(await freshStore());
    const join = (i: number) => journal.submit(add(`k${i}`, `a/${i}`, 1, { lists: ['all'] }));
    await Promise.all([0, 1, 2].map(join));
    await Promise.all([3, 4, 5, 6].map(join));
    await journal.submit(add('again', 'a/3', 1, { lists: ['all'] }));
    const seen: string[] = [];
    let token = '';
    for (let pages = 0; pages < 10; pages += 1) {
      const page = await journal.list('all', { size: 2, token });
      seen.push(...page.items);
      if (page.nextPageToken === undefined) break;
      token = page.nextPageToken;
    }
    expect(seen.toSorted()).toEqual(['a/0', 'a/1', 'a/2', 'a/3', 'a/4', 'a/5', 'a/6']);
    expect(new Set(seen.slice(-3))).toEqual(new Set(['a/0', 'a/1', 'a/2']));
    expect((await journal.list('none', { size: 2, token: '' })).items).toEqual([]);
    await expect(journal.list('all', { size: 2, token: 'made-up' })).rejects.toThrow(PageTokenError);
    await journal.close();
  });

  test('finds open work after a restart, whatever became of the checkpoint', async () => {
    const { store, forgetCheckpoints } = await fresh();
    const first = await openCounters(store, { streamCount: 2 });
    await first.submit(add('k1', 'a/open', -1));
    await first.submit(add('k2', 'a/closed', -1));
    await first.checkpoint();
    await first.submit(add('k3', 'a/closed', 1));
    await first.submit(add('k4', 'a/late', -1));
    await first.close();
    const openAfter = async () => {
      const journal = await openCounters(store);
      const names = [...journal.openEntities()].map(([name, { state }]) => [name, state['count']]);
      await journal.close();
      return names.toSorted();
    };
    const open = [
      ['a/late', -1],
      ['a/open', -1],
    ];
    expect(await openAfter()).toEqual(open);
    await forgetCheckpoints();
    expect(await openAfter()).toEqual(open);
    // Ahead of its stream, as after restoring an older backup of the journal alone.
    await store.writeCheckpoint({ stream: 's0', seq: 1_000, open: [] });
    await store.writeCheckpoint({ stream: 's1', seq: 1_000, open: [] });
    expect(await openAfter()).toEqual(open);
  });

  test('a process follows what another one wrote', async () => {
    const store = await freshStore();
    const [writer, follower] = [await openCounters(store), await openCounters(store)];
    const seen: string[] = [];
    const stop = follower.onOp(({ key }) => seen.push(key));
    await writer.submit(add('k1', 'a/x', -1));
    await follower.follow();
    expect([...follower.openEntities().keys()]).toEqual(['a/x']);
    await writer.submit(add('k2', 'a/x', 1));
    await follower.follow();
    expect([...follower.openEntities().keys()]).toEqual([]);
    stop();
    await writer.submit(add('k3', 'a/x', 1));
    await follower.follow();
    expect(seen).toEqual(['k1', 'k2']);
    await Promise.all([writer.close(), follower.close()]);
  });

  test('keeps the number of streams that the database was created with', async () => {
    const store = await freshStore();
    await (await openCounters(store, { streamCount: 3 })).close();
    const journal = await openCounters(store, { streamCount: 5 });
    expect(await store.settings({ streamCount: 9, owner: 'x', format: 2 })).toMatchObject({ streamCount: 3 });
    await journal.close();
    await expect(openCounters(store, { streamCount: 0 })).rejects.toThrow(/JOURNAL_STREAMS/);
  });

  test('belongs to one service: another one on the same database is refused', async () => {
    const store = await freshStore();
    await (await openCounters(store)).close();
    await expect(openCounters(store, { owner: 'others' })).rejects.toThrow(/MONGODB_DATABASE/);
  });

  test('of another format is not opened, and nothing is made in it', async () => {
    const store = await freshStore();
    await store.settings({ streamCount: 1, owner: 'counters', format: 1 });
    const untouched = { ...store, prepare: () => Promise.reject(new Error('was prepared')) };
    await expect(openCounters(untouched)).rejects.toThrow(
      'has format 1 and this version of twicesafe has format 2',
    );
  });

  test('money and instants come back as they went in', async () => {
    const journal = await openCounters(await freshStore());
    const data = {
      amount: 9_007_199_254_740_993n,
      small: 5n,
      at: new Date('2026-01-02T03:04:05.678Z'),
      units: 3,
    };
    await journal.submit({
      key: 'k1',
      fingerprint: '',
      entities: ['a/x'],
      decide: () => ({ outcome: { succeeded: true }, changes: [{ entity: 'a/x', type: 'noted', data }] }),
    });
    expect((await journal.history('a/x'))[0]?.data).toEqual(data);
    await journal.close();
  });

  test('nothing that was handed in or given out is shared with what is recorded', async () => {
    const store = await freshStore();
    await store.prepare();
    const entry = { ...entryAt(1, 'k1'), at: new Date('2026-01-01T00:00:00Z') };
    await store.insert([entry]);
    entry.keys.push('k2');
    entry.at.setTime(0);
    const [given] = await store.read('s0', 1, 10);
    expect(given).toEqual(entryAt(1, 'k1'));
    given?.at.setTime(0);
    expect(await store.read('s0', 1, 10)).toEqual([entryAt(1, 'k1')]);
  });

  test('a value that is undefined is not recorded at all', async () => {
    const store = await freshStore();
    await store.prepare();
    await store.insert([{ ...entryAt(1, 'k1'), ...({ lists: undefined } as object) }]);
    const [given] = await store.read('s0', 1, 10);
    expect(Object.keys(given ?? {}).sort()).toEqual(['_id', 'at', 'keys', 'ops', 'seq', 'stream', 'writer']);
  });

  test('its unique keys judge a second entry at one place and a second use of one key, each entry for itself', async () => {
    const store = await freshStore();
    await store.prepare();
    expect(await store.insert([entryAt(1, 'k1')])).toEqual(['inserted']);
    expect(await store.insert([entryAt(1, 'k2'), entryAt(2, 'k1'), entryAt(3, 'k3')])).toEqual([
      'duplicate',
      'duplicate',
      'inserted',
    ]);
  });
});

describe.each(databasesUnderTest())('the unique indexes on $name', ({ fresh }) => {
  test('must exist and be unique, or nothing starts', async () => {
    const { db } = await fresh();
    await db.createCollection('journal');
    await db.collection('journal').createIndex({ keys: 1 }, { name: 'keys' });
    await expect(openCounters(createMongoStore(db))).rejects.toThrow();
  });

  test('are created again when they were lost', async () => {
    const { db } = await fresh();
    await (await openCounters(createMongoStore(db))).close();
    await db.collection('journal').dropIndex('keys');
    await (await openCounters(createMongoStore(db))).close();
    const indexes = await db.collection('journal').indexes();
    expect(indexes.find(({ name }) => name === 'keys')).toMatchObject({ unique: true });
  });
});

function entryAt(seq: number, key: string) {
  return {
    _id: `s0#${seq}`,
    stream: 's0',
    seq,
    keys: [key],
    writer: 'w/1',
    ops: [],
    at: new Date('2026-01-01T00:00:00Z'),
  };
}
