// Once for the whole run: the databases that every test file uses. A file asks for one through database.ts.

import { glob, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startEmbeddedDatabase } from '../../shared/mongo/index.ts';
import { endLeftover, InUseError } from '../../shared/processes/index.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The embedded one first; a real MongoDB as well where a Docker daemon is found. */
    databases: { name: string; uri: string }[];
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await endLeftovers();
  const rootDir = await mkdtemp(join(tmpdir(), 'twicesafe-test-'));
  const report = (line: string) => project.vitest.logger.log(line);

  // A run is judged on the database that every machine has, unless it was told another one.
  const first = process.env['MONGODB_URI'] ?? process.env['TWICESAFE_DATABASE'];
  const embedded = await startEmbeddedDatabase({
    dataDir: join(rootDir, 'embedded'),
    report,
    environment: first ? process.env : { ...process.env, TWICESAFE_DATABASE: 'secantus' },
  });
  const databases = [embedded];
  if (embedded.source !== 'docker' && embedded.source !== 'uri') {
    const real = await startRealMongo(join(rootDir, 'docker'), report);
    if (real) databases.push(real);
  }

  project.provide(
    'databases',
    databases.map(({ source, uri }) => ({ name: source, uri })),
  );
  return async () => {
    await Promise.all(databases.map((database) => database.stop()));
    await rm(rootDir, { recursive: true, force: true });
  };
}

async function startRealMongo(dataDir: string, report: (line: string) => void) {
  try {
    return await startEmbeddedDatabase({
      dataDir,
      report,
      environment: { ...process.env, TWICESAFE_DATABASE: 'docker' },
    });
  } catch (error) {
    report(`contract suites run on the embedded database alone. ${(error as Error).message}`);
    return undefined;
  }
}

/** A test run that was killed had no chance to end its servers: they would eat the machine, run by run. */
async function endLeftovers(): Promise<void> {
  for await (const recordFile of glob(join(tmpdir(), 'twicesafe-*/{,*/}*.process.json'))) {
    try {
      const pid = await endLeftover(recordFile);
      if (pid !== undefined) await rm(dirname(recordFile), { recursive: true, force: true });
    } catch (error) {
      // Another run is using it now.
      if (!(error instanceof InUseError)) throw error;
    }
  }
}
