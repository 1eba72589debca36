// Where a report comes from: which code, and the command that repeats the storm's decisions.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The commit of the code, with `+` when it was changed since; `unknown` where there is no git. */
export async function commitNow(): Promise<string> {
  const options = { cwd: import.meta.dirname };
  try {
    const { stdout: commit } = await run('git', ['rev-parse', '--short', 'HEAD'], options);
    const { stdout: changes } = await run('git', ['status', '--porcelain', '--untracked-files=no'], options);
    return `${commit.trim()}${changes.trim() === '' ? '' : '+'}`;
  } catch {
    // An installed copy has no history. The seed and the options still say what was done.
    return 'unknown';
  }
}

/** Options are those that this process was given; tokens are not repeated. */
export function commandFor(seed: number, commandLine: readonly string[]): string {
  const options: string[] = [];
  for (let index = 0; index < commandLine.length; index += 1) {
    const option = commandLine[index] ?? '';
    const [name = ''] = option.split('=');
    if (['--seed', '--token', '--callers'].includes(name)) {
      if (!option.includes('=')) index += 1;
      continue;
    }
    options.push(option);
  }
  return ['npm run storm --', ...options, '--seed', String(seed)].join(' ');
}
