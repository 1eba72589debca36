// What processes used: CPU time and memory, read from Linux's /proc. Elsewhere there is nothing to read, and nothing is said.

import { readFile } from 'node:fs/promises';

export interface Usage {
  readonly cpuMs: number;
  readonly rssBytes: number;
}

/** Of all cores together: time in which they worked, and time that the machine's host took away. */
export interface MachineTime {
  readonly busyMs: number;
  readonly stolenMs: number;
}

/** The kernel's unit in /proc is a hundredth of a second on every architecture that Node runs on. */
const tickMs = 10;
const kilobyte = 1024;

/** Undefined when there is no such process, or no /proc. */
export async function usageOf(pid: number): Promise<Usage | undefined> {
  try {
    const [stat, status] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile(`/proc/${pid}/status`, 'utf8'),
    ]);
    // The command's name may contain anything; what follows its closing bracket is numbers. utime and stime are fields 14, 15.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const rss = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
    return {
      cpuMs: (Number(fields[11]) + Number(fields[12])) * tickMs,
      rssBytes: Number(rss ?? 0) * kilobyte,
    };
  } catch {
    return undefined;
  }
}

/** Undefined where there is no /proc. */
export async function machineTime(): Promise<MachineTime | undefined> {
  try {
    const [, line = ''] = /^cpu +(.*)$/m.exec(await readFile('/proc/stat', 'utf8')) ?? [];
    const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = line.split(' ').map(Number);
    return { busyMs: (user + nice + system + irq + softirq) * tickMs, stolenMs: steal * tickMs };
  } catch {
    return undefined;
  }
}
