// How much of this machine others took while something was measured: a ratio of two measurements says something only if both
// had the machine. Linux alone tells; elsewhere nobody knows.

import { readFile } from 'node:fs/promises';

/** Ticks of a core since the machine and the processes began. */
export interface Ticks {
  /** Of all cores, idle ones included. */
  readonly all: number;
  /** At work for programs, or taken by the host of a virtual machine. */
  readonly busy: number;
  /** Of those, for the processes that are measured. */
  readonly ours: number;
}

export interface Neighbours {
  /** The part of the machine, 0 to 1, that others took since the last look; undefined where that cannot be told. */
  look(): Promise<number | undefined>;
}

/** `pids`: every process that is measured, besides this one. */
export async function watchNeighbours(pids: readonly number[]): Promise<Neighbours> {
  let before = await ticksNow([process.pid, ...pids]);
  return {
    async look() {
      const after = await ticksNow([process.pid, ...pids]);
      const share = before && after && othersShare(before, after);
      before = after;
      return share;
    },
  };
}

export function othersShare(before: Ticks, after: Ticks): number {
  const busy = after.busy - before.busy - (after.ours - before.ours);
  return Math.max(0, busy) / Math.max(1, after.all - before.all);
}

/** The first line of /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal. */
export function machineTicks(stat: string): Pick<Ticks, 'all' | 'busy'> {
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = (
    stat.split('\n', 1)[0] ?? ''
  )
    .trim()
    .split(/ +/)
    .slice(1)
    .map(Number);
  // Interrupts are nobody's: on loopback most of them are ours.
  const busy = user + nice + system + steal;
  return { all: busy + idle + iowait + irq + softirq, busy };
}

/** User and system time of /proc/PID/stat, whose second field is a name in brackets that may hold blanks. */
export function processTicks(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

async function ticksNow(pids: readonly number[]): Promise<Ticks | undefined> {
  try {
    const stats = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8')));
    const machine = machineTicks(await readFile('/proc/stat', 'utf8'));
    return { ...machine, ours: stats.reduce((sum, stat) => sum + processTicks(stat), 0) };
  } catch {
    // No /proc, or one of ours has ended: undefined says so.
    return undefined;
  }
}
