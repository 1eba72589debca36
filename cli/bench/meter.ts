// Reads what each process and the machine used between two moments.

import type { MachineUse, Used } from './measured.ts';
import { type MachineTime, machineTime, type Usage, usageOf } from './usage.ts';

/** Name and process; several processes may have one name, and are added up. */
export type Watched = readonly (readonly [name: string, pid: number])[];

export interface Reading {
  readonly usages: ReadonlyMap<number, Usage>;
  readonly machine: MachineTime | undefined;
}

export async function read(watched: Watched): Promise<Reading> {
  const usages = new Map<number, Usage>();
  await Promise.all(
    watched.map(async ([, pid]) => {
      const usage = await usageOf(pid);
      if (usage) usages.set(pid, usage);
    }),
  );
  return { usages, machine: await machineTime() };
}

export function usedBetween(
  watched: Watched,
  before: Reading,
  after: Reading,
  count: number,
): { readonly usage: Record<string, Used>; readonly machine?: MachineUse } {
  const usage: Record<string, Used> = {};
  let oursMs = 0;
  for (const [name, pid] of watched) {
    const [from, to] = [before.usages.get(pid), after.usages.get(pid)];
    if (!from || !to) continue;
    const cpuMs = to.cpuMs - from.cpuMs;
    oursMs += cpuMs;
    const known = usage[name] ?? { cpuSeconds: 0, cpuMsPerCount: 0, rssBytes: 0 };
    usage[name] = {
      cpuSeconds: known.cpuSeconds + cpuMs / 1_000,
      cpuMsPerCount: known.cpuMsPerCount + (count === 0 ? 0 : cpuMs / count),
      rssBytes: known.rssBytes + to.rssBytes,
    };
  }
  if (!before.machine || !after.machine) return { usage };
  const busyMs = after.machine.busyMs - before.machine.busyMs;
  const stolenMs = after.machine.stolenMs - before.machine.stolenMs;
  return {
    usage,
    machine: {
      busySeconds: busyMs / 1_000,
      // Ticks are rounded for each process: a few hundredths below nothing are nothing.
      othersSeconds: Math.max(0, busyMs - oursMs) / 1_000,
      stolenSeconds: stolenMs / 1_000,
    },
  };
}
