// Two processes drive one saga at the same time, in every order that their calls and decisions can take, while a caller
// cancels, the deadline passes, answers get lost, or a process dies. Every order ends in one definite state.

import { describe, expect, test } from 'vitest';
import { exploreAll, type Scenario } from '../support/explore.ts';
import { beginExplored, type Happenings } from '../support/explored-saga.ts';
import { createHeldClock } from '../support/held-clock.ts';
import { isAtRest, sagaId, scriptedCoordinator } from '../support/scripted-saga.ts';

function begin(happenings: Happenings, reached: Set<string>): Promise<Scenario> {
  return beginExplored(happenings, async ({ log, world, wrongs }) => {
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
  });
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
