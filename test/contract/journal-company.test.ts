// What submissions share an entry, on every store: what follows another one, and what waits for company.

import { describe, expect, test } from 'vitest';
import type { JournalStore } from '../../shared/journal/store.ts';
import { add, openCounters } from '../support/counter-journal.ts';
import { createHeldClock } from '../support/held-clock.ts';
import { movedStoresUnderTest, storesUnderTest } from '../support/stores.ts';

/** The keys of each entry of the one stream. */
async function keysOf(store: JournalStore): Promise<(readonly string[])[]> {
  return (await store.read('s0', 1, 100)).map(({ keys }) => keys.filter((key) => !key.startsWith('first/')));
}

describe.each([...storesUnderTest(), ...movedStoresUnderTest()])(
  'company in an entry on $name',
  ({ fresh }) => {
    const freshStore = async () => (await fresh()).store;

    test('what follows a success is in its entry, and whoever submits it finds it recorded', async () => {
      const store = await freshStore();
      const journal = await openCounters(store);
      const followedBy = [add('k2', 'b/y', 7), add('k3', 'a/x', 10)];
      await journal.submit({ ...add('k1', 'a/x', 5), followedBy });
      expect(await keysOf(store)).toEqual([['k1', 'k2', 'k3']]);
      const second = await journal.submit(add('k2', 'b/y', 7));
      expect(second).toMatchObject({ replayed: true, outcome: { succeeded: true } });
      expect(second.states.get('b/y')).toEqual({ count: 7 });
      expect(await journal.readState('a/x')).toEqual({ count: 15 });
      expect(await keysOf(store)).toHaveLength(1);
      await journal.close();
    });

    test('nothing follows a refusal, and nothing goes on after a refused follower', async () => {
      const store = await freshStore();
      const journal = await openCounters(store);
      await journal.submit({ ...add('k1', 'a/x', 5, { max: 4 }), followedBy: [add('k2', 'a/x', 1)] });
      await journal.submit({
        ...add('k3', 'a/x', 1),
        followedBy: [add('k4', 'b/y', 9, { max: 4 }), add('k5', 'b/y', 1)],
      });
      expect(await keysOf(store)).toEqual([['k1'], ['k3', 'k4']]);
      await journal.close();
    });

    test('what is in another stream follows in no entry', async () => {
      const store = await freshStore();
      const journal = await openCounters(store, { streamCount: 64 });
      await journal.submit({ ...add('k1', 'a/x', 5), followedBy: [add('k2', 'b/y', 7)] });
      expect(await journal.readKey('k2')).toBeUndefined();
      expect(await journal.readState('a/x')).toEqual({ count: 5 });
      await journal.close();
    });

    test('a follower that another process recorded before keeps its outcome, and what it followed is recorded', async () => {
      const store = await freshStore();
      const other = await openCounters(store);
      await other.submit(add('k2', 'b/y', 7));
      const journal = await openCounters(store, {
        limits: { lookUpDurationMs: 0, recentBytesMax: 1, newestKeysMin: 1 },
      });
      const first = await journal.submit({ ...add('k1', 'a/x', 5), followedBy: [add('k2', 'b/y', 7)] });
      expect(first).toMatchObject({ replayed: false, outcome: { succeeded: true } });
      expect(await journal.readState('b/y')).toEqual({ count: 7 });
      expect((await keysOf(store)).flat().sort()).toEqual(['k1', 'k2']);
      await journal.close();
      await other.close();
    });

    test('a follower that is submitted at the same moment happens once', async () => {
      const store = await freshStore();
      const journal = await openCounters(store);
      const follower = add('k3', 'b/y', 7);
      await Promise.all([
        journal.submit({ ...add('k1', 'a/x', 5), followedBy: [follower] }),
        journal.submit({ ...add('k2', 'a/x', 5), followedBy: [follower] }),
        journal.submit(follower),
      ]);
      expect(await journal.readState('b/y')).toEqual({ count: 7 });
      expect((await keysOf(store)).flat().sort()).toEqual(['k1', 'k2', 'k3']);
      await journal.close();
    });

    test('two that are followed by the same one have it once', async () => {
      const store = await freshStore();
      const journal = await openCounters(store);
      const follower = add('k3', 'b/y', 7);
      // Nothing is under way for the first flush, so both go out with it.
      await Promise.all(
        ['k1', 'k2'].map((key) => journal.submit({ ...add(key, 'a/x', 5), followedBy: [follower] })),
      );
      expect(await journal.readState('b/y')).toEqual({ count: 7 });
      await journal.close();
    });

    test('a patient submission waits for the next entry', async () => {
      const store = await freshStore();
      const journal = await openCounters(store, { clock: createHeldClock() });
      const patient = journal.submit({ ...add('k1', 'a/x', 5), patienceMs: 1_000 });
      await journal.submit(add('k2', 'b/y', 1));
      await patient;
      expect(await keysOf(store)).toEqual([['k1', 'k2']]);
      await journal.close();
    });

    test('a patient submission without company is written when its patience ends, or the journal is closed', async () => {
      const store = await freshStore();
      const clock = createHeldClock();
      const journal = await openCounters(store, { clock });
      const first = journal.submit({ ...add('k1', 'a/x', 5), patienceMs: 1_000 });
      await clock.pass(1_000);
      await first;
      const second = journal.submit({ ...add('k2', 'a/x', 5), patienceMs: 1_000 });
      await journal.close();
      await second;
      expect(await keysOf(store)).toEqual([['k1'], ['k2']]);
    });
  },
);
