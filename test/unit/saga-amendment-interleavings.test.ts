// Two processes take amendments of one saga at the same time, in every order that their calls and decisions can take, while
// a caller cancels, an operator retries, answers get lost, or a process dies. Each amendment is taken once.

import { describe, expect, test } from 'vitest';
import { SagaInterruptedError } from '../../shared/saga/index.ts';
import { exploreAll } from '../support/explore.ts';
import { beginExplored, type End, type Happenings } from '../support/explored-saga.ts';
import { createHeldClock } from '../support/held-clock.ts';
import {
  isAtRest,
  type MemoryLog,
  sagaId,
  scriptedCoordinator,
  type World,
} from '../support/scripted-saga.ts';

const cancelledInBetween = (end: End) => end.log.decisions.includes('cancel');

/** A saga that is completed, and everything of it done. */
async function completed(log: MemoryLog, world: World): Promise<void> {
  for (const name of ['reserve', 'pay', 'ship'] as const) world.call(`${sagaId}:${name}`, name);
  await log.log.decide(sagaId, { decision: 'confirmed', data: new Map() });
  await log.log.decide(sagaId, { decision: 'completed' });
}

/** Explores; what nobody has chosen to happen when nobody can go on does not happen. At each end it lets operators and the sweeper go on until the saga is at rest. */
async function explore(happenings: Happenings, check: (end: End) => void): Promise<string[]> {
  const reached = new Set<string>();
  await exploreAll(() =>
    beginExplored({ before: completed, ...happenings }, async (end) => {
      const { log, world } = end;
      const sweeper = scriptedCoordinator({
        clock: createHeldClock({ skipping: true }),
        world,
        log: log.log,
      });
      for (let look = 0; look < 5 && !isAtRest(log.state()); look += 1) {
        const driven = sweeper.coordinator.advance(sagaId, log.state(), isAtRest);
        await driven.catch((error: unknown) => {
          if (!(error instanceof SagaInterruptedError)) throw error;
          log.retry();
        });
      }
      expect(end.wrongs).toEqual([]);
      expect(isAtRest(log.state())).toBe(true);
      expect(log.state().saga.attention).toBeNull();
      for (const amendment of ['a', 'b']) {
        // Never twice, in however many rounds.
        const given = world.effects
          .filter((effect) => effect.split(':')[0] === 'give_back')
          .filter((effect) => effect.split(':')[1] === amendment);
        const marked = world.effects.filter((effect) => effect.startsWith(`mark:${amendment}`));
        expect(given.length).toBeLessThanOrEqual(1);
        expect(marked.length).toBeLessThanOrEqual(1);
        if (!log.decisions.includes(`amend ${amendment}`)) expect([...given, ...marked]).toEqual([]);
        else if (!cancelledInBetween(end)) expect([given.length, marked.length]).toEqual([1, 1]);
      }
      expect(world.inEffect()).toEqual(cancelledInBetween(end) ? [] : ['reserve', 'pay']);
      check(end);
      reached.add(
        log.decisions
          .slice(2)
          .filter((name) => !name.startsWith('needs_attention'))
          .join(' '),
      );
    }),
  );
  return [...reached].sort();
}

/** What an amendment that was decided says of its units is known before they are given back with the rest. */
function expectMarkedBeforeUndone({ log, world }: End): void {
  const undone = world.effects.indexOf('undo_reserve');
  if (undone === -1) return;
  for (const amendment of ['a', 'b']) {
    if (!log.decisions.includes(`amend ${amendment}`)) continue;
    const marked = world.effects.findIndex((effect) => effect.startsWith(`mark:${amendment}`));
    expect(marked).toBeGreaterThan(-1);
    expect(marked).toBeLessThan(undone);
  }
}

const begun = async (log: MemoryLog, world: World) => {
  await completed(log, world);
  log.amend('a');
};

describe('two coordinators on amendments take each once, in every order', () => {
  test.each<[title: string, happenings: Happenings, ends: string[]]>([
    ['when nothing goes wrong', { before: begun }, ['amend a amended a']],
    ['when an answer gets lost', { before: begun, lostAnswers: 1 }, ['amend a amended a']],
    ['when both of them die', { before: begun, deaths: 2 }, ['amend a amended a']],
    [
      'when a second one is decided meanwhile',
      { before: begun, amend: ['b'] },
      ['amend a amend b amended a amended b', 'amend a amended a', 'amend a amended a amend b amended b'],
    ],
    [
      'when a caller cancels',
      { before: begun, cancel: true },
      ['amend a amended a', 'amend a amended a cancel cancelled', 'amend a cancel cancelled'],
    ],
    [
      'when a caller cancels and an answer gets lost',
      { before: begun, cancel: true, lostAnswers: 1 },
      ['amend a amended a', 'amend a amended a cancel cancelled', 'amend a cancel cancelled'],
    ],
    [
      'when a caller cancels and one of them dies',
      { before: begun, cancel: true, deaths: 1 },
      ['amend a amended a', 'amend a amended a cancel cancelled', 'amend a cancel cancelled'],
    ],
    [
      'when its money is refused and an operator retries',
      { before: begun, refusesCalls: ['give_back:a'], retries: 1 },
      ['amend a retry amended a'],
    ],
    [
      'when its money is refused, an operator retries, and an answer gets lost',
      { before: begun, refusesCalls: ['give_back:a'], retries: 1, lostAnswers: 1 },
      ['amend a retry amended a'],
    ],
    [
      'when its money is refused in two rounds, and operators retry three times',
      { before: begun, refusesCalls: ['give_back:a', 'give_back:a:1'], retries: 3, processes: 1 },
      ['amend a retry retry amended a'],
    ],
    [
      'when its money is refused, an operator retries, and a caller cancels',
      { before: begun, refusesCalls: ['give_back:a'], retries: 1, cancel: true },
      ['amend a cancel cancelled', 'amend a retry amended a', 'amend a retry cancel cancelled'],
    ],
  ])('%s', async (_title, happenings, ends) => {
    expect(await explore(happenings, expectMarkedBeforeUndone)).toEqual(ends);
  });

  test('alone, when two are decided, a caller cancels, answers get lost and it dies', async () => {
    const happenings = { before: begun, amend: ['b'], cancel: true, lostAnswers: 1, deaths: 1, processes: 1 };
    expect(await explore(happenings, expectMarkedBeforeUndone)).toEqual([
      'amend a amend b amended a amended b',
      'amend a amend b amended a cancel cancelled',
      'amend a amend b cancel cancelled',
      'amend a amended a',
      'amend a cancel cancelled',
    ]);
  });
});
