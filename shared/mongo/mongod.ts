// A mongod of this machine as the database: a replica set of one node, because only a replica set has majority reads
// and survives as the deployments that it stands for do. Not run where it was written (no mongod there); see CONTRIBUTING.

import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Db, MongoClient, MongoServerError } from 'mongodb';
import { startChild } from '../processes/index.ts';
import { type DatabaseSource, databaseGraceMs, type RunningDatabase, type StartOptions } from './source.ts';

export const replicaSetName = 'twicesafe';

const findDurationMsMax = 3_000;
/** A clean start takes a second; recovery after a crash reads its journal. */
const readyDurationMsMax = 60_000;
/** A set of one elects itself at once; this is for a busy machine. */
const primaryDurationMsMax = 20_000;
const primaryPollMs = 50;

export const mongod: DatabaseSource = {
  name: 'mongod',
  async find({ environment }) {
    try {
      await promisify(execFile)('mongod', ['--version'], { timeout: findDurationMsMax, env: environment });
    } catch {
      return { found: false, why: 'there is no mongod on PATH' };
    }
    return { found: true, start: (options) => startMongod('mongod', options) };
  },
};

/** Starts the binary on kept or fresh data and resolves when it is the primary of its set. */
export async function startMongod(binary: string, options: StartOptions): Promise<RunningDatabase> {
  const child = await startChild({
    name: 'mongod',
    command: binary,
    args: [
      '--port',
      String(options.port),
      '--bind_ip',
      '127.0.0.1',
      '--dbpath',
      options.dataDir,
      '--replSet',
      replicaSetName,
    ],
    cwd: options.dataDir,
    env: options.environment,
    logFile: options.logFile,
    readyLine: /Waiting for connections.*"port":(\d+)/,
    readyDurationMsMax,
    ...(options.signal ? { signal: options.signal } : {}),
  });
  const address = `127.0.0.1:${child.ready[1]}`;
  const uri = `mongodb://${address}/?directConnection=true`;
  try {
    await becomePrimary(uri, address);
  } catch (error) {
    await child.stop(databaseGraceMs);
    throw error;
  }
  return {
    uri,
    pid: child.pid,
    exited: child.exited,
    stop: () => child.stop(databaseGraceMs),
    kill: async (signal) => child.signal(signal),
  };
}

/** Makes the node at `uri` the primary of a set of one, whose member is called `memberAddress`. Safe to repeat. */
export async function becomePrimary(uri: string, memberAddress: string): Promise<void> {
  const client = new MongoClient(uri, { serverSelectionTimeoutMS: primaryDurationMsMax });
  try {
    const admin = client.db('admin');
    await configureSet(admin, memberAddress);
    for (let waitedMs = 0; waitedMs < primaryDurationMsMax; waitedMs += primaryPollMs) {
      if ((await admin.command({ hello: 1 }))['isWritablePrimary'] === true) return;
      await sleep(primaryPollMs);
    }
    throw new Error(`the node did not become primary within ${primaryDurationMsMax} ms`);
  } finally {
    await client.close();
  }
}

async function configureSet(admin: Db, host: string): Promise<void> {
  const members = [{ _id: 0, host }];
  try {
    const { config } = await admin.command({ replSetGetConfig: 1 });
    if (config.members.length === 1 && config.members[0].host === host) return;
    // Kept data on another port: the node does not find itself in its own set. Only `force` works without a primary.
    await admin.command({
      replSetReconfig: { ...config, version: config.version + 1, members },
      force: true,
    });
  } catch (error) {
    if (!(error instanceof MongoServerError) || error.codeName !== 'NotYetInitialized') throw error;
    await admin.command({ replSetInitiate: { _id: replicaSetName, members } });
  }
}
