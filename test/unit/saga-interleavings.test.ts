// Two processes drive one saga at the same time, in every order that their calls and decisions can take, while a caller
// cancels, the deadline passes, answers get lost, or a process dies. Every order ends in one definite state.

import { describe, expect, test } from 'vitest';
import type { SagaLog } from '../../shared/saga/index.ts';
import { type Choice, exploreAll, type Scenario } from '../support/explore.ts';
import { createHeldClock } from '../support/held-clock.ts';
import {
  type CallName,
  createMemoryLog,
  createWorld,
  isAtRest,
  type ScriptedState,
  sagaId,
  scriptedCoordinator,
  unknown,
} from '../support/scripted-saga.ts';

interface Happenings {
  /** The step that the world says no to. */
  readonly refuses?: CallName;
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

function begin(happenings: Happenings, reached: Set<string>): Scenario {
  const clock = createHeldClock();
  const world = createWorld(happenings.refuses ? { refuses: happenings.refuses } : {});
  const log = createMemoryLog(new Date(clock.nowMs() + 1_000));
  const wrongs: string[] = [];
  const once: Choice[] = [];
  const left = { lostAnswers: happenings.lostAnswers ?? 0, deaths: happenings.deaths ?? 0 };
  if (happenings.cancel) once.push({ name: 'cancel', happen: () => void log.cancel() });
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
    coordinator.advance(sagaId, log.state(), isAtRest).catch((error: Error) => wrongs.push(error.message));

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
    async check() {
      // Whoever died left it to the sweeper.
      const sweeper = scriptedCoordinator({
        clock: createHeldClock({ skipping: true }),
        world,
        log: log.log,
      });
      const { saga } = await sweeper.coordinator.advance(sagaId, log.state(), isAtRest);
      expect(wrongs).toEqual([]);
      expect(saga.attention).toBeNull();
      reached.add(log.decisions.join(' '));
      expect(world.inEffect()).toEqual(saga.phase === 'completed' ? ['reserve', 'pay'] : []);
      if (saga.phase === 'completed') expect(world.effects).toContain('ship');
      const undone = world.effects.filter((effect) => effect.startsWith('undo_'));
      expect(undone).toEqual(saga.undo.map((step) => `undo_${step}`));
    },
  };
}

/** What was decided, in order, at every end that there is. */
async function endsOf(happenings: Happenings): Promise<string[]> {
  const reached = new Set<string>();
  await exploreAll(() => begin(happenings, reached));
  return [...reached].sort();
}

const everyEnd = [
  'cancel cancelled',
  'confirmed cancel cancelled',
  'confirmed completed',
  'confirmed completed cancel cancelled',
  'turned_round cancelled',
];

// A refusal at the first step leaves nothing to undo, so its turn is the end.
describe('two coordinators on one saga end in the same state, with each decision once, in every order', () => {
  test.each<[title: string, happenings: Happenings, ends: string[]]>([
    ['when nothing goes wrong', {}, ['confirmed completed']],
    ['when the first step is refused', { refuses: 'reserve' }, ['turned_round']],
    ['when the second step is refused', { refuses: 'pay' }, ['turned_round cancelled']],
    ['when an answer gets lost', { lostAnswers: 1 }, ['confirmed completed']],
    ['when both of them die', { deaths: 2 }, ['confirmed completed']],
    ['when the deadline passes', { late: true }, ['confirmed completed', 'turned_round cancelled']],
    ['when a caller cancels', { cancel: true }, everyEnd.slice(0, 4)],
    [
      'when the second step is refused and a caller cancels',
      { refuses: 'pay', cancel: true },
      ['cancel cancelled', 'turned_round cancelled'],
    ],
    ['when a caller cancels and an answer gets lost', { cancel: true, lostAnswers: 1 }, everyEnd.slice(0, 4)],
    [
      'when the deadline passes and an answer gets lost',
      { late: true, lostAnswers: 1 },
      ['confirmed completed', 'turned_round cancelled'],
    ],
    [
      'when a caller cancels, the deadline passes and one of them dies',
      { cancel: true, late: true, deaths: 1 },
      everyEnd,
    ],
  ])('%s', async (_title, happenings, ends) => {
    expect(await endsOf(happenings)).toEqual(ends);
  });
});

test('a coordinator alone ends so too, when answers get lost, a caller cancels, the deadline passes, and it dies', async () => {
  expect(await endsOf({ processes: 1, lostAnswers: 2, cancel: true, late: true, deaths: 1 })).toEqual([
    'cancel cancelled',
    'confirmed cancel cancelled',
    'confirmed completed',
    'turned_round cancelled',
  ]);
});
