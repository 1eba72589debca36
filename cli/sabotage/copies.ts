// Copies of the tree: one snapshot of what is there now, then a copy of it for each sabotage. The tree itself is only read.

import { execFile } from 'node:child_process';
import { cp, mkdir, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

/** The names of all files of the tree: a few hundred; beyond this it is not this project. */
const namesBytesMax = 4 * 1024 * 1024;

export interface Copies {
  /** The snapshot, which nobody changes. */
  readonly untouched: string;
  /** Runs `work` in a fresh copy of the snapshot and removes the copy afterwards. */
  inCopy<T>(name: string, work: (dir: string) => Promise<T>): Promise<T>;
}

/**
 * Takes the snapshot of `treeDir` into `rootDir`: every file that git has or would take, as it lies there. All runs see
 * the same, whoever edits the tree meanwhile.
 */
export async function takeCopies(treeDir: string, rootDir: string): Promise<Copies> {
  const untouched = join(rootDir, 'untouched');
  for (const name of await namesOf(treeDir)) {
    const target = join(untouched, name);
    await mkdir(dirname(target), { recursive: true });
    await cp(join(treeDir, name), target).catch((error: NodeJS.ErrnoException) => {
      // Deleted, but not in git's eyes yet.
      if (error.code !== 'ENOENT') throw error;
    });
  }
  // Not copied: it is large, and no test writes into it.
  await symlink(join(treeDir, 'node_modules'), join(untouched, 'node_modules'));
  return {
    untouched,
    async inCopy(name, work) {
      const dir = join(rootDir, name);
      await cp(untouched, dir, { recursive: true, verbatimSymlinks: true });
      try {
        return await work(dir);
      } finally {
        await rm(dir, { recursive: true, force: true });
      }
    },
  };
}

async function namesOf(treeDir: string): Promise<string[]> {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', '-z'];
  const { stdout } = await promisify(execFile)('git', args, { cwd: treeDir, maxBuffer: namesBytesMax });
  return stdout.split('\0').filter((name) => name !== '');
}
