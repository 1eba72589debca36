// A look at the databases themselves: what the journals hold is not the services' to say.

import { countEntries } from '../../shared/journal/index.ts';
import { connectDatabase } from '../../shared/mongo/index.ts';
import { createLog } from '../../shared/runtime/index.ts';
import { serviceNames } from '../settings.ts';

export interface Books {
  /** Entries in the three journals together, counted in some milliseconds and without reading them: load may follow at once. */
  entryCount(): Promise<number>;
  /** Drops every database whose name begins with the prefix. */
  dropAll(): Promise<void>;
  close(): Promise<void>;
}

export async function openBooks(uri: string, databasePrefix: string): Promise<Books> {
  // Not `warn`: an embedded database goes before these connections do, and that is no news.
  const log = createLog('bench', 'error');
  const connect = (name: string) => connectDatabase({ uri, databaseName: `${databasePrefix}${name}`, log });
  const databases = await Promise.all(serviceNames.map(connect));
  return {
    async entryCount() {
      const counts = await Promise.all(databases.map(({ db }) => countEntries(db)));
      return counts.reduce((sum, count) => sum + count, 0);
    },
    async dropAll() {
      const [any] = databases;
      const { databases: there = [] } = (await any?.db.admin().listDatabases({ nameOnly: true })) ?? {};
      for (const { name } of there) {
        if (!name.startsWith(databasePrefix)) continue;
        const { db, close } = await connect(name.slice(databasePrefix.length));
        await db.dropDatabase();
        await close();
      }
    },
    async close() {
      await Promise.all(databases.map(({ close }) => close()));
    },
  };
}
