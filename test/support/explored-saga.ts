// A saga under exploration: processes that drive it, each standing at a gate before every call and decision, and what may
// happen to them meanwhile. Which of it comes next is the explorer's to choose.

import { SagaInterruptedError, type SagaLog } from '../../shared/saga/index.ts';
import type { Choice, Scenario } from './explore.ts';
import { createHeldClock } from './held-clock.ts';
import {
  type CallName,
  createMemoryLog,
  createWorld,
  isAtRest,
  type MemoryLog,
  type ScriptedState,
  sagaId,
  scriptedCoordinator,
  unknown,
  type World,
} from './scripted-saga.ts';

export interface Happenings {
  /** The step that the world says no to. */
  readonly refuses?: CallName;
  /** Request ids, without the saga's, that the world says no to. */
  readonly refusesCalls?: readonly string[];
  /** What happens before anything is explored. */
  readonly before?: (log: MemoryLog, world: World) => Promise<void>;
  /** Each is recorded by a caller at some moment. */
  readonly amend?: readonly string[];
  /** So many times an operator asks for a retry at some moment. */
  readonly retries?: number;
  /** A caller cancels at some moment. */
  readonly cancel?: boolean;
  /** The deadline passes at some moment. */
  readonly late?: boolean;
  /** So many answers of calls get lost, after their effect. */
  readonly lostAnswers?: number;
  /** So many processes stop for ever. */
  readonly deaths?: number;
  /** Processes at work; two unless said otherwise. */
  readonly processes?: number;
}

/** How it is when nothing can happen any more. */
export interface End {
  readonly log: MemoryLog;
  readonly world: World;
  /** Undos that came before they were decided, and drives that broke off for a reason that is not a person's. */
  readonly wrongs: readonly string[];
}

export async function beginExplored(
  happenings: Happenings,
  check: (end: End) => Promise<void>,
): Promise<Scenario> {
  const clock = createHeldClock();
  const { refuses, refusesCalls = [] } = happenings;
  const world = createWorld({ ...(refuses ? { refuses } : {}), refusesCalls });
  const log = createMemoryLog(new Date(clock.nowMs() + 1_000));
  await happenings.before?.(log, world);
  const wrongs: string[] = [];
  const once: Choice[] = [];
  const left = { lostAnswers: happenings.lostAnswers ?? 0, deaths: happenings.deaths ?? 0 };
  if (happenings.cancel) once.push({ name: 'cancel', happen: () => void log.cancel() });
  for (const amendment of happenings.amend ?? [])
    once.push({ name: `amend ${amendment}`, happen: () => void log.amend(amendment) });
  for (let retry = 0; retry < (happenings.retries ?? 0); retry += 1)
    once.push({ name: `retry ${retry}`, happen: () => void log.retry() });
  if (happenings.late) once.push({ name: 'late', happen: () => void clock.pass(1_001) });

  /** A process stands at its gate until it may do the next thing, whatever that is. */
  function startProcess(name: string) {
    let next: { what: string; isCall: boolean; go: (answer: 'kept' | 'lost') => void } | undefined;
    const remembers: string[] = [];
    const gate = (what: string, isCall = false) =>
      new Promise<'kept' | 'lost'>((go) => {
        next = { what, isCall, go };
      });
    const learn = <T>(what: string, learnt: T): T => {
      remembers.push(`${what}: ${JSON.stringify(learnt)}`);
      return learnt;
    };
    const gatedLog: SagaLog<ScriptedState> = {
      read: (id) => gate('read').then(async () => learn('read', await log.log.read(id))),
      decide: (id, decision) =>
        gate(decision.decision).then(async () =>
          learn(decision.decision, await log.log.decide(id, decision)),
        ),
    };
    const { coordinator } = scriptedCoordinator({
      clock: { ...clock, sleep: async () => void learn('wake', await gate('wake')) },
      world,
      log: gatedLog,
      async gate(call, reach) {
        const answer = await gate(call, true);
        const { phase } = log.state().saga;
        if (call.startsWith('undo_') && phase !== 'compensating' && phase !== 'cancelled')
          wrongs.push(`${call} while the saga is ${phase}`);
        const reached = reach();
        return learn(call, answer === 'lost' ? unknown : reached);
      },
    });
    coordinator.advance(sagaId, log.state(), isAtRest).catch((error: Error) => {
      if (!(error instanceof SagaInterruptedError)) wrongs.push(error.message);
    });

    function choices(): Choice[] {
      if (!next) return [];
      const { what, isCall, go } = next;
      const leave = (answer: 'kept' | 'lost' | 'never') => {
        next = undefined;
        if (answer !== 'never') go(answer);
      };
      const now: Choice[] = [{ name: `${name} ${what}`, happen: () => leave('kept') }];
      if (isCall && left.lostAnswers > 0)
        now.push({
          name: `${name} ${what} without an answer`,
          happen() {
            left.lostAnswers -= 1;
            leave('lost');
          },
        });
      if (left.deaths > 0)
        now.push({
          name: `${name} dies before ${what}`,
          happen() {
            left.deaths -= 1;
            leave('never');
          },
        });
      return now;
    }
    return { choices, situation: () => [next?.what, ...remembers] };
  }

  const processes = Array.from({ length: happenings.processes ?? 2 }, (_, index) =>
    startProcess('ABC'.charAt(index)),
  );
  return {
    choices() {
      const choices = processes.flatMap((process) => process.choices());
      if (choices.length === 0) return [];
      const events = once.map(({ name, happen }) => ({
        name,
        happen() {
          once.splice(
            once.findIndex((event) => event.name === name),
            1,
          );
          happen();
        },
      }));
      return [...choices, ...events];
    },
    // Two processes are alike, so it does not matter which of them is where.
    situation: () =>
      JSON.stringify([
        processes.map((process) => process.situation().join()).sort(),
        world.effects,
        log.decisions,
        log.state(),
        once.map(({ name }) => name),
        left,
      ]),
    check: () => check({ log, world, wrongs }),
  };
}
