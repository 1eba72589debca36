// Whose a server process is: a record beside its data, so that a start after a crash finds and ends what was left over,
// and never ends what belongs to somebody else.

import { execFile } from 'node:child_process';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

/** A process at one time of its life: a number that is used again later has another mark. */
interface Identity {
  readonly pid: number;
  /** Its start time and its command line. */
  readonly mark: string;
}

interface Ownership {
  readonly owner: Identity;
  readonly child: Identity;
}

/** The data belongs to a twicesafe process that is running. */
export class InUseError extends Error {
  readonly ownerPid: number;
  constructor(ownerPid: number) {
    super(`it is in use by process ${ownerPid}`);
    this.name = 'InUseError';
    this.ownerPid = ownerPid;
  }
}

/** A leftover gets so long to close its files before it is killed. */
const leftoverGraceMs = 10_000;
const leftoverPollMs = 50;

/** Records that this process started `childPid`. Overwrites the record of a child that is gone. */
export async function recordChild(file: string, childPid: number): Promise<void> {
  const [owner, child] = await Promise.all([identify(process.pid), identify(childPid)]);
  // A system on which processes cannot be told apart keeps no record: then nothing is ever ended by mistake.
  if (!owner || !child) return;
  // Written aside and renamed: a crash leaves the old record or the new one, never half of one.
  await writeFile(`${file}.new`, JSON.stringify({ owner, child } satisfies Ownership));
  await rename(`${file}.new`, file);
}

/** After the child ended as it should: there is nothing to remember. */
export async function forgetChild(file: string): Promise<void> {
  await rm(file, { force: true });
}

/**
 * Ends the recorded child if it is still the same process and the one who started it is gone. Throws `InUseError` when
 * the owner is alive. Returns the pid that was ended, or undefined when there was nothing to end.
 */
export async function endLeftover(file: string): Promise<number | undefined> {
  const ownership = await readOwnership(file);
  if (!ownership) return undefined;
  const { owner, child } = ownership;
  const childLives = () => isAlive(child);
  const isOurs = owner.pid === process.pid;
  // Another owner that lives may be about to start a dead child again; only we know that we are not.
  if ((await isAlive(owner)) && (!isOurs || (await childLives()))) throw new InUseError(owner.pid);
  if (!(await childLives())) {
    await forgetChild(file);
    return undefined;
  }

  const { pid } = child;
  process.kill(pid, 'SIGTERM');
  if (!(await isGoneWithin(leftoverGraceMs, childLives))) {
    process.kill(pid, 'SIGKILL');
    if (!(await isGoneWithin(leftoverGraceMs, childLives))) throw new Error(`process ${pid} does not end`);
  }
  await forgetChild(file);
  return pid;
}

async function isGoneWithin(durationMs: number, lives: () => Promise<boolean>): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < durationMs; waitedMs += leftoverPollMs) {
    if (!(await lives())) return true;
    await sleep(leftoverPollMs);
  }
  return false;
}

async function readOwnership(file: string): Promise<Ownership | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Ownership;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function isAlive(identity: Identity): Promise<boolean> {
  return (await identify(identity.pid))?.mark === identity.mark;
}

async function identify(pid: number): Promise<Identity | undefined> {
  const mark = (await markFromProc(pid)) ?? (await markFromPs(pid));
  return mark ? { pid, mark } : undefined;
}

/** Linux: field 22 of stat is the start time; the fields before it are counted from the end of the command's name. */
async function markFromProc(pid: number): Promise<string | undefined> {
  try {
    const [stat, commandLine] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile(`/proc/${pid}/cmdline`, 'utf8'),
    ]);
    const startTime = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return `${startTime} ${commandLine.replaceAll('\0', ' ').trim()}`;
  } catch {
    // No such process, or no /proc: ps decides.
    return undefined;
  }
}

async function markFromPs(pid: number): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'lstart=,args=', '-p', String(pid)]);
    return stdout.trim() || undefined;
  } catch {
    // ps fails when there is no such process, and when there is no ps: either way it cannot be told to be ours.
    return undefined;
  }
}
