// Stripe's own double, stripe-mock: knows every request's shape and remembers nothing. Built with Go, where that is.

import { execFile } from 'node:child_process';
import { access, mkdtemp } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Child, freePort, startChild } from '../../shared/processes/index.ts';

/** Its schema is that of one day; a newer one is read before it is taken. */
const version = 'v0.203.0';
const buildMsMax = 120_000;
const readyDurationMsMax = 20_000;
const graceMs = 1_000;

/** Where it is, or the reason why it is not. Built once a machine. */
async function findOrBuild(): Promise<{ path: string } | { reason: string }> {
  const folder = join(homedir(), '.cache', 'twicesafe', 'bin');
  const path = join(folder, 'stripe-mock');
  if (
    await access(path).then(
      () => true,
      () => false,
    )
  )
    return { path };
  try {
    await promisify(execFile)('go', ['install', `github.com/stripe/stripe-mock@${version}`], {
      env: { ...process.env, GOBIN: folder },
      timeout: buildMsMax,
    });
    return { path };
  } catch (error) {
    return {
      reason: `stripe-mock cannot be built: ${error instanceof Error ? error.message.split('\n')[0] : error}`,
    };
  }
}

export async function startStripeMock(): Promise<
  { address: string; stop(): Promise<void> } | { reason: string }
> {
  const found = await findOrBuild();
  if ('reason' in found) return found;
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'stripe-mock-'));
  const child: Child = await startChild({
    name: 'stripe-mock',
    command: found.path,
    args: ['-http-port', String(port)],
    logFile: join(folder, 'stripe-mock.log'),
    readyLine: /Listening for HTTP at address/,
    readyDurationMsMax,
  });
  return { address: `http://127.0.0.1:${port}`, stop: () => child.stop(graceMs) };
}
