// SecantusDB as the database: a MongoDB-compatible server from a Python package, installed once into the cache directory.
// For development and tests only; it runs as a process of its own and is never part of this program.

import { execFile } from 'node:child_process';
import { access, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startChild } from '../processes/index.ts';
import {
  type DatabaseSource,
  databaseGraceMs,
  type RunningDatabase,
  type SourceContext,
  type StartOptions,
} from './source.ts';

/** 0.7 is another, slower server. */
const version = '0.6.0b17';

const findDurationMsMax = 3_000;
/** The package is some 10 MB: seconds on a usual line, and nobody should wait longer than this on a slow one. */
const installDurationMsMax = 120_000;
/** Ready in 0.2 s. After a crash it first reads what it logged since its last checkpoint: 2 s for orders, 5 s for documents of
 * nothing but keys; this is for a machine that is busy with other things. */
const readyDurationMsMax = 60_000;

/** A log file is kept or removed whole. Files of this size are written as fast as the server's own 2 GB. */
const logFileSizeMax = '32MB';
/**
 * Settings of its storage engine, WiredTiger, which has them from the environment: the server has no options for them.
 *
 * A checkpoint after so much log, some 32,000 orders, because by itself the server makes none until it stops. After a crash it then
 * reads its whole log, from the last clean start on: 12 s after 200,000 orders, and after a million longer than it is waited for.
 *
 * And changed pages may fill a fifth of the cache instead of a twentieth before they are written. The newest places of all items
 * and accounts are each in a page of its own, so they were written again and again: a fifth of the database's CPU of an order.
 */
const engineSettings = [
  'checkpoint=(log_size=256MB)',
  'eviction_dirty_target=20',
  'eviction_dirty_trigger=40',
  'eviction_updates_target=20',
  'eviction_updates_trigger=40',
].join(',');

/**
 * The most that its cache takes, as it fills: this part of the memory that the process may use. Keys are random, so each
 * order writes to pages all over their indexes; once those are larger than the cache the server writes and reads pages
 * for each order. At 256 MB that began after 20,000 orders and made the database's CPU of an order four times as much.
 */
const cacheShare = 1 / 8;
/** In MB. The server's own default is 4 GB whatever the machine has. */
const cacheSizeMin = 256;
const cacheSizeMax = 4_096;

function cacheSize(): string {
  const bytes = Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
  const megabytes = Math.floor((bytes * cacheShare) / 2 ** 20);
  return `${Math.min(cacheSizeMax, Math.max(cacheSizeMin, megabytes))}M`;
}

const run = promisify(execFile);

export const secantus: DatabaseSource = {
  name: 'secantus',
  async find(context) {
    const installed = await findBinary(installDirOf(context));
    if (!installed) {
      if (process.platform !== 'linux' || process.arch !== 'x64') {
        return { found: false, why: `there is no build of it for ${process.platform} ${process.arch}` };
      }
      try {
        await run('python3', ['-c', 'import venv, ensurepip'], {
          timeout: findDurationMsMax,
          env: context.environment,
        });
      } catch {
        return { found: false, why: 'it needs python3 with the venv module to be installed' };
      }
    }
    return {
      found: true,
      start: async (options) => start(installed ?? (await install(context)), options),
    };
  },
};

async function start(binary: string, options: StartOptions): Promise<RunningDatabase> {
  const child = await startChild({
    name: 'SecantusDB',
    command: binary,
    args: [
      '--port',
      String(options.port),
      '--storage-path',
      options.dataDir,
      // Without it a kill -9 loses acknowledged writes.
      '--sync-on-commit',
      '--log-file-max',
      logFileSizeMax,
      '--cache-size',
      cacheSize(),
      '--log-level',
      'WARNING',
    ],
    // It would read a secantusd.toml in the folder that the user happens to be in.
    cwd: options.dataDir,
    env: { ...options.environment, WIREDTIGER_CONFIG: engineSettings },
    logFile: options.logFile,
    readyLine: /listening on 127\.0\.0\.1:(\d+)/,
    readyDurationMsMax,
    ...(options.signal ? { signal: options.signal } : {}),
  });
  return {
    uri: `mongodb://127.0.0.1:${child.ready[1]}/?directConnection=true`,
    pid: child.pid,
    exited: child.exited,
    stop: () => child.stop(databaseGraceMs),
    kill: async (signal) => child.signal(signal),
  };
}

function installDirOf(context: SourceContext): string {
  return join(context.cacheDir, `secantusdb-${version}`);
}

/** The server itself. The `secantusd-rs` in the environment's bin folder is a Python script that becomes it. */
async function findBinary(installDir: string): Promise<string | undefined> {
  const lib = join(installDir, 'lib');
  for (const python of await readdir(lib).catch(() => [])) {
    const binary = join(lib, python, 'site-packages', 'secantusdb.scripts', 'secantusd-rs');
    const exists = await access(binary).then(
      () => true,
      () => false,
    );
    if (exists) return binary;
  }
  return undefined;
}

/**
 * Installs into a folder of its own and then renames it: the final folder is complete or absent, also after a crash and
 * when two processes install at once. The server does not depend on the environment around it, so it may be moved.
 */
async function install(context: SourceContext): Promise<string> {
  context.report('installing the embedded database, once');
  await mkdir(context.cacheDir, { recursive: true });
  const limits = { timeout: installDurationMsMax, env: context.environment };
  const building = await mkdtemp(join(context.cacheDir, 'installing-'));
  try {
    await run('python3', ['-m', 'venv', building], limits);
    await run(
      join(building, 'bin', 'python3'),
      ['-m', 'pip', 'install', '--quiet', '--no-deps', '--only-binary', ':all:', `SecantusDB==${version}`],
      limits,
    ).catch((error: Error & { stderr?: string }) => {
      throw new Error(
        `pip could not install it: ${error.stderr?.trim().split('\n').at(-1) ?? error.message}`,
      );
    });
    await rename(building, installDirOf(context)).catch((error: NodeJS.ErrnoException) => {
      // Somebody else was faster.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(building, { recursive: true, force: true });
  }
  const binary = await findBinary(installDirOf(context));
  if (!binary) throw new Error(`SecantusDB ${version} does not contain its server`);
  return binary;
}
