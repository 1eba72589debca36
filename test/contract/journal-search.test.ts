// Where the journal looks for an entity that it does not remember. That it finds the newest state: journal.test.ts.

import { describe, expect, test } from 'vitest';
import { add, openCounters } from '../support/counter-journal.ts';
import { movedStoresUnderTest, storesUnderTest } from '../support/stores.ts';

describe.each([...storesUnderTest(), ...movedStoresUnderTest()])('the journal on $name', ({ fresh }) => {
  test('looks at once as far back as others of its kind were found, and answers with the newest state there', async () => {
    const { store } = await fresh();
    const before = await openCounters(store);
    const cold = Array.from({ length: 6 }, (_, index) => `a/cold${index}`);
    for (const [index, entity] of [...cold, ...cold].entries())
      await before.submit(add(`k${index}`, entity, 5));
    for (let number = 0; number < 40; number += 1) await before.submit(add(`z${number}`, 'z/hot', 1));
    await before.close();
    const searched: number[] = [];
    const findNewest: typeof store.findNewest = (entity, fromSeq) => {
      searched.push(fromSeq);
      return store.findNewest(entity, fromSeq);
    };
    const limits = { nearEntries: 2, furtherBack: 3 };
    const after = await openCounters({ ...store, findNewest }, { limits });
    const searchesOf = async (entity: string) => {
      searched.length = 0;
      expect(await after.readState(entity)).toEqual({ count: 10 });
      return searched.length;
    };
    expect(await searchesOf('a/cold5')).toBeGreaterThan(2);
    for (const entity of cold.slice(0, 5)) expect(await searchesOf(entity)).toBe(1);
    expect(await after.readState('z/hot')).toEqual({ count: 40 });
    expect(await after.readState('a/never')).toBeUndefined();
    await after.close();
  });
});
