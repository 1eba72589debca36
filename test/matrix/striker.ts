// The striker: strikes a run of the suite at chosen points and writes down every point that was reached. It stands at the
// failpoints; what happens to a thing on its way is the transit's matter. It knows no scenario.

import type { History } from '../simulation/history.ts';
import type { Meddling } from '../simulation/meddling.ts';
import type { SimulatedProcess } from '../simulation/process.ts';
import type { Scheduler } from '../simulation/scheduler.ts';
import type { ServiceName, Suite } from '../simulation/suite.ts';
import type { Fault } from './faults.ts';
import { detailOf, type Kind, nameOf, type Point, partsOf } from './points.ts';
import { createTransit, storeInTransit } from './transit.ts';
import { columnOf, isOfASuite, machineOf, serviceOf } from './whereabouts.ts';

export type Phase = 'first run' | 'compensation';

export interface Strike {
  /** A point's name. */
  readonly point: string;
  /** Only when it is reached in this phase; left out: in any. */
  readonly phase?: Phase;
  readonly fault: Fault;
}

export interface Reach {
  readonly point: Point;
  readonly name: string;
  readonly phase: Phase;
  /** How many strikes had struck by then. */
  readonly struckCount: number;
}

/**
 * A moment that a scenario waits for, or from which on it undoes: a failpoint is reached with this detail among others, or
 * an op of this type is in the database, whoever has heard of it.
 */
export interface Mark {
  readonly service: ServiceName;
  readonly place: string | typeof recorded;
  readonly detail: string;
}

export const recorded = 'recorded';

export interface Striker extends Meddling {
  /** From now on points are written down and struck. */
  arm(suite: Suite): void;
  /** From now on they are not: what is asked now is asked to see what became of it all. */
  disarm(): void;
  readonly reached: readonly Reach[];
  /** Strikes that never struck, because their point was not reached. */
  unstruck(): readonly Strike[];
  /** Resolves when the mark is passed. */
  passed(mark: Mark): Promise<void>;
  /** Nothing is on its way any more that was delayed on purpose. */
  isQuiet(): boolean;
  /** Writes and calls that no failpoint announced: nobody could be struck before them. */
  unannounced(): readonly string[];
}

export interface StrikerDependencies {
  readonly scheduler: Scheduler;
  readonly history: History;
  readonly strikes: readonly Strike[];
  /** From here on what is done is an undo. Left out: the scenario undoes nothing. */
  readonly turn?: Mark | undefined;
  /** Longer than every deadline in the suite. */
  readonly lateMs: number;
  /** Whether nobody says that a connection was lost, so that only the sender's own timer helps. */
  readonly isSilent: boolean;
}

/** How soon a killed process is there again. */
const restartMs = 700;

export function createStriker(deps: StrikerDependencies): Striker {
  const { scheduler, history, strikes, turn, lateMs } = deps;
  const transit = createTransit({ ...deps, kill, reach });
  const reached: Reach[] = [];
  const waiting: { mark: Mark; resolve: () => void }[] = [];
  const announced = new Set<string>();
  const unannounced: string[] = [];
  let suite: Suite | undefined;
  let struckCount = 0;
  let isTurned = false;

  function kill(process: SimulatedProcess): void {
    const machine = suite?.machines.find(({ name }) => name === machineOf(process));
    if (!machine) throw new Error(`${process.name} is no process of the suite`);
    machine.kill();
    scheduler.after(restartMs, machine.start);
  }

  function pass(service: ServiceName, place: string, details: readonly string[]): void {
    const isIt = (mark: Mark) =>
      mark.service === service && mark.place === place && details.includes(mark.detail);
    if (turn && isIt(turn)) isTurned = true;
    for (const each of waiting) if (isIt(each.mark)) each.resolve();
  }

  function reach(
    process: SimulatedProcess,
    place: string,
    details: readonly string[],
  ): Promise<void> | undefined {
    announced.add(`${process.name} ${place}`);
    // What a dead process had sent is still on its way; it itself reaches nothing any more.
    if (!suite || !process.isAlive()) return undefined;
    const service = serviceOf(process);
    pass(service, place, details);
    const point: Point = { service, place, detail: detailOf(details) };
    const name = nameOf(point);
    const phase: Phase = isTurned ? 'compensation' : 'first run';
    reached.push({ point, name, phase, struckCount });
    const strike = strikes[struckCount];
    if (strike?.point !== name || (strike.phase !== undefined && strike.phase !== phase)) return undefined;
    struckCount += 1;
    history.note(process.name, 'is struck:', strike.fault, name);
    return struck(process, point, strike.fault);
  }

  function struck(process: SimulatedProcess, point: Point, fault: Fault): Promise<void> | undefined {
    const { kind, side } = partsOf(point);
    if (fault === 'dies') {
      kill(process);
      return new Promise(() => undefined);
    }
    if (fault === 'too late') return heldUp(process, kind, side);
    if (kind === 'reply') transit.loseReply(process, point.detail);
    else transit.order(process, kind, fault);
    return undefined;
  }

  /** What goes out is on its way for so long; a process that does nothing but go on is paused, all of it. */
  function heldUp(process: SimulatedProcess, kind: Kind, side: string): Promise<void> | undefined {
    if (side === 'before' && (kind === 'call' || kind === 'ask')) {
      transit.order(process, kind, 'too late');
      return undefined;
    }
    const isWrite = kind === 'write' || kind === 'checkpoint';
    const isHeldElsewhere = kind === 'reply' || (isWrite && side === 'before');
    if (isHeldElsewhere) return new Promise((resolve) => process.after(lateMs, resolve));
    process.pauseFor(lateMs);
    return new Promise((resolve) => process.after(0, resolve));
  }

  function requireAnnounced(process: SimulatedProcess, place: string, what: string): void {
    if (!announced.delete(`${process.name} ${place}`)) unannounced.push(`${process.name}: ${what}`);
  }

  return {
    reach,
    provider: transit.provider,
    store(process, store) {
      const onInsert = (types: string[]) => {
        if (suite) pass(serviceOf(process), recorded, types);
      };
      const inTransit = storeInTransit(process, store, { ...transit, reach, onInsert });
      return {
        ...inTransit,
        insert(entries) {
          requireAnnounced(process, 'journal.before_insert', `insert ${entries.map(({ _id }) => _id)}`);
          return inTransit.insert(entries);
        },
      };
    },
    transport(from, service, inner) {
      const inTransit = transit.transport(from, service, inner);
      return {
        ...inTransit,
        unary(method, ...rest) {
          if (isOfASuite(from)) requireAnnounced(from, 'rpc.before_attempt', `call ${method.name}`);
          return inTransit.unary(method, ...rest);
        },
      };
    },
    /** A process calls its neighbours: so two callers at once are at two processes, all the way down. */
    reaches: (from, machine) => machine.endsWith(`-${columnOf(from)}`),

    arm(armed) {
      suite = armed;
    },
    disarm() {
      suite = undefined;
    },
    reached,
    unstruck: () => strikes.slice(struckCount),
    passed: (mark) =>
      new Promise((resolve) => {
        waiting.push({ mark, resolve });
      }),
    isQuiet: transit.isQuiet,
    unannounced: () => unannounced,
  };
}
