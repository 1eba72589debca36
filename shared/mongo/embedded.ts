// The embedded database: finds a MongoDB for a developer or a user who was not asked to install one. It decides where the
// database comes from and keeps that decision with the data; the sources themselves are one file each.

import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { endLeftover, forgetChild, freePort, InUseError, recordChild } from '../processes/index.ts';
import { docker } from './docker.ts';
import { download } from './download.ts';
import { mongod } from './mongod.ts';
import { secantus } from './secantus.ts';
import type { DatabaseSource, RunningDatabase, SourceContext, SourceName } from './source.ts';

export interface EmbeddedDatabase extends RunningDatabase {
  readonly source: SourceName;
  /** Start it here again after it died, and clients find it again by themselves. Undefined for `uri`. */
  readonly port: number | undefined;
}

export interface EmbeddedOptions {
  /** Holds the data, and which source it belongs to. Created when missing. */
  readonly dataDir: string;
  /** 0 or left out: any free one. */
  readonly port?: number;
  /** One line for whoever waits: an installation, a leftover that was ended. */
  report(line: string): void;
  readonly environment?: NodeJS.ProcessEnv;
  /** Aborting it ends a start that is under way. */
  readonly signal?: AbortSignal;
}

/** The order of search, after MONGODB_URI: first what behaves exactly like a deployment, last what is always there. */
const sources: readonly DatabaseSource[] = [docker, mongod, download, secantus];

/**
 * Starts a database on `dataDir`, or takes the one of MONGODB_URI, and resolves when it answers. Data that was acknowledged
 * before is there again, also after a kill -9 of the server or of this process. Data made by one source is never opened
 * by another. Rejects with one sentence that says what was tried and what would help.
 */
export async function startEmbeddedDatabase(options: EmbeddedOptions): Promise<EmbeddedDatabase> {
  const environment = options.environment ?? process.env;
  const uri = environment['MONGODB_URI'];
  if (uri) return ofSomebodyElse(uri);

  const dataDir = resolve(options.dataDir);
  await mkdir(dataDir, { recursive: true });
  const context: SourceContext = { environment, cacheDir: cacheDirOf(environment), report: options.report };
  const owned = await readMarker(dataDir);
  const forced = forcedSource(environment);
  if (owned && forced && owned !== forced) {
    throw new Error(
      `The data in ${dataDir} was made by ${owned} and cannot be opened by ${forced}; set TWICESAFE_DATABASE=${owned} or another DATA_DIR.`,
    );
  }

  const only = owned ?? forced;
  const reasons: string[] = [];
  for (const source of only ? sources.filter(({ name }) => name === only) : sources) {
    const found = await source.find(context);
    if (!found.found) {
      reasons.push(`${source.name}: ${found.why}`);
      continue;
    }
    const recordFile = join(dataDir, `${source.name}.process.json`);
    await endLeftoverOf(recordFile, dataDir, options.report);
    try {
      const sourceDir = join(dataDir, source.name);
      await mkdir(sourceDir, { recursive: true });
      const port = options.port || (await freePort());
      const running = await found.start({
        dataDir: sourceDir,
        logFile: join(dataDir, `${source.name}.log`),
        port,
        environment,
        signal: options.signal,
      });
      if (running.pid !== undefined) await recordChild(recordFile, running.pid);
      // Only now: before a first start succeeded no data was acknowledged, and another source may be tried.
      if (!owned) await writeMarker(dataDir, source.name);
      const stop = async () => {
        await running.stop();
        await forgetChild(recordFile);
      };
      return { ...running, stop, source: source.name, port };
    } catch (error) {
      options.signal?.throwIfAborted();
      reasons.push(`${source.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new Error(noDatabase(dataDir, owned, reasons));
}

function noDatabase(dataDir: string, owned: string | undefined, reasons: readonly string[]): string {
  if (owned) {
    return `The data in ${dataDir} was made by ${owned}, which cannot be started now (${reasons.join('; ')}); make it available or set another DATA_DIR.`;
  }
  const tried = ['MONGODB_URI: not set', ...reasons].join('; ');
  return `No database could be started (${tried}); make one of these available.`;
}

async function endLeftoverOf(
  recordFile: string,
  dataDir: string,
  report: (line: string) => void,
): Promise<void> {
  try {
    const pid = await endLeftover(recordFile);
    if (pid !== undefined) report(`ended a database (pid ${pid}) that an earlier run had left behind`);
  } catch (error) {
    if (!(error instanceof InUseError)) throw error;
    throw new Error(
      `The data in ${dataDir} is in use by process ${error.ownerPid}; stop that one, or set another DATA_DIR.`,
      { cause: error },
    );
  }
}

function ofSomebodyElse(uri: string): EmbeddedDatabase {
  return {
    source: 'uri',
    uri,
    port: undefined,
    pid: undefined,
    exited: new Promise(() => undefined),
    stop: async () => undefined,
    kill: async () => {
      throw new Error('the database of MONGODB_URI is not ours to kill');
    },
  };
}

function forcedSource(environment: NodeJS.ProcessEnv): DatabaseSource['name'] | undefined {
  const wanted = environment['TWICESAFE_DATABASE'];
  if (!wanted) return undefined;
  const source = sources.find(({ name }) => name === wanted);
  if (source) return source.name;
  const names = sources.map(({ name }) => name).join(', ');
  throw new Error(`TWICESAFE_DATABASE is "${wanted}"; it is one of ${names}, or left out.`);
}

function cacheDirOf(environment: NodeJS.ProcessEnv): string {
  return (
    environment['TWICESAFE_CACHE_DIR'] ??
    join(environment['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'twicesafe')
  );
}

const markerName = 'database-source';

async function readMarker(dataDir: string): Promise<DatabaseSource['name'] | undefined> {
  const text = await readFile(join(dataDir, markerName), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const source = sources.find(({ name }) => name === text.trim());
  if (!source)
    throw new Error(`${join(dataDir, markerName)} names an unknown database source: ${text.trim()}.`);
  return source.name;
}

async function writeMarker(dataDir: string, name: string): Promise<void> {
  const file = join(dataDir, markerName);
  await writeFile(`${file}.new`, `${name}\n`);
  await rename(`${file}.new`, file);
}
