// Programs of other people that tests run as a person would: found on this machine, run, and their output kept.

import { execFile } from 'node:child_process';
import { access, mkdtemp } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const projectDir = fileURLToPath(new URL('../../', import.meta.url));
/** The pinned one, not one of the machine. */
export const buf = join(projectDir, 'node_modules', '.bin', 'buf');

/** A call takes tens of milliseconds; a build of grpcurl, once on a machine, takes up to a minute. */
const callMsMax = 20_000;
const installMsMax = 120_000;
const grpcurlVersion = 'v1.9.3';

/** Runs a program to its end, whatever its exit code. */
export async function run(command: string, args: readonly string[]): Promise<Ran> {
  try {
    const { stdout, stderr } = await promisify(execFile)(command, args, {
      cwd: projectDir,
      timeout: callMsMax,
    });
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code?: unknown; stdout?: string; stderr?: string };
    if (typeof code !== 'number') throw error;
    return { code, stdout: stdout ?? '', stderr: stderr ?? '' };
  }
}

export async function findCommand(name: string): Promise<string | undefined> {
  const gobin = process.env['GOBIN'];
  const dirs = [
    ...(process.env['PATH'] ?? '').split(delimiter),
    ...(gobin ? [gobin] : []),
    join(homedir(), 'go', 'bin'),
  ];
  for (const dir of dirs) {
    const file = join(dir, name);
    if (
      await access(file).then(
        () => true,
        () => false,
      )
    )
      return file;
  }
  return undefined;
}

/** grpcurl of this machine; built into a folder of its own where there is only Go; undefined where there is neither. */
export async function findGrpcurl(): Promise<string | undefined> {
  const found = await findCommand('grpcurl');
  if (found) return found;
  const go = await findCommand('go');
  if (!go) return undefined;
  const bin = await mkdtemp(join(tmpdir(), 'twicesafe-grpcurl-'));
  try {
    await promisify(execFile)(
      go,
      ['install', `github.com/fullstorydev/grpcurl/cmd/grpcurl@${grpcurlVersion}`],
      {
        env: { ...process.env, GOBIN: bin },
        timeout: installMsMax,
      },
    );
    return join(bin, 'grpcurl');
  } catch {
    // No module proxy in reach: as good as no Go.
    return undefined;
  }
}
