// The coordinator: carries a saga from whatever state it is in to its end. A first call, a duplicate, an operator and
// the sweeper all come through `advance`; there is no other code for recovery.
//
// It writes nothing but decisions. Steps are idempotent under ids derived from the saga's, so taking them again *is*
// reading what they did. What a crash leaves is therefore always one of these phases, and each is simply continued:
//
//   running       Takes every step, from the first. Done: on to the next. Refused: nothing of this step is there, so
//                 the earlier ones are undone. Unknown: asked again until definite, or until the saga's deadline;
//                 then every step that may have run is undone, the unknown one too.
//   confirmed     Takes the finishing steps until they are done. It never turns back by itself.
//   completed     Takes the steps of each open amendment, the oldest first, until they are done. With none it is at rest.
//   compensating  Takes those steps of open amendments that an undo must know of, then undoes the named steps in their
//                 order until each is done.
//   at rest       Nothing.
//
// What is done in a phase is in phases.ts, how a step is asked in asking.ts. Here is who drives a saga, and for whom.
//
// "Turned round" is recorded before the first undo. An undo before that could meet another coordinator that confirms;
// after it, whoever comes to confirm finds that it is too late, and a step that arrives late finds the tombstone.

import { type Clock, createPassing, type Failpoints, type Logger, type Random } from '../runtime/index.ts';
import { createAsking, type Drive, nudge, SagaInterruptedError } from './asking.ts';
import { type Attempts, createAttempts } from './attempts.ts';
import type { SagaDefinition, SagaLog } from './definition.ts';
import { defaultSagaLimits, type SagaLimits } from './limits.ts';
import { createPhases } from './phases.ts';
import { atRest, isFurther } from './saga-state.ts';

export interface CoordinatorDependencies<S> {
  readonly definition: SagaDefinition<S>;
  readonly sagaLog: SagaLog<S>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly failpoints: Failpoints;
  readonly limits?: Partial<SagaLimits>;
}

export interface Coordinator<S> {
  /**
   * Drives the saga, or joins the drive under way in this process, and resolves with the first state that
   * `isEnough`. The drive goes on to the end whatever becomes of the caller. Rejects when the drive breaks off (the
   * database is away, the process stops, a person is needed): the outcome is unknown then, and the sweeper or a
   * retry goes on.
   */
  advance(id: string, state: S, isEnough: (state: S) => boolean): Promise<S>;
  /** Makes a drive that waits between attempts look again now: the saga's state changed, or an operator asks. */
  nudge(id: string): void;
  isDriving(id: string): boolean;
  /** So many sagas are under way here that no new one should begin. Those that began are driven in any case. */
  isFull(): boolean;
  attempts: Attempts;
  /** Lets no attempt begin any more and waits for those under way. */
  close(): Promise<void>;
}

interface WaitedFor<S> extends Drive<S> {
  readonly waiting: Set<{
    isEnough: (state: S) => boolean;
    resolve: (state: S) => void;
    reject: (error: unknown) => void;
  }>;
  ended: Promise<void>;
}

export function createCoordinator<S>(deps: CoordinatorDependencies<S>): Coordinator<S> {
  const { definition, sagaLog, log } = deps;
  const limits: SagaLimits = { ...defaultSagaLimits, ...deps.limits };
  const attempts = createAttempts(limits.rememberedSagasMax);
  const drives = createPassing<string, WaitedFor<S>>();
  let stopping = false;

  const asking = createAsking({ ...deps, attempts, isStopping: () => stopping, limits });
  const phases = createPhases({ definition, sagaLog, asking });

  function advance(id: string, state: S, isEnough: (state: S) => boolean): Promise<S> {
    const answered = isEnough(state);
    if (answered && atRest(definition.sagaOf(state))) return Promise.resolve(state);
    const drive = driveOf(id, state);
    // The caller may know more than the drive under way: a cancel was recorded a moment ago. It waits no longer then.
    if (isFurther(definition.sagaOf(state), definition.sagaOf(drive.state))) nudge(drive);
    publish(drive, state);
    // The answer is there; what remains (finishing, undoing) goes on behind it.
    if (answered) return Promise.resolve(state);
    if (isEnough(drive.state)) return Promise.resolve(drive.state);
    return new Promise((resolve, reject) => void drive.waiting.add({ isEnough, resolve, reject }));
  }

  function driveOf(id: string, state: S): WaitedFor<S> {
    const running = drives.get(id);
    if (running) return running;
    const drive: WaitedFor<S> = {
      state,
      see: (seen) => publish(drive, seen),
      waiting: new Set(),
      isNudged: false,
      wake: undefined,
      ended: Promise.resolve(),
    };
    drives.set(id, drive);
    drive.ended = run(id, drive).then(
      () => end(id, drive, undefined),
      (error: unknown) => {
        if (!(error instanceof SagaInterruptedError))
          log.warn({ err: error, saga: id }, 'saga broken off; it is resumed later');
        end(id, drive, error);
      },
    );
    return drive;
  }

  function end(id: string, drive: WaitedFor<S>, error: unknown): void {
    drives.delete(id);
    for (const waiting of drive.waiting) {
      if (error !== undefined) waiting.reject(error);
      else if (atRest(definition.sagaOf(drive.state))) {
        waiting.reject(new Error(`saga ${id} came to rest in another state than was waited for`));
      } else {
        // Turned round (a cancel) between the drive's last look and here: a new drive goes on.
        advance(id, drive.state, waiting.isEnough).then(waiting.resolve, waiting.reject);
      }
    }
  }

  function publish(drive: WaitedFor<S>, state: S): void {
    // A read may be older than what the drive knows already.
    if (isFurther(definition.sagaOf(drive.state), definition.sagaOf(state))) return;
    drive.state = state;
    for (const waiting of drive.waiting) {
      if (!waiting.isEnough(state)) continue;
      drive.waiting.delete(waiting);
      waiting.resolve(state);
    }
  }

  async function run(id: string, drive: WaitedFor<S>): Promise<void> {
    // A drive that begins while its saga moves elsewhere finds out at its next decision, at the latest.
    while (!atRest(definition.sagaOf(drive.state))) {
      const before = definition.sagaOf(drive.state);
      const next = await phases.goOn(id, drive, before.phase);
      if (!isFurther(definition.sagaOf(next), before))
        throw new Error(`saga ${id} did not move on from ${before.phase}`);
      drive.see(next);
    }
  }

  return {
    advance,
    nudge(id) {
      const drive = drives.get(id);
      if (drive) nudge(drive);
    },
    isDriving: (id) => drives.has(id),
    isFull: () => drives.size() >= limits.drivesMax,
    attempts,
    async close() {
      stopping = true;
      for (const drive of drives.all().values()) nudge(drive);
      await Promise.allSettled([...drives.all().values()].map(({ ended }) => ended));
    },
  };
}
