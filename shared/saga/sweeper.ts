// The sweeper: finds sagas that nobody drives and calls the same `advance` that a caller's retry calls.

import type { Clock, Logger, Random } from '../runtime/index.ts';
import type { Coordinator } from './coordinator.ts';
import { defaultSagaLimits, type SagaLimits } from './limits.ts';
import { atRest, type SagaState } from './saga-state.ts';

export interface OpenSaga<S> {
  readonly id: string;
  readonly state: S;
  readonly openedAt: Date;
}

export interface SweeperDependencies<S> {
  readonly coordinator: Coordinator<S>;
  /** Reads what other processes wrote, then gives every saga that is not at rest. */
  findOpen(): Promise<Iterable<OpenSaga<S>>>;
  sagaOf(state: S): SagaState;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly limits?: Partial<SagaLimits>;
}

/** Sweeps until stopped. `stop` resolves when the turn under way is over; the sagas it began go on. */
export function startSweeper<S>(deps: SweeperDependencies<S>): { stop(): Promise<void> } {
  const { coordinator, clock, random, log } = deps;
  const limits: SagaLimits = { ...defaultSagaLimits, ...deps.limits };
  const stopping = new AbortController();
  const triedAtMs = new Map<string, number>();
  let resumedCount = 0;

  async function sweep(): Promise<void> {
    const nowMs = clock.nowMs();
    const openIds = new Set<string>();
    for (const { id, state, openedAt } of await deps.findOpen()) {
      openIds.add(id);
      const saga = deps.sagaOf(state);
      if (atRest(saga) || coordinator.isDriving(id)) continue;
      if (nowMs - openedAt.getTime() < limits.graceMs) continue;
      const delayMs = saga.attention ? limits.attentionDelayMs : limits.graceMs;
      if (nowMs - (triedAtMs.get(id) ?? -Infinity) < delayMs) continue;
      if (resumedCount >= limits.resumedSagasMax) continue;
      triedAtMs.set(id, nowMs);
      resumedCount += 1;
      void coordinator
        .advance(id, state, (reached) => atRest(deps.sagaOf(reached)))
        .catch((error: unknown) => log.debug({ err: error, saga: id }, 'resume broken off'))
        .finally(() => {
          resumedCount -= 1;
        });
    }
    for (const id of triedAtMs.keys()) if (!openIds.has(id)) triedAtMs.delete(id);
  }

  const loop = (async () => {
    while (!stopping.signal.aborted) {
      await sweep().catch((error: unknown) => log.debug({ err: error }, 'sweep broken off'));
      // Jitter keeps the sweepers of several processes from picking the same sagas at the same moment.
      await clock.sleep(limits.sweepEveryMs * (0.5 + random.fraction()), stopping.signal);
    }
  })();

  return {
    async stop() {
      stopping.abort();
      await loop;
    },
  };
}
