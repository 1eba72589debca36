// `twicesafe compact`: moves cold journal entries into segments, beside running services, and says what it moved.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compactJournal, type Moved } from '../shared/journal/index.ts';
import { connectDatabase } from '../shared/mongo/index.ts';
import { createLog, createSystemClock, failpointsFromEnvironment } from '../shared/runtime/index.ts';
import { bold, dim, report, yellow } from './console.ts';
import { databaseUriFile, serviceNames } from './settings.ts';

export interface CompactOptions {
  /** Undefined: the three that the services use when they are not told another name. */
  readonly database?: readonly string[];
  /** Undefined: all. */
  readonly stream?: readonly string[];
  readonly olderThanMs: number;
  readonly newestKept: number;
}

const reportEveryMs = 5_000;

/** Returns the exit code: 0, also when a signal ended it early; it throws one sentence when it could not run. */
export async function runCompact(options: CompactOptions, environment: NodeJS.ProcessEnv): Promise<number> {
  const uri = environment['MONGODB_URI'] || (await suitesDatabase(environment));
  const stopping = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stopping.abort());
  const names = options.database ?? serviceNames.map((service) => `twicesafe_${service}`);
  for (const name of names) {
    if (stopping.signal.aborted) break;
    await compactOne(uri, name, options, environment, stopping.signal);
  }
  if (stopping.signal.aborted) report(yellow('stopped; run it again and it goes on from here'));
  return 0;
}

async function compactOne(
  uri: string,
  databaseName: string,
  { stream, olderThanMs, newestKept }: CompactOptions,
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<void> {
  const clock = createSystemClock();
  const database = await connectDatabase({ uri, databaseName, log: createLog('compact', 'warn') });
  let reportedAtMs = clock.nowMs();
  try {
    const moved = await compactJournal({
      database: database.db,
      clock,
      failpoints: failpointsFromEnvironment(environment['FAILPOINTS']),
      olderThanMs,
      newestKept,
      ...(stream ? { streams: stream } : {}),
      signal,
      onSegment(ofStream, soFar) {
        if (clock.nowMs() - reportedAtMs < reportEveryMs) return;
        reportedAtMs = clock.nowMs();
        report(dim(`  ${databaseName} ${ofStream}: ${wordsOf(soFar)}`));
      },
    });
    report(`${bold(databaseName.padEnd(20))} ${wordsOf(moved)}`);
  } finally {
    await database.close();
  }
}

function wordsOf({ entryCount, segmentCount, bytesBefore, bytesAfter }: Moved): string {
  if (segmentCount === 0) return 'nothing was moved';
  const share = Math.round((100 * bytesAfter) / bytesBefore);
  return (
    `${entryCount} entries are now ${segmentCount} segments, ` +
    `${bytesBefore} bytes of BSON are now ${bytesAfter} (${share} %)`
  );
}

/** The database that `npm start` runs. */
export async function suitesDatabase(environment: NodeJS.ProcessEnv): Promise<string> {
  const file = join(environment['DATA_DIR'] || '.data', databaseUriFile);
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) {
    throw new Error(
      'There is no database to compact: set MONGODB_URI, or run `npm start` in another terminal.',
    );
  }
  return text.trim();
}
