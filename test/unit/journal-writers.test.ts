// Two writers of one stream: whoever is busy lets the other write. A loser must read before it writes again, and a winner need
// not, so without giving way the one that won wins for ever.

import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Journal } from '../../shared/journal/index.ts';
import { createMemoryStore } from '../../shared/journal/memory-store.ts';
import type { JournalStore } from '../../shared/journal/store.ts';
import { add, openCounters } from '../support/counter-journal.ts';

/** A way to the database, there and back. */
const wayMs = 4;

/** As far away as a database: two writers in one process would otherwise take turns by themselves. */
function farAway(store: JournalStore): JournalStore {
  return {
    ...store,
    async insert(entries) {
      await sleep(wayMs);
      return store.insert(entries);
    },
    async read(...range) {
      await sleep(wayMs);
      return store.read(...range);
    },
  };
}

/** So many submissions are always under way until it stops. */
function keepBusy(journal: Journal, inFlight: number) {
  let [doneCount, isOver] = [0, false];
  const lane = async (name: number) => {
    for (let count = 0; !isOver; count += 1) {
      await journal.submit(add(`busy-${name}-${count}`, `a/busy-${name}`, 1));
      doneCount += 1;
    }
  };
  const lanes = Promise.all(Array.from({ length: inFlight }, (_, name) => lane(name)));
  return {
    doneCount: () => doneCount,
    async stop() {
      isOver = true;
      await lanes;
    },
  };
}

test('a busy writer lets another one write, and goes on itself', async () => {
  const store = farAway(createMemoryStore());
  const busy = await openCounters(store, { writer: 'busy' });
  // Refused after so long, and the test with it.
  const other = await openCounters(store, { writer: 'other', limits: { submitDurationMsMax: 10_000 } });
  const work = keepBusy(busy, 64);
  await expect.poll(work.doneCount).toBeGreaterThan(1_000);
  // Each after the one before, so each has to win a race of its own.
  for (let count = 1; count <= 10; count += 1) {
    const before = work.doneCount();
    await other.submit(add(`other-${count}`, 'a/other', 1));
    await expect.poll(work.doneCount).toBeGreaterThan(before);
  }
  await work.stop();
  expect(await busy.readState('a/other')).toEqual({ count: 10 });
  await busy.close();
  await other.close();
}, 30_000);
