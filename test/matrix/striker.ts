// The striker: strikes a run of the suite at chosen points and writes down every point that was reached. It stands at the
// failpoints, between processes and databases, and between processes and services; it knows no scenario.

import { Code, ConnectError, type Transport } from '@connectrpc/connect';
import type { JournalStore } from '../../shared/journal/index.ts';
import type { History } from '../simulation/history.ts';
import type { Meddling } from '../simulation/meddling.ts';
import type { SimulatedProcess } from '../simulation/process.ts';
import type { Scheduler } from '../simulation/scheduler.ts';
import type { ServiceName, Suite } from '../simulation/suite.ts';
import type { Fault } from './faults.ts';
import { detailOf, type Kind, nameOf, type Point, partsOf } from './points.ts';

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
  /** Resolves when the mark is reached. */
  passed(mark: Mark): Promise<void>;
  /** Nothing is on its way any more that was delayed on purpose. */
  isQuiet(): boolean;
  /** Writes and calls that no failpoint announced. */
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
  /** Whether nobody says that a connection was lost, so that only the caller's own timer helps. */
  readonly isSilent: boolean;
}

/** How soon a killed process is there again. */
const restartMs = 700;
/** How soon a lost connection shows, where it does. */
const brokenMs = 5;
/** A write that outlives its writer is there at the latest by then, also when nobody else writes. */
const outlivingMsMax = 4_000;

/** How long a payment process waits for the card provider. */
const providerTimeoutMs = 15_000;

const never = () => new Promise<never>(() => undefined);

