// Whereabouts: what the name of a simulated process says of it. `order-1#3` is the third life of the machine order-1.

import type { SimulatedProcess } from '../simulation/process.ts';
import type { ServiceName } from '../simulation/suite.ts';

export function serviceOf(process: SimulatedProcess): ServiceName {
  return process.name.split('-')[0] as ServiceName;
}

export function machineOf(process: SimulatedProcess): string {
  return process.name.split('#')[0] ?? process.name;
}

/** The place among the processes of a service, and the caller who asks there: `1` of `order-1#3` and of `caller-1`. */
export function columnOf(process: SimulatedProcess): string {
  return /-(\d+)/.exec(process.name)?.[1] ?? '1';
}

/** Not a caller. */
export function isOfASuite(process: SimulatedProcess): boolean {
  return process.name.includes('#');
}
