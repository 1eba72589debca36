// Runs buf in the project's folder. It never needs the network: no remote dependency, no remote plugin.

import { execFile } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const projectDir = fileURLToPath(new URL('../../', import.meta.url));

/** An image of our protos is far below this. */
const outputBytesMax = 64 * 1024 * 1024;

/** Standard output of `buf <args>`; rejects with an error that carries `stdout` and `stderr` when buf objects. */
export async function buf(...args: string[]): Promise<Buffer> {
  // buf looks for its plugins on PATH, and they must be the pinned ones also outside npm scripts.
  const bin = join(projectDir, 'node_modules', '.bin');
  const { stdout } = await promisify(execFile)(join(bin, 'buf'), args, {
    cwd: projectDir,
    encoding: 'buffer',
    maxBuffer: outputBytesMax,
    env: { ...process.env, PATH: [bin, process.env['PATH']].join(delimiter) },
  });
  return stdout;
}
