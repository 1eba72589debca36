// The worker threads as one: starts them, gives them their orders, and passes on what they report.

import { Worker } from 'node:worker_threads';
import type { Counts, Load, Order, Report, Ticketed, WorkerData } from './messages.ts';

export interface Fleet {
  /** Begins a load on all workers. Resolves when the last request of it has its answer, or was left. */
  put(load: Load, durationMs: number): Promise<void>;
  stopLoad(): void;
  /** Resolves to how many requests still have no definite answer. */
  resolve(durationMs: number): Promise<number>;
  recheck(durationMs: number): Promise<void>;
  /** Requests without a definite answer now, and requests checked again so far. */
  unanswered(): number;
  rechecked(): number;
  /** Of how many. */
  askable(): number;
  /** Rejects when a worker dies: its part of the history is gone, and the storm cannot be judged. */
  readonly broken: Promise<never>;
  close(): Promise<void>;
}

export interface Progress {
  readonly counts: Counts;
  readonly latenciesMs: readonly number[];
}

export function startFleet(
  options: Omit<WorkerData, 'worker'>,
  onProgress: (progress: Progress) => void,
): Fleet {
  const { workerCount } = options;
  const members = Array.from({ length: workerCount }, (_, worker) => {
    const thread = new Worker(new URL('./worker.ts', import.meta.url), {
      workerData: { ...options, worker } satisfies WorkerData,
    });
    const member = { thread, unanswered: 0, rechecked: 0, askable: 0 };
    thread.on('message', (report: Report) => {
      member.unanswered = report.unanswered;
      if (report.tell === 'finished') member.askable = report.askable;
      else {
        member.rechecked = report.rechecked;
        onProgress(report);
      }
    });
    return member;
  });
  const broken = Promise.race(
    members.map(
      ({ thread }) =>
        new Promise<never>((_, reject) => {
          thread.once('error', reject);
        }),
    ),
  );
  broken.catch(() => undefined);

  let ticketsGiven = 0;

  async function command(orderOf: (index: number) => Order): Promise<void> {
    ticketsGiven += 1;
    const ticket = ticketsGiven;
    await Promise.all(
      members.map(({ thread }, index) => {
        const finished = new Promise<void>((resolve) => {
          const listen = (report: Report) => {
            if (report.tell !== 'finished' || report.ticket !== ticket) return;
            thread.off('message', listen);
            resolve();
          };
          thread.on('message', listen);
        });
        thread.postMessage({ ...orderOf(index), ticket } satisfies Ticketed);
        return Promise.race([finished, broken]);
      }),
    );
  }
  const sum = (of: 'unanswered' | 'rechecked' | 'askable') =>
    members.reduce((total, member) => total + member[of], 0);

  return {
    put: (load, durationMs) =>
      command((index) => ({ do: 'load', load: shareOf(load, index, workerCount), durationMs })),
    stopLoad() {
      for (const { thread } of members) thread.postMessage({ do: 'stop', ticket: 0 } satisfies Ticketed);
    },
    async resolve(durationMs) {
      await command(() => ({ do: 'resolve', durationMs }));
      return sum('unanswered');
    },
    recheck: (durationMs) => command(() => ({ do: 'recheck', durationMs })),
    unanswered: () => sum('unanswered'),
    rechecked: () => sum('rechecked'),
    askable: () => sum('askable'),
    broken,
    async close() {
      await Promise.all(members.map(({ thread }) => thread.terminate()));
    },
  };
}

function shareOf(load: Load, index: number, workerCount: number): Load {
  if (load.kind === 'open') return { ...load, perSecond: load.perSecond / workerCount };
  const inFlight = Math.floor(load.inFlight / workerCount) + (index < load.inFlight % workerCount ? 1 : 0);
  return { kind: 'closed', inFlight };
}
