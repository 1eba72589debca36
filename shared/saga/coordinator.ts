// The coordinator: carries a saga from whatever state it is in to its end. A first call, a duplicate, an operator and
// the sweeper all come through `advance`; there is no other code for recovery.
//
// It writes nothing but decisions. Steps are idempotent under ids derived from the saga's, so taking them again *is*
// reading what they did. What a crash leaves is therefore always one of four phases, and each is simply continued:
//
//   running       Takes every step, from the first. Done: on to the next. Refused: nothing of this step is there, so
//                 the earlier ones are undone. Unknown: asked again until definite, or until the saga's deadline;
//                 then every step that may have run is undone, the unknown one too.
//   confirmed     Takes the finishing steps until they are done. It never turns back by itself.
//   compensating  Undoes the named steps in their order until each is done.
//   at rest       Nothing.
//
// "Turned round" is recorded before the first undo. An undo before that could meet another coordinator that confirms;
// after it, whoever comes to confirm finds that it is too late, and a step that arrives late finds the tombstone.

import type { Clock, Failpoints, Logger, Random } from '../runtime/index.ts';
import { type Attempts, createAttempts } from './attempts.ts';
import type { SagaDefinition, SagaLog, Step, StepAnswer, StepCall, StepData } from './definition.ts';
import { defaultSagaLimits, type SagaLimits } from './limits.ts';
import { atRest, isFurther, type SagaPhase, type SagaReason } from './saga-state.ts';

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

interface Drive<S> {
  state: S;
  waiting: Set<{
    isEnough: (state: S) => boolean;
    resolve: (state: S) => void;
    reject: (error: unknown) => void;
  }>;
  nudged: AbortController;
  ended: Promise<void>;
}

/**
 * A drive broke off before the saga was at rest, on purpose: the process stops, or a person is needed. What became of
 * the saga is unknown to whoever waited; it is resumed later.
 */
export class SagaInterruptedError extends Error {
  constructor(why: string) {
    super(why);
    this.name = 'SagaInterruptedError';
  }
}

const stops = () => new SagaInterruptedError('the coordinator stops');

