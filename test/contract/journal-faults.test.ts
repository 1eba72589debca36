// What the journal does when the database's answers are lost, late or wrong. A faulty store stands before the real one.

import { describe, expect, test } from 'vitest';
import { JournalUnavailableError } from '../../shared/journal/index.ts';
import type { JournalStore } from '../../shared/journal/store.ts';
import { add, closeOnce, openCounters } from '../support/counter-journal.ts';
import { storesUnderTest } from '../support/stores.ts';

type Insert = JournalStore['insert'];

/** Runs the inserts through `faults`, one after the other, and afterwards as they are. */
function withFaults(store: JournalStore, faults: ((insert: Insert) => Insert)[]): JournalStore {
  return {
    ...store,
    insert: (entries) => (faults.shift()?.(store.insert) ?? store.insert)(entries),
  };
}

const lost = new Error('connection closed');

describe.each(storesUnderTest())('the journal before a faulty database ($name)', ({ fresh }) => {
  const realStore = async () => (await fresh()).store;

  test('an insert that happened but whose answer was lost is found and answered as the first', async () => {
    const faults = [
      (insert: Insert): Insert =>
        async (entries) => {
          await insert(entries);
          throw lost;
        },
    ];
    const journal = await openCounters(withFaults(await realStore(), faults));
    const answers = await Promise.all([
      journal.submit(add('k1', 'a/x', 5)),
      journal.submit(add('k2', 'a/x', 1)),
    ]);
    expect(answers.map(({ replayed }) => replayed)).toEqual([false, false]);
    expect(await journal.readState('a/x')).toEqual({ count: 6 });
    await journal.close();
  });

  test('an insert of what its state proves, whose answer was lost, is found in its stream and not repeated', async () => {
    const answerLost = (insert: Insert): Insert => {
      return async (entries) => {
        await insert(entries);
        throw lost;
      };
    };
    const store = await realStore();
    const journal = await openCounters(withFaults(store, [answerLost, answerLost]));
    const answers = await Promise.all([
      journal.submit(closeOnce('close', 'a/x')),
      journal.submit(closeOnce('close-y', 'a/y')),
    ]);
    expect(answers.map(({ replayed }) => replayed)).toEqual([false, false]);
    expect((await store.read('s0', 1, 100)).flatMap(({ ops }) => ops.map(({ type }) => type))).toEqual([
      'added',
      'added',
    ]);
    await journal.close();
  });

  test('an insert that did not happen is made again', async () => {
    const faults = [
      (): Insert => async () => {
        throw lost;
      },
      (): Insert => async () => {
        throw lost;
      },
    ];
    const journal = await openCounters(withFaults(await realStore(), faults));
    expect((await journal.submit(add('k1', 'a/x', 5))).replayed).toBe(false);
    expect(await journal.readState('a/x')).toEqual({ count: 5 });
    await journal.close();
  });

  test('an insert that arrives after its writer gave it up finds its place or its key taken', async () => {
    const arrived: Promise<unknown>[] = [];
    const late = (insert: Insert): Insert => {
      return async (entries) => {
        // On its way while the journal already tries again.
        arrived.push(Promise.resolve().then(() => insert(entries)));
        throw lost;
      };
    };
    const journal = await openCounters(withFaults(await realStore(), [late, late, late]));
    await Promise.all(Array.from({ length: 50 }, (_, i) => journal.submit(add(`k${i}`, 'a/x', 1))));
    await Promise.all(arrived);
    expect(await journal.readState('a/x')).toEqual({ count: 50 });
    const ops = await Array.fromAsync(journal.scan());
    expect(new Set(ops.map(({ key }) => key)).size).toBe(50);
    expect(ops).toHaveLength(50);
    await journal.close();
  });

  test('no answer leaves before the insert is durable', async () => {
    const gate = Promise.withResolvers<void>();
    const faults = [
      (insert: Insert): Insert =>
        async (entries) => {
          const answers = await insert(entries);
          await gate.promise;
          return answers;
        },
    ];
    const journal = await openCounters(withFaults(await realStore(), faults), {
      limits: { lookUpDurationMs: 0 },
    });
    let answered = false;
    const submitted = journal.submit(add('k1', 'a/x', 5)).then(() => {
      answered = true;
    });
    const duplicate = journal.submit(add('k1', 'a/x', 5)).then(() => {
      answered = true;
    });
    await expect.poll(() => journal.readState('a/x')).toEqual({ count: 5 });
    expect(answered).toBe(false);
    gate.resolve();
    await Promise.all([submitted, duplicate]);
    await journal.close();
  });

  test('what arrives during an insert goes out with the next one, in one entry', async () => {
    const gate = Promise.withResolvers<void>();
    const batches: number[] = [];
    const store = await realStore();
    const journal = await openCounters(
      {
        ...store,
        async insert(entries) {
          batches.push(...entries.map(({ ops }) => ops.length));
          if (batches.length === 1) await gate.promise;
          return store.insert(entries);
        },
      },
      { limits: { lookUpDurationMs: 0 } },
    );
    const first = journal.submit(add('k0', 'a/x', 1));
    await expect.poll(() => batches).toEqual([1]);
    const rest = Array.from({ length: 100 }, (_, i) => journal.submit(add(`k${i + 1}`, 'a/x', 1)));
    gate.resolve();
    await Promise.all([first, ...rest]);
    expect(batches).toEqual([1, 100]);
    await journal.close();
  });

  test('a storm of duplicates that another process recorded costs reads, hardly any failed insert', async () => {
    const store = await realStore();
    const other = await openCounters(store);
    await Promise.all(Array.from({ length: 200 }, (_, i) => other.submit(add(`k${i}`, `a/${i}`, 1))));
    await other.close();
    let duplicates = 0;
    const journal = await openCounters({
      ...store,
      async insert(entries) {
        const answers = await store.insert(entries);
        duplicates += answers.filter((answer) => answer === 'duplicate').length;
        return answers;
      },
    });
    const answers = [];
    for (let round = 0; round < 10; round += 1) {
      answers.push(
        ...(await Promise.all(
          Array.from({ length: 20 }, (_, i) =>
            journal.submit(add(`k${round * 20 + i}`, `a/${round * 20 + i}`, 1)),
          ),
        )),
      );
    }
    expect(answers.every(({ replayed }) => replayed)).toBe(true);
    expect(duplicates).toBe(0);
    await journal.close();
  });

  test('a key that is recorded between its look-up and the reading of its state is replayed, not judged by its fault', async () => {
    const store = await realStore();
    const other = await openCounters(store);
    let atLookUp: (() => Promise<unknown>) | undefined;
    const journal = await openCounters(
      {
        ...store,
        async findByKeys(keys) {
          const found = await store.findByKeys(keys);
          await atLookUp?.();
          atLookUp = undefined;
          return found;
        },
      },
      { limits: { lookUpDurationMs: 0, recentBytesMax: 1, newestKeysMin: 1 } },
    );
    await journal.submit(add('k0', 'a/x', 0));
    await other.submit(add('k1', 'a/x', 1));
    atLookUp = async () => {
      await other.submit(add('k2', 'a/x', 5));
      await other.submit(add('k3', 'a/x', 100));
    };
    const recorded = await journal.submit({
      ...add('k2', 'a/x', 0),
      decide([state]) {
        throw new Error(`as a domain does when its units are gone: ${state?.['count']}`);
      },
    });
    expect(recorded).toMatchObject({ replayed: true, outcome: { succeeded: true } });
    expect(recorded.states.get('a/x')).toEqual({ count: 6 });
    await Promise.all([journal.close(), other.close()]);
  });

  test('a database that stays away is unknown, never failed, and the key stays free', async () => {
    let away = true;
    const store = await realStore();
    const journal = await openCounters(
      {
        ...store,
        async insert(entries) {
          if (away) throw lost;
          return store.insert(entries);
        },
      },
      { limits: { submitDurationMsMax: 50, failureDelayMsMax: 10 } },
    );
    await expect(journal.submit(add('k1', 'a/x', 5))).rejects.toThrow(JournalUnavailableError);
    away = false;
    expect((await journal.submit(add('k1', 'a/x', 5))).replayed).toBe(false);
    expect(await journal.readState('a/x')).toEqual({ count: 5 });
    await journal.close();
  });

  test('more waiting submissions than the limit are sent away before any work', async () => {
    const gate = Promise.withResolvers<void>();
    const store = await realStore();
    const journal = await openCounters(
      {
        ...store,
        async insert(entries) {
          await gate.promise;
          return store.insert(entries);
        },
      },
      { limits: { queuedSubmissionsMax: 3 } },
    );
    const accepted = Array.from({ length: 3 }, (_, i) => journal.submit(add(`k${i}`, 'a/x', 1)));
    await expect(journal.submit(add('one-too-many', 'a/x', 1))).rejects.toThrow(JournalUnavailableError);
    gate.resolve();
    await Promise.all(accepted);
    expect(await journal.readState('a/x')).toEqual({ count: 3 });
    await journal.close();
  });

  test('a stream with a missing entry is damaged, and nothing is built on it', async () => {
    const { store, loseEntry, forgetCheckpoints } = await fresh();
    const journal = await openCounters(store);
    for (const i of [1, 2, 3]) await journal.submit(add(`k${i}`, 'a/x', 1));
    await journal.close();
    await loseEntry('s0#2');
    await forgetCheckpoints();
    await expect(openCounters(store, { limits: { gapReadsMax: 2 } })).rejects.toThrow(/entry 2 is missing/);
  });

  test('nothing is accepted after the close, and what was accepted before is answered', async () => {
    const journal = await openCounters(await realStore());
    const accepted = journal.submit(add('k1', 'a/x', 1));
    await journal.close();
    expect((await accepted).replayed).toBe(false);
    await expect(journal.submit(add('k2', 'a/x', 1))).rejects.toThrow(JournalUnavailableError);
  });
});
