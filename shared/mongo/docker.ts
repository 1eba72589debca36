// MongoDB in a container as the database, through testcontainers, whose reaper removes the container when this process is
// gone. A development package: where it is not installed, this source is not found.
// Not run where it was written (no Docker daemon there); see CONTRIBUTING.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Exit } from '../processes/index.ts';
import { becomePrimary, replicaSetName } from './mongod.ts';
import { type DatabaseSource, databaseGraceMs, type RunningDatabase, type StartOptions } from './source.ts';

const image = 'mongo:8';
const mongodPort = 27_017;

/** A daemon that is there answers in milliseconds; one that hangs must not hold up the next source. */
const findDurationMsMax = 2_000;
/** Includes pulling the image the first time. */
const startDurationMsMax = 180_000;

export const docker: DatabaseSource = {
  name: 'docker',
  async find(context) {
    try {
      await promisify(execFile)('docker', ['info', '--format', '{{.ServerVersion}}'], {
        timeout: findDurationMsMax,
        env: context.environment,
      });
    } catch {
      return { found: false, why: 'no Docker daemon answers' };
    }
    const testcontainers = await import('testcontainers').catch(() => undefined);
    if (!testcontainers) return { found: false, why: 'testcontainers is not installed' };
    return {
      found: true,
      start(options) {
        context.report(`starting ${image} in Docker`);
        return start(testcontainers, options);
      },
    };
  },
};

async function start(
  { GenericContainer, getContainerRuntimeClient, Wait }: typeof import('testcontainers'),
  options: StartOptions,
): Promise<RunningDatabase> {
  const container = new GenericContainer(image)
    .withCommand(['mongod', '--bind_ip_all', '--replSet', replicaSetName])
    .withExposedPorts({ container: mongodPort, host: options.port })
    .withBindMounts([{ source: options.dataDir, target: '/data/db' }])
    .withWaitStrategy(Wait.forLogMessage('Waiting for connections'))
    .withStartupTimeout(startDurationMsMax);
  // The files belong to whoever runs this, so that they can be deleted without being root.
  if (process.getuid && process.getgid) container.withUser(`${process.getuid()}:${process.getgid()}`);
  const started = await container.start();

  const uri = `mongodb://${started.getHost()}:${options.port}/?directConnection=true`;
  try {
    // Its own name for itself: the port inside the container never changes, so kept data always fits.
    await becomePrimary(uri, `127.0.0.1:${mongodPort}`);
  } catch (error) {
    await started.stop();
    throw error;
  }
  const handle = (await getContainerRuntimeClient()).container.getById(started.getId());
  const exited = handle.wait().then(({ StatusCode }): Exit => ({ code: StatusCode, signal: null }));
  return {
    uri,
    pid: undefined,
    exited,
    stop: async () => void (await started.stop({ timeout: databaseGraceMs })),
    kill: async (signal) => void (await handle.kill({ signal })),
  };
}
