// What shows that something was recorded before, where it is not a key of its own: the key that a name is derived from, or the state.

import { describe, expect, test } from 'vitest';
import { KeyReusedError } from '../../shared/journal/index.ts';
import { add, closeOnce, openCounters } from '../support/counter-journal.ts';
import { movedStoresUnderTest, storesUnderTest } from '../support/stores.ts';

describe.each([...storesUnderTest(), ...movedStoresUnderTest()])('the journal on $name', ({ fresh }) => {
  const freshStore = async () => (await fresh()).store;

  test('an entity whose name is derived from its key claims that key alone, and begins once through two processes', async () => {
    const store = await freshStore();
    const one = await openCounters(store);
    const other = await openCounters(store, { limits: { lookUpDurationMs: 0 } });
    const begin = { ...add('k1', 'a/x', 5), derivedNew: ['a/x'] };
    expect((await one.submit(begin)).replayed).toBe(false);
    const again = await other.submit(begin);
    expect([again.replayed, again.states.get('a/x')]).toEqual([true, { count: 5 }]);
    expect(await other.readState('a/x')).toEqual({ count: 5 });
    expect((await store.read('s0', 1, 10)).map(({ keys }) => keys)).toEqual([['k1']]);
    await one.close();
    await other.close();
  });

  test('what is remembered of older entries is answered as it was recorded, and read nowhere', async () => {
    const store = await freshStore();
    let isReading = true;
    const journal = await openCounters(
      {
        ...store,
        findByKeys: (keys) => (isReading ? store.findByKeys(keys) : Promise.reject(new Error('a read'))),
      },
      { limits: { newestKeysMin: 1, lookUpDurationMs: 0, submitDurationMsMax: 1_000 } },
    );
    const recorded = await journal.submit({ ...add('k1', 'a/x', 5), fingerprint: 'f1' });
    await journal.submit(add('k10', 'a/x', 1));
    for (const number of [2, 3, 4]) await journal.submit(add(`k${number}`, 'a/y', number));
    isReading = false;
    const again = await journal.submit({ ...add('k1', 'a/x', 5), fingerprint: 'f1' });
    expect(again).toMatchObject({ ...recorded, replayed: true });
    expect(again.states.get('a/x')).toEqual({ count: 5 });
    await expect(journal.submit({ ...add('k1', 'a/x', 5), fingerprint: 'f2' })).rejects.toThrow(
      KeyReusedError,
    );
    expect([journal.knows('k1'), journal.knows('k11')]).toEqual([true, false]);
    await journal.close();
  });

  test('what its state proves claims no key, has one effect through two processes, and is remembered where it was seen', async () => {
    const store = await freshStore();
    const one = await openCounters(store);
    await one.submit(add('k1', 'a/x', 5));
    const other = await openCounters(store);
    const answers = await Promise.all(
      [one, other, one].map((journal) => journal.submit(closeOnce('close', 'a/x'))),
    );
    expect(answers.map(({ states }) => states.get('a/x'))).toEqual(Array(3).fill({ count: 1_005 }));
    expect((await one.submit(closeOnce('close', 'a/x'))).replayed).toBe(true);
    const later = await openCounters(store);
    expect((await later.submit(closeOnce('close', 'a/x'))).states.get('a/x')).toEqual({ count: 1_005 });
    const ops = await Array.fromAsync(later.scan());
    expect(ops.filter(({ type }) => type === 'added').map(({ key }) => key)).toEqual(['k1', 'close']);
    const keys = (await store.read('s0', 1, 100)).flatMap((entry) => entry.keys);
    expect(keys.filter((key) => !key.startsWith('first/'))).toEqual(['k1']);
    for (const journal of [one, other, later]) await journal.close();
  });
});
