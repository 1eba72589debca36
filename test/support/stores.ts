// Stores for the journal's contract suites: one on every database that this machine has, and the one in memory.

import { createMemoryContent, createMemoryStore } from '../../shared/journal/memory-store.ts';
import { createMongoStore } from '../../shared/journal/mongo-store.ts';
import type { JournalStore } from '../../shared/journal/store.ts';
import { createMovedStore } from './compaction.ts';
import { databasesUnderTest } from './database.ts';

export interface FreshStore {
  readonly store: JournalStore;
  /** Loses every checkpoint, as a restored backup may. */
  forgetCheckpoints(): Promise<void>;
  /** Loses one entry, which no database should. Throws when there is none. */
  loseEntry(id: string): Promise<void>;
}

/** `describe.each(storesUnderTest())('the journal on $name', ({ fresh }) => …)`. Each has a content of its own. */
export function storesUnderTest(): { readonly name: string; fresh(): Promise<FreshStore> }[] {
  const databases = databasesUnderTest().map(({ name, fresh }) => ({
    name,
    async fresh() {
      const { db } = await fresh();
      return {
        store: createMongoStore(db),
        async forgetCheckpoints() {
          await db.collection('checkpoints').deleteMany({});
        },
        async loseEntry(id: string) {
          const { deletedCount } = await db.collection<{ _id: string }>('journal').deleteOne({ _id: id });
          if (deletedCount !== 1) throw new Error(`there is no entry ${id}`);
        },
      };
    },
  }));
  return [...databases, { name: 'memory', fresh: freshMemory }];
}

/** On every database: entries are moved into segments as soon as they are written. */
export function movedStoresUnderTest(): { readonly name: string; fresh(): Promise<FreshStore> }[] {
  return databasesUnderTest().map(({ name, fresh }) => ({
    name: `${name}, its entries in segments`,
    async fresh() {
      const { db } = await fresh();
      return {
        store: createMovedStore(db),
        async forgetCheckpoints() {
          await db.collection('checkpoints').deleteMany({});
        },
        async loseEntry(id: string) {
          throw new Error(`${id} may be in a segment with others`);
        },
      };
    },
  }));
}

async function freshMemory(): Promise<FreshStore> {
  const content = createMemoryContent();
  return {
    store: createMemoryStore(content),
    forgetCheckpoints: async () => content.checkpoints.clear(),
    async loseEntry(id) {
      if (!content.entries.delete(id)) throw new Error(`there is no entry ${id}`);
    },
  };
}
