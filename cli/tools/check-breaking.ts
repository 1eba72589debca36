// Fails when the protos break callers of an earlier version. The earlier version is the last tag; before the first tag,
// where this branch left main; on main itself, the commit before. A clone that contains none of them (depth 1) has nothing
// to compare with, says so, and passes. Before the first tag a break that is meant is declared in its commit's message
// with a line `Breaking-proto: why`.

import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { buf, projectDir } from './buf.ts';

const run = promisify(execFile);

const protoPaths = ['buf.yaml', 'proto', 'proto-third-party'];

process.exitCode = await checkBreaking();

async function checkBreaking(): Promise<number> {
  const tag = await git('describe', '--tags', '--abbrev=0');
  const base = tag ?? (await forkFromMain()) ?? (await git('rev-parse', '--verify', 'HEAD^'));
  if (!base || !(await git('cat-file', '-e', `${base}:buf.yaml`))) {
    console.log('breaking changes: no earlier version of the protos in this clone, nothing to compare with');
    return 0;
  }
  const declared = tag
    ? undefined
    : await git('log', '--format=%h %s', '--grep=^Breaking-proto: ', `${base}..HEAD`);
  if (declared) {
    console.log(`breaking changes: declared before the first release by ${declared.replaceAll('\n', '; ')}`);
    return 0;
  }
  return compareWith(base);
}

async function compareWith(base: string): Promise<number> {
  const aside = await mkdtemp(join(tmpdir(), 'twicesafe-breaking-'));
  try {
    await run('git', ['archive', '--output', join(aside, 'protos.tar'), base, ...protoPaths], {
      cwd: projectDir,
    });
    await buf('breaking', '--against', `${join(aside, 'protos.tar')}`);
    return 0;
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: Buffer; stderr?: Buffer };
    console.error(`The protos break callers of ${base}:\n${stdout ?? ''}${stderr ?? ''}`.trim());
    return 1;
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

/** Undefined on main itself, where the fork is HEAD. */
async function forkFromMain(): Promise<string | undefined> {
  const head = await git('rev-parse', 'HEAD');
  for (const main of ['origin/main', 'main']) {
    const fork = await git('merge-base', 'HEAD', main);
    if (fork) return fork === head ? undefined : fork;
  }
  return undefined;
}

/** What git prints, or undefined when it has no answer (no such tag, no parent, no repository). */
async function git(...args: string[]): Promise<string | undefined> {
  try {
    const { stdout } = await run('git', args, { cwd: projectDir });
    // An object that exists is answered with nothing at all.
    return args[0] === 'cat-file' ? 'yes' : stdout.trim() || undefined;
  } catch {
    return undefined;
  }
}