export function createStriker(deps: StrikerDependencies): Striker {
  const { scheduler, history, strikes, turn, lateMs, isSilent } = deps;
  const reached: Reach[] = [];
  const waiting: { mark: Mark; resolve: () => void }[] = [];
  const announced = new Map<string, string>();
  const unannounced: string[] = [];
  /** What happens to the next thing that a process sends: by process and kind. */
  const sending = new Map<string, Fault>();
  /** Replies that are lost on their way: by machine and RPC. */
  const lostReplies = new Set<string>();
  const outliving = new Map<string, (() => Promise<void>)[]>();
  let suite: Suite | undefined;
  let struckCount = 0;
  let isTurned = false;
  let onTheWayCount = 0;

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

  function reach(process: SimulatedProcess, place: string, details: readonly string[]) {
    const service = serviceOf(process);
    announced.set(`${process.name} ${place}`, detailOf(details));
    // What a dead process had sent is still on its way; it itself reaches nothing any more.
    if (!suite || !process.isAlive()) return undefined;
    const point: Point = { service, place, detail: detailOf(details) };
    pass(service, place, details);
    const phase: Phase = isTurned ? 'compensation' : 'first run';
    const name = nameOf(point);
    reached.push({ point, name, phase, struckCount });
    const strike = strikes[struckCount];
    if (strike?.point !== name || (strike.phase !== undefined && strike.phase !== phase)) return undefined;
    struckCount += 1;
    history.note(process.name, 'is struck:', strike.fault, name);
    return struck(process, point, strike.fault);
  }

  function struck(process: SimulatedProcess, point: Point, fault: Fault): Promise<void> | undefined {
    const { kind, side } = partsOf(point);
    switch (fault) {
      case 'dies':
        kill(process);
        return never();
      case 'too late':
        return heldUp(process, kind, side);
      default:
        if (kind === 'reply') lostReplies.add(`${machineOf(process)} ${point.detail}`);
        else sending.set(`${process.name} ${kind}`, fault);
        return undefined;
    }
  }

  /** What goes out is on its way for so long; a process that does nothing but go on is paused, all of it. */
  function heldUp(process: SimulatedProcess, kind: Kind, side: string): Promise<void> | undefined {
    if ((kind === 'call' || kind === 'ask') && side === 'before') {
      sending.set(`${process.name} ${kind}`, 'too late');
      return undefined;
    }
    const isHeldElsewhere =
      kind === 'reply' || (side === 'before' && (kind === 'write' || kind === 'checkpoint'));
    if (isHeldElsewhere) return new Promise((resolve) => process.after(lateMs, resolve));
    process.pauseFor(lateMs);
    return new Promise((resolve) => process.after(0, resolve));
  }

  function takeFault(process: SimulatedProcess, kind: Kind): Fault | undefined {
    const name = `${process.name} ${kind}`;
    const fault = sending.get(name);
    sending.delete(name);
    return fault;
  }

  function requireAnnounced(process: SimulatedProcess, place: string, what: string): void {
    if (!announced.delete(`${process.name} ${place}`)) unannounced.push(`${process.name}: ${what}`);
  }

  /** Lets `work` happen when its sender is dead and before anybody else writes there. */
  function outlive(process: SimulatedProcess, work: () => Promise<void>): Promise<never> {
    const service = serviceOf(process);
    let isOver = false;
    const once = async () => {
      if (isOver) return;
      isOver = true;
      onTheWayCount -= 1;
      history.note(process.name, 'is dead, and is obeyed');
      await work();
    };
    onTheWayCount += 1;
    outliving.set(service, [...(outliving.get(service) ?? []), once]);
    scheduler.after(outlivingMsMax, () => void once());
    kill(process);
    return never();
  }

  /** Sends it when its sender has long given up. */
  function sendLate(send: () => Promise<unknown>): void {
    onTheWayCount += 1;
    scheduler.after(lateMs, () => {
      onTheWayCount -= 1;
      void send().catch(() => undefined);
    });
  }

  async function sendTo<T>(from: SimulatedProcess, ask: () => Promise<T>): Promise<T> {
    switch (takeFault(from, 'ask')) {
      case 'dies, obeyed later':
        return outlive(from, async () => void ask().catch(() => undefined));
      case 'answer lost':
        await ask();
        throw new Error('the connection closed');
      case 'not done':
        throw new Error('the connection closed');
      case 'too late':
        sendLate(ask);
        return new Promise((_, reject) => from.after(providerTimeoutMs, () => reject(new Error('too late'))));
      default:
        return ask();
    }
  }

  async function write<T>(process: SimulatedProcess, kind: Kind, work: () => Promise<T>): Promise<T> {
    const fault = takeFault(process, kind);
    const late = outliving.get(serviceOf(process)) ?? [];
    outliving.delete(serviceOf(process));
    for (const once of late) await once();
    switch (fault) {
      case 'dies, obeyed later':
        return outlive(process, async () => void (await work()));
      case 'answer lost':
        await work();
        throw new Error('the connection closed');
      case 'not done':
        throw new Error('the connection closed');
      default:
        return work();
    }
  }

  return {
    reach,
    store: (process, store): JournalStore => ({
      ...store,
      insert(entries) {
        requireAnnounced(process, 'journal.before_insert', entries.map(({ _id }) => _id).join(' '));
        return write(process, 'write', async () => {
          const answers = await store.insert(entries);
          const inserted = entries.filter((_, index) => answers[index] === 'inserted');
          const types = inserted.flatMap(({ ops }) => ops.map(({ type }) => type));
          if (suite) pass(serviceOf(process), recorded, types);
          return answers;
        });
      },
      async writeCheckpoint(checkpoint) {
        await reach(process, 'store.before_checkpoint', []);
        await write(process, 'checkpoint', () => store.writeCheckpoint(checkpoint));
        await reach(process, 'store.after_checkpoint', []);
      },
    }),

    transport: (from, service, inner): Transport => ({
      ...inner,
      async unary(method, signal, timeoutMs, header, input, contextValues) {
        const isOurs = from.name.includes('#');
        if (isOurs) requireAnnounced(from, 'rpc.before_attempt', method.name);
        // The client changes its headers for the next attempt.
        const sent = new Headers(header);
        const send = (until: AbortSignal | undefined) =>
          inner.unary(method, until, timeoutMs, sent, input, contextValues);
        const isLost = () => lostReplies.delete(`${service}-${columnOf(from)} ${method.name}`);
        switch (isOurs ? takeFault(from, 'call') : undefined) {
          case 'not done':
            return lost(from, signal);
          case 'dies, obeyed later':
            return outlive(from, async () => void send(undefined).catch(() => undefined));
          case 'too late':
            sendLate(() => send(undefined));
            return lost(from, signal);
          default:
        }
        try {
          const answer = await send(signal);
          return isLost() ? await lost(from, signal) : answer;
        } catch (error) {
          // A refusal is a reply, too.
          if (!signal?.aborted && isLost()) return lost(from, signal);
          throw error;
        }
      },
    }),

    async provider(from, what, ask) {
      // One ask of the flow may be several requests. Without the ids, which say nothing of what is done.
      const request = what.replaceAll(/\/[a-z]+_[A-Za-z0-9]{8,}/g, '/…');
      await reach(from, 'provider.before_request', [request]);
      const answer = await sendTo(from, ask);
      await reach(from, 'provider.after_request', [request]);
      return answer;
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
    isQuiet: () => onTheWayCount === 0,
    unannounced: () => unannounced,
  };

  /** The connection is lost; nobody says so, or somebody soon does. */
  function lost(from: SimulatedProcess, signal: AbortSignal | undefined): Promise<never> {
    return new Promise((_, reject) => {
      const onAbort = () => reject(ConnectError.from(signal?.reason, Code.Canceled));
      if (signal?.aborted) return onAbort();
      signal?.addEventListener('abort', onAbort);
      if (!isSilent)
        from.after(brokenMs, () => reject(new ConnectError('connection lost', Code.Unavailable)));
    });
  }
}

/** `order` of `order-1#3`. */
function serviceOf(process: SimulatedProcess): ServiceName {
  return process.name.split('-')[0] as ServiceName;
}

/** `order-1` of `order-1#3`. */
function machineOf(process: SimulatedProcess): string {
  return process.name.split('#')[0] ?? process.name;
}

/** The place among the processes of a service, and the caller who asks there: `1` of `order-1#3` and of `caller-1`. */
function columnOf(process: SimulatedProcess): string {
  return /-(\d+)/.exec(process.name)?.[1] ?? '1';
}
