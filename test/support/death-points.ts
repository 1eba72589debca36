// The places at which a process is made to die, by their names: before and after each write and step, and around each answer.

export type Process = 'order' | 'inventory' | 'payment';

export interface DeathPoint {
  readonly process: Process;
  /** As FAILPOINTS takes it. */
  readonly point: string;
}

/** Before and after every write of these types. */
export function writes(process: Process, types: readonly string[]): DeathPoint[] {
  return pointsOf(process, ['journal.before_insert', 'journal.after_insert'], types);
}

/** Before and after these steps of an order's saga. */
export function steps(names: readonly string[]): DeathPoint[] {
  return pointsOf('order', ['saga.before_step', 'saga.after_step'], names);
}

/** When the request is here, and when only the answer is missing. */
export function answers(process: Process, rpcs: readonly string[]): DeathPoint[] {
  return pointsOf(process, ['rpc.before_handler', 'rpc.before_answer'], rpcs);
}

function pointsOf(process: Process, places: readonly string[], details: readonly string[]): DeathPoint[] {
  return details.flatMap((detail) => places.map((place) => ({ process, point: `${place}/${detail}` })));
}
