// Databases for tests: a fresh one for each test, on the embedded server or on every server that this machine has.
// A file that imports this drops what it made when it ends.

import { randomBytes } from 'node:crypto';
import { afterAll, inject } from 'vitest';
import { connectDatabase } from '../../shared/mongo/index.ts';
import { createLog } from '../../shared/runtime/index.ts';

export interface FreshDatabase {
  readonly db: Awaited<ReturnType<typeof connectDatabase>>['db'];
  /** For a second connection, or for a process of its own. */
  readonly uri: string;
  readonly databaseName: string;
}

export interface DatabaseUnderTest {
  /** `secantus`, `docker`, …: part of the suite's title. */
  readonly name: string;
  fresh(): Promise<FreshDatabase>;
}

const endings: (() => Promise<void>)[] = [];

afterAll(async () => {
  await Promise.all(endings.splice(0).map((end) => end()));
});

/** An empty database with a name of its own on the embedded server, dropped when the test file ends. */
export function freshDatabase(): Promise<FreshDatabase> {
  return freshAt(embeddedUri());
}

/** For contract suites: `describe.each(databasesUnderTest())('the journal on $name', ({ fresh }) => …)`. */
export function databasesUnderTest(): DatabaseUnderTest[] {
  return inject('databases').map(({ name, uri }) => ({ name, fresh: () => freshAt(uri) }));
}

/** The address of the run's embedded server, which all files share: use databases with names of your own. */
export function embeddedUri(): string {
  const [embedded] = inject('databases');
  if (!embedded) throw new Error('the global setup provided no database');
  return embedded.uri;
}

async function freshAt(uri: string): Promise<FreshDatabase> {
  const databaseName = `test_${randomBytes(8).toString('hex')}`;
  const { db, close } = await connectDatabase({ uri, databaseName, log: createLog('test', 'silent') });
  endings.push(async () => {
    await db.dropDatabase();
    await close();
  });
  return { db, uri, databaseName };
}
