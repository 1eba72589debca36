// Carries out the kill plan on a suite of this machine, and writes down when each process was hit and when it was back.
// It kills only what the suite started, by pid.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Kept } from '../../supervisor.ts';
import type { StormClock } from '../load/clock.ts';
import type { Blow } from './kill-plan.ts';

export interface Struck extends Blow {
  readonly struckAtMs: number;
  /** When it answered again; undefined while it does not. */
  backAtMs: number | undefined;
}

export interface Killer {
  readonly struck: readonly Struck[];
  /** Rejects when a process does not come back: the storm cannot go on. */
  readonly broken: Promise<never>;
  /** Strikes no more, wakes up who was paused, and resolves when everything is up again. */
  heal(): Promise<void>;
}

const lookEveryMs = 50;
/** What is not back by then will not come back: three starts that each run into their limit of 30 s (suite.ts), and pauses. */
const backMsMaxDefault = 120_000;

export function unleash(options: {
  readonly blows: readonly Blow[];
  readonly processes: ReadonlyMap<string, Kept>;
  readonly clock: StormClock;
  readonly backMsMax?: number;
}): Killer {
  const { blows, processes, clock, backMsMax = backMsMaxDefault } = options;
  const healing = new AbortController();
  const struck: Struck[] = [];
  const broken = Promise.withResolvers<never>();
  // Heard by whoever puts the load; without a listener it would end this process, and leave the suite behind.
  broken.promise.catch(() => undefined);
  const isUp = (kept: Kept) => untilUp(kept, backMsMax);
  // One after the other at each process: a paused one cannot be killed as if it were awake.
  const turns = new Map<string, Promise<void>>();

  async function strike(blow: Blow): Promise<void> {
    const kept = processes.get(blow.target);
    if (!kept || healing.signal.aborted) return;
    await isUp(kept);
    const pid = kept.pid();
    if (pid === undefined || healing.signal.aborted) return;
    const mark: Struck = { ...blow, struckAtMs: clock(), backAtMs: undefined };
    struck.push(mark);
    if (blow.kind === 'kill') {
      await kept.kill('SIGKILL');
      await isUp(kept);
    } else {
      process.kill(pid, 'SIGSTOP');
      await sleep(blow.pauseMs, undefined, { signal: healing.signal }).catch(() => undefined);
      process.kill(pid, 'SIGCONT');
    }
    mark.backAtMs = clock();
  }

  const striking = (async () => {
    for (const blow of blows) {
      const waitMs = blow.atMs - clock();
      if (waitMs > 0) await sleep(waitMs, undefined, { signal: healing.signal }).catch(() => undefined);
      if (healing.signal.aborted) return;
      const turn = (turns.get(blow.target) ?? Promise.resolve()).then(() => strike(blow));
      turns.set(blow.target, turn);
      turn.catch(broken.reject);
    }
  })();

  return {
    struck,
    broken: broken.promise,
    async heal() {
      healing.abort();
      await striking;
      await Promise.all(turns.values());
      await Promise.all([...processes.values()].map(isUp));
    },
  };
}

/** A process that died is noticed, restarted and awaited by the suite; this waits until all of that is over. */
async function untilUp(kept: Kept, backMsMax: number): Promise<void> {
  const startedAtMs = performance.now();
  while (kept.pid() === undefined) {
    if (performance.now() - startedAtMs > backMsMax) {
      throw new Error(`${kept.name} was killed, and did not come back within ${backMsMax / 1_000} s.`);
    }
    await sleep(lookEveryMs);
  }
}
