// Transit: whatever a process sends to its database, to another service or to the card provider passes here, and is lost,
// late, or obeyed when its sender is dead, as was ordered for it. It knows neither points nor scenarios.

import { Code, ConnectError, type Transport } from '@connectrpc/connect';
import type { JournalStore } from '../../shared/journal/index.ts';
import type { History } from '../simulation/history.ts';
import type { Meddling } from '../simulation/meddling.ts';
import type { SimulatedProcess } from '../simulation/process.ts';
import type { Scheduler } from '../simulation/scheduler.ts';
import type { Fault } from './faults.ts';
import type { Kind } from './points.ts';
import { columnOf, isOfASuite, machineOf, serviceOf } from './whereabouts.ts';

export interface Transit extends Pick<Meddling, 'transport' | 'provider'> {
  /** What happens to the next thing of this kind that the process sends. */
  order(process: SimulatedProcess, kind: Kind, fault: Fault): void;
  /** The next reply of this RPC is lost on its way. */
  loseReply(process: SimulatedProcess, rpc: string): void;
  /** Sends a write, of an entry or of a checkpoint. */
  write<T>(process: SimulatedProcess, kind: Kind, work: () => Promise<T>): Promise<T>;
  /** Nothing is on its way any more that was delayed on purpose. */
  isQuiet(): boolean;
}

export interface TransitDependencies {
  readonly scheduler: Scheduler;
  readonly history: History;
  /** Longer than every deadline in the suite. */
  readonly lateMs: number;
  /** Whether nobody says that a connection was lost, so that only the sender's own timer helps. */
  readonly isSilent: boolean;
  kill(process: SimulatedProcess): void;
  /** A failpoint of the way itself, where the services have none. */
  reach(process: SimulatedProcess, place: string, details: readonly string[]): void | Promise<void>;
}

/** How soon a lost connection shows, where it does. */
const brokenMs = 5;
/** What outlives its sender is there at the latest by then, also when nobody else writes. */
const outlivingMsMax = 4_000;
/** How long a payment process waits for the card provider. */
const providerTimeoutMs = 15_000;

export function createTransit(deps: TransitDependencies): Transit {
  const { scheduler, history, lateMs, isSilent, kill, reach } = deps;
  /** By process and kind. */
  const orders = new Map<string, Fault>();
  /** By machine and RPC. */
  const lostReplies = new Set<string>();
  const outliving = new Map<string, (() => Promise<void>)[]>();
  let onTheWayCount = 0;

  function orderFor(process: SimulatedProcess, kind: Kind): Fault | undefined {
    const name = `${process.name} ${kind}`;
    const fault = orders.get(name);
    orders.delete(name);
    return fault;
  }

  /** Lets `work` happen when its sender is dead, and before anybody else writes to the sender's database. */
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
    return new Promise(() => undefined);
  }

  async function letOutlivingArrive(service: string): Promise<void> {
    const waiting = outliving.get(service) ?? [];
    outliving.delete(service);
    for (const once of waiting) await once();
  }

  /** Arrives when its sender has long given up. */
  function sendLate(send: () => Promise<unknown>): void {
    onTheWayCount += 1;
    scheduler.after(lateMs, () => {
      onTheWayCount -= 1;
      void send().catch(() => undefined);
    });
  }

  /** `late`: what its sender then sees; a write is held up before it comes here. */
  async function send<T>(
    process: SimulatedProcess,
    kind: Kind,
    work: () => Promise<T>,
    late: () => Promise<T>,
  ): Promise<T> {
    switch (orderFor(process, kind)) {
      case 'dies, obeyed later':
        return outlive(process, async () => {
          const done = work().catch(() => undefined);
          // An answer would be for the dead, and never comes; a write is there when it is done.
          if (kind !== 'ask') await done;
        });
      case 'answer lost':
        await work();
        throw new Error('the connection closed');
      case 'not done':
        throw new Error('the connection closed');
      case 'too late':
        sendLate(work);
        return late();
      default:
        return work();
    }
  }

  /** The connection is lost; nobody says so, or somebody soon does. */
  function lost(from: SimulatedProcess, signal: AbortSignal | undefined): Promise<never> {
    return new Promise((_, reject) => {
      const onAbort = () => reject(ConnectError.from(signal?.reason, Code.Canceled));
      if (signal?.aborted) return onAbort();
      signal?.addEventListener('abort', onAbort);
      if (isSilent) return;
      from.after(brokenMs, () => reject(new ConnectError('connection lost', Code.Unavailable)));
    });
  }

  return {
    order: (process, kind, fault) => void orders.set(`${process.name} ${kind}`, fault),
    loseReply: (process, rpc) => void lostReplies.add(`${machineOf(process)} ${rpc}`),
    isQuiet: () => onTheWayCount === 0,

    async write(process, kind, work) {
      await letOutlivingArrive(serviceOf(process));
      return send(process, kind, work, work);
    },

    transport: (from, service, inner): Transport => ({
      ...inner,
      async unary(method, signal, timeoutMs, header, input, contextValues) {
        // A copy: the client changes its headers for the next attempt.
        const sent = new Headers(header);
        const call = (until: AbortSignal | undefined) =>
          inner.unary(method, until, timeoutMs, sent, input, contextValues);
        const isLost = () => lostReplies.delete(`${service}-${columnOf(from)} ${method.name}`);
        const fault = isOfASuite(from) ? orderFor(from, 'call') : undefined;
        if (fault === 'dies, obeyed later')
          return outlive(from, async () => void call(undefined).catch(() => undefined));
        if (fault === 'too late') sendLate(() => call(undefined));
        if (fault !== undefined) return lost(from, signal);
        try {
          const answer = await call(signal);
          return isLost() ? await lost(from, signal) : answer;
        } catch (error) {
          // A refusal is a reply, too.
          if (!signal?.aborted && isLost()) return lost(from, signal);
          throw error;
        }
      },
    }),

    async provider(from, what, ask) {
      // One ask of the flow may be several requests. Named without the ids, which say nothing of what is done.
      const request = what.replaceAll(/\/[a-z]+_[A-Za-z0-9]{8,}/g, '/…');
      await reach(from, 'provider.before_request', [request]);
      const timeout = () =>
        new Promise<never>((_, reject) => from.after(providerTimeoutMs, () => reject(new Error('too late'))));
      const answer = await send(from, 'ask', ask, timeout);
      await reach(from, 'provider.after_request', [request]);
      return answer;
    },
  };
}

/** The store of a process, with its writes in transit. `onInsert` hears of what is in the database, whoever else does. */
export function storeInTransit(
  process: SimulatedProcess,
  store: JournalStore,
  deps: Pick<Transit, 'write'> & Pick<TransitDependencies, 'reach'> & { onInsert(types: string[]): void },
): JournalStore {
  return {
    ...store,
    insert: (entries) =>
      deps.write(process, 'write', async () => {
        const answers = await store.insert(entries);
        const inserted = entries.filter((_, index) => answers[index] === 'inserted');
        deps.onInsert(inserted.flatMap(({ ops }) => ops.map(({ type }) => type)));
        return answers;
      }),
    async writeCheckpoint(checkpoint) {
      await deps.reach(process, 'store.before_checkpoint', []);
      await deps.write(process, 'checkpoint', () => store.writeCheckpoint(checkpoint));
      await deps.reach(process, 'store.after_checkpoint', []);
    },
  };
}
