// Asking a step until its answer is definite: again under the same id while it is unknown, and a person when it cannot go
// on without one. It knows nothing of phases but that a saga may leave one while a step is asked.

import { type Clock, type Failpoints, type Logger, noFailpoints, type Random } from '../runtime/index.ts';
import type { Attempts } from './attempts.ts';
import {
  type SagaDefinition,
  type SagaLog,
  type StepAnswer,
  type StepCall,
  stepRequestId,
} from './definition.ts';
import type { SagaLimits } from './limits.ts';
import { type Asked, isStillAsked, type SagaReason } from './saga-state.ts';

/** A saga that this process drives, as far as asking its steps needs to know. */
export interface Drive<S> {
  /** The newest state that was seen of it. */
  state: S;
  /** A state was read or decided; one that is older than what was seen is ignored. */
  see(state: S): void;
  /** The wait between attempts that is under way, or the next one, ends at once. */
  isNudged: boolean;
  /** Ends the wait that is under way. */
  wake: (() => void) | undefined;
}

/** Something has changed: whoever drives looks again now. */
export function nudge(drive: Pick<Drive<unknown>, 'isNudged' | 'wake'>): void {
  drive.isNudged = true;
  drive.wake?.();
}

/**
 * A drive broke off before the saga was at rest, on purpose: the process stops, or a person is needed. What became of
 * the saga is unknown to whoever waited; it is resumed later.
 */
export class SagaInterruptedError extends Error {
  /** Why a person is needed; undefined when the process stops. */
  readonly attention: SagaReason | undefined;
  constructor(why: string, attention?: SagaReason) {
    super(why);
    this.name = 'SagaInterruptedError';
    this.attention = attention;
  }
}

type Take = (call: StepCall) => Promise<StepAnswer>;
type Definite = Exclude<StepAnswer, { answer: 'unknown' }>;

export interface Asking<S> {
  /** Until the answer is definite, the saga has moved on, or `untilMs` has come. */
  askUntil(
    id: string,
    drive: Drive<S>,
    asked: Asked,
    untilMs: number,
    take: Take,
  ): Promise<Definite | 'moved' | 'late'>;
  /**
   * Until done, or until the saga moved on meanwhile. A refusal, or an answer that stays unknown for too long, asks for a
   * person and breaks off: the sweeper tries again slowly, RetrySaga at once, and after a refusal in a new round.
   */
  insist(
    id: string,
    drive: Drive<S>,
    asked: Asked,
    take: Take,
    until?: 'done' | 'or refused',
  ): Promise<'done' | 'moved'>;
}

export interface AskingDependencies<S> {
  readonly definition: Pick<SagaDefinition<S>, 'sagaOf'>;
  readonly sagaLog: SagaLog<S>;
  readonly attempts: Attempts;
  isStopping(): boolean;
  readonly limits: SagaLimits;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly failpoints: Failpoints;
}

export function createAsking<S>(deps: AskingDependencies<S>): Asking<S> {
  const { definition, sagaLog, attempts, isStopping, limits, clock, random, log, failpoints } = deps;
  const isWatched = failpoints !== noFailpoints;

  async function insist(
    id: string,
    drive: Drive<S>,
    asked: Asked,
    take: Take,
    until: 'done' | 'or refused' = 'done',
  ): Promise<'done' | 'moved'> {
    const { step: name } = asked;
    const patienceMs = definition.sagaOf(drive.state).attention
      ? limits.attemptDurationMsMax
      : limits.attentionAfterMs;
    const answer = await askUntil(id, drive, asked, clock.nowMs() + patienceMs, take);
    if (answer === 'moved') return 'moved';
    if (answer !== 'late' && (answer.answer === 'done' || until === 'or refused')) return 'done';
    const found =
      answer === 'late'
        ? ({ answer: 'unknown', reason: noDefiniteAnswer(name) } as const)
        : ({ answer: 'refused', reason: answer.reason } as const);
    drive.see(await sagaLog.decide(id, { decision: 'needs_attention', ...asked, ...found }));
    // Refused because somebody else turned the saga round meanwhile: nothing is wrong.
    if (!isStillAsked(definition.sagaOf(drive.state), asked)) return 'moved';
    const { reason } = found.reason;
    log.error({ saga: id, step: name, reason }, 'saga needs attention');
    throw new SagaInterruptedError(`saga ${id} needs attention: ${reason}`, found.reason);
  }

  async function askUntil(
    id: string,
    drive: Drive<S>,
    asked: Asked,
    untilMs: number,
    take: Take,
  ): Promise<Definite | 'moved' | 'late'> {
    const { step: name, round } = asked;
    const requestId = stepRequestId(id, name, round);
    // Without the amendment that it is of: a crash test names the step.
    const [plainName = name] = name.split(':');
    for (let attempt = 0; ; attempt += 1) {
      if (isStopping()) throw stops();
      const budgetMs = Math.min(limits.attemptDurationMsMax, untilMs - clock.nowMs());
      if (budgetMs <= 0) return 'late';
      if (isWatched) await failpoints.reach('saga.before_step', [plainName]);
      const answer = await ask(id, name, take, { requestId, budgetMs });
      if (isWatched) await failpoints.reach('saga.after_step', [plainName]);
      attempts.note(id, name, answer);
      if (!isStillAsked(definition.sagaOf(drive.state), asked)) return 'moved';
      if (answer.answer !== 'unknown') return answer;
      log.debug({ saga: id, step: name, reason: answer.reason, attempt }, 'step unknown, asked again');
      const ceilingMs = Math.min(limits.delayMsMax, limits.firstDelayMs * 2 ** Math.min(attempt, 16));
      // Not before the other service wants it: a saga that asks sooner is part of what keeps it overloaded.
      const delayMs = (answer.retryDelayMs ?? 0) + random.fraction() * ceilingMs;
      await pause(drive, Math.min(delayMs, Math.max(0, untilMs - clock.nowMs())));
      await look(id, drive);
      if (!isStillAsked(definition.sagaOf(drive.state), asked)) return 'moved';
    }
  }

  /** A step that throws (a bug) may have had its effect: unknown, so the saga turns round or asks for a person in time. */
  function ask(id: string, name: string, take: Take, call: StepCall): Promise<StepAnswer> {
    const threw = (error: unknown): StepAnswer => {
      log.error({ err: error, saga: id, step: name }, 'a bug: the step threw');
      return { answer: 'unknown', reason: 'INTERNAL' };
    };
    try {
      return take(call).catch(threw);
    } catch (error) {
      return Promise.resolve(threw(error));
    }
  }

  async function pause(drive: Drive<S>, durationMs: number): Promise<void> {
    if (isStopping()) throw stops();
    if (!drive.isNudged) {
      await new Promise<void>((resolve) => {
        const stop = clock.after(durationMs, resolve);
        const wake = () => {
          stop();
          resolve();
        };
        // Written here at once it would be made in V8's old generation, and all of the call with it (ARCHITECTURE.md).
        drive.wake = wake;
      });
    }
    drive.wake = undefined;
    drive.isNudged = false;
  }

  /** Somebody else may have decided meanwhile: a cancel, an operator, another coordinator. */
  async function look(id: string, drive: Drive<S>): Promise<void> {
    const newest = await sagaLog.read(id);
    if (newest) drive.see(newest);
  }

  return { askUntil, insist };
}

const stops = () => new SagaInterruptedError('the coordinator stops');

const noDefiniteAnswer = (step: string): SagaReason => ({
  reason: 'STEP_OUTCOME_UNKNOWN',
  message: `${step} gets no definite answer`,
  metadata: { step },
});