export function createCoordinator<S>(deps: CoordinatorDependencies<S>): Coordinator<S> {
  const { definition, sagaLog, clock, random, log, failpoints } = deps;
  const limits: SagaLimits = { ...defaultSagaLimits, ...deps.limits };
  const attempts = createAttempts(limits.rememberedSagasMax);
  const drives = new Map<string, Drive<S>>();
  let stopping = false;

  const phaseOf = (state: S) => definition.sagaOf(state).phase;
  const undoAll = definition.steps.map(({ name }) => name).reverse();

  function advance(id: string, state: S, isEnough: (state: S) => boolean): Promise<S> {
    const answered = isEnough(state);
    if (answered && atRest(definition.sagaOf(state))) return Promise.resolve(state);
    const drive = driveOf(id, state);
    // The caller may know more than the drive under way: a cancel was recorded a moment ago. It waits no longer then.
    if (isFurther(definition.sagaOf(state), definition.sagaOf(drive.state))) drive.nudged.abort();
    publish(drive, state);
    // The answer is there; what remains (finishing, undoing) goes on behind it.
    if (answered) return Promise.resolve(state);
    if (isEnough(drive.state)) return Promise.resolve(drive.state);
    return new Promise((resolve, reject) => void drive.waiting.add({ isEnough, resolve, reject }));
  }

  function driveOf(id: string, state: S): Drive<S> {
    const running = drives.get(id);
    if (running) return running;
    const drive: Drive<S> = {
      state,
      waiting: new Set(),
      nudged: new AbortController(),
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

  function end(id: string, drive: Drive<S>, error: unknown): void {
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

  function publish(drive: Drive<S>, state: S): void {
    // A read may be older than what the drive knows already.
    if (isFurther(definition.sagaOf(drive.state), definition.sagaOf(state))) return;
    drive.state = state;
    for (const waiting of drive.waiting) {
      if (!waiting.isEnough(state)) continue;
      drive.waiting.delete(waiting);
      waiting.resolve(state);
    }
  }

  async function run(id: string, drive: Drive<S>): Promise<void> {
    // A drive that begins while its saga moves elsewhere finds out at its next decision, at the latest.
    while (!atRest(definition.sagaOf(drive.state))) {
      const phase = phaseOf(drive.state);
      const next =
        phase === 'running'
          ? await takeSteps(id, drive)
          : phase === 'confirmed'
            ? await finish(id, drive)
            : await undo(id, drive);
      if (phaseOf(next) === phase) throw new Error(`saga ${id} did not move on from ${phase}`);
      publish(drive, next);
    }
  }

  async function takeSteps(id: string, drive: Drive<S>): Promise<S> {
    const data = new Map<string, StepData>();
    const deadlineMs = definition.sagaOf(drive.state).deadlineAt.getTime();
    for (const [index, step] of definition.steps.entries()) {
      const answer = await askUntil(id, drive, 'running', step.name, deadlineMs, (call) =>
        step.run(drive.state, data, call),
      );
      if (answer === 'moved') return drive.state;
      if (answer === 'late')
        return sagaLog.decide(id, { decision: 'turned_round', reason: definition.tooLate, undo: undoAll });
      if (answer.answer === 'refused') {
        const earlier = definition.steps.slice(0, index).map(({ name }) => name);
        return sagaLog.decide(id, {
          decision: 'turned_round',
          reason: answer.reason,
          undo: earlier.reverse(),
        });
      }
      data.set(step.name, answer.data);
    }
    return sagaLog.decide(id, { decision: 'confirmed', data });
  }

  async function finish(id: string, drive: Drive<S>): Promise<S> {
    for (const step of definition.finishing) {
      const done = await insist(id, drive, 'confirmed', step.name, (call) => step.run(drive.state, call));
      if (!done) return drive.state;
    }
    return sagaLog.decide(id, { decision: 'completed' });
  }

  async function undo(id: string, drive: Drive<S>): Promise<S> {
    for (const name of definition.sagaOf(drive.state).undo) {
      const done = await insist(id, drive, 'compensating', `undo_${name}`, (call) =>
        stepNamed(name).undo(drive.state, call),
      );
      if (!done) return drive.state;
    }
    return sagaLog.decide(id, { decision: 'cancelled' });
  }

  function stepNamed(name: string): Step<S> {
    const step = definition.steps.find((candidate) => candidate.name === name);
    if (!step) throw new Error(`${name} is no step of this version`);
    return step;
  }

  /**
   * Until done; false when the saga moved to another phase meanwhile. A refusal, or an answer that stays unknown for
   * too long, asks for a person and breaks off: the sweeper tries again slowly, RetrySaga at once.
   */
  async function insist(
    id: string,
    drive: Drive<S>,
    phase: SagaPhase,
    name: string,
    take: (call: StepCall) => Promise<StepAnswer>,
  ): Promise<boolean> {
    const patienceMs = definition.sagaOf(drive.state).attention
      ? limits.attemptDurationMsMax
      : limits.attentionAfterMs;
    const answer = await askUntil(id, drive, phase, name, clock.nowMs() + patienceMs, take);
    if (answer === 'moved') return false;
    if (answer !== 'late' && answer.answer === 'done') return true;
    const reason: SagaReason =
      answer === 'late'
        ? {
            reason: 'STEP_OUTCOME_UNKNOWN',
            message: `${name} gets no definite answer`,
            metadata: { step: name },
          }
        : answer.reason;
    publish(drive, await sagaLog.decide(id, { decision: 'needs_attention', phase, reason, step: name }));
    // Refused because somebody else turned the saga round meanwhile: nothing is wrong.
    if (phaseOf(drive.state) !== phase) return false;
    log.error({ saga: id, step: name, reason: reason.reason }, 'saga needs attention');
    throw new SagaInterruptedError(`saga ${id} needs attention: ${reason.reason}`);
  }

  /** Asks until the answer is definite, the saga has moved to another phase, or `untilMs` has come. */
  async function askUntil(
    id: string,
    drive: Drive<S>,
    phase: SagaPhase,
    name: string,
    untilMs: number,
    take: (call: StepCall) => Promise<StepAnswer>,
  ): Promise<Exclude<StepAnswer, { answer: 'unknown' }> | 'moved' | 'late'> {
    for (let attempt = 0; ; attempt += 1) {
      if (stopping) throw stops();
      const budgetMs = Math.min(limits.attemptDurationMsMax, untilMs - clock.nowMs());
      if (budgetMs <= 0) return 'late';
      await failpoints.reach('saga.before_step', [name]);
      const answer = await ask(id, name, () => take({ requestId: `${id}:${name}`, budgetMs }));
      await failpoints.reach('saga.after_step', [name]);
      attempts.note(id, name, answer);
      if (phaseOf(drive.state) !== phase) return 'moved';
      if (answer.answer !== 'unknown') return answer;
      log.debug({ saga: id, step: name, reason: answer.reason, attempt }, 'step unknown, asked again');
      const ceilingMs = Math.min(limits.delayMsMax, limits.firstDelayMs * 2 ** Math.min(attempt, 16));
      // Not before the other service wants it: a saga that asks sooner is part of what keeps it overloaded.
      const delayMs = (answer.retryDelayMs ?? 0) + random.fraction() * ceilingMs;
      await pause(drive, Math.min(delayMs, Math.max(0, untilMs - clock.nowMs())));
      await look(id, drive);
      if (phaseOf(drive.state) !== phase) return 'moved';
    }
  }

  /** A step that throws (a bug) may have had its effect: unknown, so the saga turns round or asks for a person in time. */
  async function ask(id: string, name: string, take: () => Promise<StepAnswer>): Promise<StepAnswer> {
    try {
      return await take();
    } catch (error) {
      log.error({ err: error, saga: id, step: name }, 'a bug: the step threw');
      return { answer: 'unknown', reason: 'INTERNAL' };
    }
  }

  async function pause(drive: Drive<S>, durationMs: number): Promise<void> {
    if (stopping) throw stops();
    await clock.sleep(durationMs, drive.nudged.signal);
    if (drive.nudged.signal.aborted) drive.nudged = new AbortController();
  }

  /** Somebody else may have decided meanwhile: a cancel, an operator, another coordinator. */
  async function look(id: string, drive: Drive<S>): Promise<void> {
    const newest = await sagaLog.read(id);
    if (newest) publish(drive, newest);
  }

  return {
    advance,
    nudge: (id) => drives.get(id)?.nudged.abort(),
    isDriving: (id) => drives.has(id),
    isFull: () => drives.size >= limits.drivesMax,
    attempts,
    async close() {
      stopping = true;
      for (const drive of drives.values()) drive.nudged.abort();
      await Promise.allSettled([...drives.values()].map(({ ended }) => ended));
    },
  };
}
