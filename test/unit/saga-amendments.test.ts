// Amendments: work that is decided when a saga is completed. It is done once, one after the other, and undone with
// everything else; and a step of it that was refused is asked anew only in a round that an operator opened.

import { describe, expect, test } from 'vitest';
import { SagaInterruptedError } from '../../shared/saga/index.ts';
import { createWorld, isAtRest, placedSaga, sagaId, unknown } from '../support/scripted-saga.ts';

const manyTimes = <T>(answer: T): T[] => Array(1_000).fill(answer);

describe('an amendment', () => {
  test('is taken step by step, under ids of its own, and leaves the saga at rest again', async () => {
    const ids: string[] = [];
    const { run, log, world } = placedSaga(
      {},
      {
        async gate(_name, reach, { requestId }) {
          ids.push(requestId);
          return reach();
        },
      },
    );
    await run();
    log.amend('a');
    log.amend('b');
    expect(isAtRest(log.state())).toBe(false);
    await run();
    expect(isAtRest(log.state())).toBe(true);
    expect(ids.slice(3)).toEqual([
      'saga-1:mark:a',
      'saga-1:give_back:a',
      'saga-1:mark:b',
      'saga-1:give_back:b',
    ]);
    expect(world.effects).toEqual([
      'reserve',
      'pay',
      'ship',
      'mark:a',
      'give_back:a',
      'mark:b',
      'give_back:b',
    ]);
    expect(log.decisions.slice(2)).toEqual(['amend a', 'amend b', 'amended a', 'amended b']);
  });

  test('begins neither before the saga is completed nor after it turned round', () => {
    const early = placedSaga();
    early.log.amend('a');
    expect(early.log.decisions).toEqual([]);
    const late = placedSaga();
    late.log.cancel();
    late.log.amend('a');
    expect(late.log.decisions).toEqual(['cancel']);
  });

  test('that comes while another one is taken is taken by the same drive', async () => {
    const { coordinator, run, log, world } = placedSaga({ give_back: [unknown, unknown] });
    await run();
    const first = coordinator.advance(sagaId, log.amend('a'), isAtRest);
    const second = coordinator.advance(sagaId, log.amend('b'), isAtRest);
    await Promise.all([first, second]);
    expect(world.effects.slice(3)).toEqual(['mark:a', 'give_back:a', 'mark:b', 'give_back:b']);
  });

  test('is not begun a second time by a state that was read before it ended', async () => {
    const { coordinator, run, log, world } = placedSaga();
    await run();
    const old = log.amend('a');
    await coordinator.advance(sagaId, old, isAtRest);
    await coordinator.advance(sagaId, old, isAtRest);
    expect(world.effects.filter((effect) => effect === 'give_back:a')).toHaveLength(1);
    expect(isAtRest(log.state())).toBe(true);
  });

  test('that is cancelled half-way is marked before the undo, and its money goes back with the rest', async () => {
    const world = createWorld({ refusesCalls: ['give_back:a'] });
    const { coordinator, run, log } = placedSaga({ mark: [unknown, 'lost-answer'] }, { world });
    await run();
    log.amend('a');
    await expect(run()).rejects.toThrow(SagaInterruptedError);
    expect(log.state().saga.attention).toMatchObject({ refusedStep: 'give_back:a' });
    const { saga } = await coordinator.advance(sagaId, log.cancel(), isAtRest);
    expect(saga).toMatchObject({ phase: 'cancelled', attention: null, amendments: [] });
    expect(world.effects.slice(3)).toEqual(['mark:a', 'undo_pay', 'undo_reserve']);
  });

  test('whose first step finds nothing any more when everything is undone does not hold up the undo', async () => {
    const world = createWorld({ refusesCalls: ['mark:a'] });
    const { coordinator, run, log } = placedSaga({}, { world });
    await run();
    log.amend('a');
    await expect(run()).rejects.toThrow(SagaInterruptedError);
    const { saga } = await coordinator.advance(sagaId, log.cancel(), isAtRest);
    expect(saga.phase).toBe('cancelled');
  });
});

describe('a step that was refused', () => {
  test('stays refused under its id, and is asked under another one once an operator opened a round', async () => {
    const world = createWorld({ refusesCalls: ['give_back:a'] });
    const { run, log } = placedSaga({}, { world });
    await run();
    log.amend('a');
    await expect(run()).rejects.toThrow(SagaInterruptedError);
    await expect(run()).rejects.toThrow(SagaInterruptedError);
    expect(log.decisions.slice(3)).toEqual(['needs_attention give_back:a NO completed']);
    log.retry();
    expect(log.state().saga).toMatchObject({ attention: null, rounds: { 'give_back:a': 1 } });
    await run();
    expect(world.effects.slice(3)).toEqual(['mark:a', 'give_back:a:1']);
    expect(isAtRest(log.state())).toBe(true);
  });

  test('needs a person again when it is refused in the new round, and gets another round for it', async () => {
    const world = createWorld({ refusesCalls: ['give_back:a', 'give_back:a:1'] });
    const { run, log } = placedSaga({}, { world });
    await run();
    log.amend('a');
    await expect(run()).rejects.toThrow(SagaInterruptedError);
    log.retry();
    await expect(run()).rejects.toThrow(SagaInterruptedError);
    expect(log.state().saga.attention).toMatchObject({ reason: 'NO', refusedStep: 'give_back:a' });
    log.retry();
    await run();
    expect(world.effects.slice(3)).toEqual(['mark:a', 'give_back:a:2']);
  });

  test('opens one round, however many operators ask for it', async () => {
    const world = createWorld({ refusesCalls: ['give_back:a'] });
    const { run, log } = placedSaga({}, { world });
    await run();
    log.amend('a');
    await expect(run()).rejects.toThrow(SagaInterruptedError);
    log.retry();
    log.retry();
    log.retry();
    expect(log.state().saga.rounds).toEqual({ 'give_back:a': 1 });
  });

  test('opens a round for a finishing step and an undo, too', async () => {
    const shipping = placedSaga({}, { world: createWorld({ refusesCalls: ['ship'] }) });
    await expect(shipping.run()).rejects.toThrow(SagaInterruptedError);
    shipping.log.retry();
    expect((await shipping.run()).saga.phase).toBe('completed');
    const undoing = placedSaga({}, { world: createWorld({ refusesCalls: ['undo_pay'] }) });
    await undoing.run();
    undoing.log.cancel();
    await expect(undoing.run()).rejects.toThrow(SagaInterruptedError);
    undoing.log.retry();
    expect((await undoing.run()).saga.phase).toBe('cancelled');
    expect(undoing.world.effects.filter((effect) => effect === 'undo_pay')).toHaveLength(1);
  });
});

test('a step whose outcome is unknown opens no round, however long it takes: it may have happened', async () => {
  const { run, log, calls } = placedSaga({ give_back: manyTimes('lost-answer') });
  await run();
  log.amend('a');
  await expect(run()).rejects.toThrow(SagaInterruptedError);
  expect(log.state().saga.attention).toMatchObject({ reason: 'STEP_OUTCOME_UNKNOWN' });
  log.retry();
  expect(log.state().saga.rounds).toBeUndefined();
  expect(log.state().saga.attention).not.toBeNull();
  expect(calls).toContain('give_back');
});
