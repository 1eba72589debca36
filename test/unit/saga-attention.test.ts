// What cannot go on by itself: a person is asked, it is listed with its reason, tried again, and never dropped.

import { describe, expect, test } from 'vitest';
import { SagaInterruptedError } from '../../shared/saga/index.ts';
import {
  allSteps,
  because,
  isAtRest,
  placedSaga,
  refused,
  sagaId,
  unknown,
} from '../support/scripted-saga.ts';

const manyTimes = <T>(answer: T): T[] => Array(1_000).fill(answer);

describe('a saga needs attention', () => {
  test('when a finishing step is refused: it stays confirmed and says why', async () => {
    const { run, log } = placedSaga({ ship: [refused('NO_STOCK')] });
    await expect(run()).rejects.toThrow(SagaInterruptedError);
    expect(log.state().saga).toMatchObject({ phase: 'confirmed', attention: { reason: 'NO_STOCK' } });
  });

  test('when an undo is refused: it stays compensating, keeps why it turned round, and undoes nothing out of turn', async () => {
    const { run, log, calls } = placedSaga({
      pay: manyTimes('lost-answer'),
      undo_pay: [refused('NOT_OURS')],
    });
    await expect(run()).rejects.toThrow(SagaInterruptedError);
    expect(log.state().saga).toMatchObject({
      phase: 'compensating',
      reason: { reason: 'TOO_LATE' },
      attention: { reason: 'NOT_OURS' },
    });
    expect(calls.at(-1)).toBe('undo_pay');
  });

  test('when an undo has no definite answer for ten minutes, and names the step', async () => {
    const { run, log, clock } = placedSaga({ pay: [refused('NO_MONEY')], undo_reserve: manyTimes(unknown) });
    const startedAtMs = clock.nowMs();
    await expect(run()).rejects.toThrow(SagaInterruptedError);
    expect(clock.nowMs() - startedAtMs).toBe(600_000);
    expect(log.state().saga.attention).toEqual({
      reason: 'STEP_OUTCOME_UNKNOWN',
      message: 'undo_reserve gets no definite answer',
      metadata: { step: 'undo_reserve' },
    });
  });

  test('when a step after the pivot always throws', async () => {
    const { run, log } = placedSaga({ ship: manyTimes('throws') });
    await expect(run()).rejects.toThrow(SagaInterruptedError);
    expect(log.state().saga.attention).toMatchObject({ reason: 'STEP_OUTCOME_UNKNOWN' });
  });

  test('when it is to undo a step that this version does not know', async () => {
    const { run, log } = placedSaga({});
    await log.log.decide(sagaId, { decision: 'turned_round', reason: because('OLD'), undo: ['pack'] });
    await expect(run()).rejects.toThrow(SagaInterruptedError);
    expect(log.state().saga.attention).toMatchObject({ metadata: { step: 'undo_pack' } });
  });

  test('once for each cause, however often it is tried', async () => {
    const { run, log } = placedSaga({ ship: manyTimes(refused('NO_STOCK')) });
    for (let attempt = 0; attempt < 5; attempt += 1)
      await expect(run()).rejects.toThrow(SagaInterruptedError);
    expect(log.decisions).toEqual(['confirmed', 'needs_attention ship NO_STOCK']);
  });

  test('no longer when its step is done at last', async () => {
    const { run, log } = placedSaga({ ship: [refused('NO_STOCK')] });
    await expect(run()).rejects.toThrow(SagaInterruptedError);
    expect((await run()).saga).toMatchObject({ phase: 'completed', attention: null });
    expect(log.decisions).toEqual(['confirmed', 'needs_attention ship NO_STOCK', 'completed']);
  });

  test('and is tried for five seconds at a time from then on, not for ten minutes', async () => {
    const { run, clock } = placedSaga({ pay: [refused('NO_MONEY')], undo_reserve: manyTimes(unknown) });
    await expect(run()).rejects.toThrow(SagaInterruptedError);
    const startedAtMs = clock.nowMs();
    await expect(run()).rejects.toThrow(SagaInterruptedError);
    expect(clock.nowMs() - startedAtMs).toBe(5_000);
  });

  test('for the refusal of its step until a round is opened, also when later attempts get no answer', async () => {
    const { run, log } = placedSaga({ ship: [refused('NO_STOCK'), ...manyTimes(unknown)] });
    await expect(run()).rejects.toThrow(SagaInterruptedError);
    await expect(run()).rejects.toThrow(SagaInterruptedError);
    expect(log.state().saga.attention).toMatchObject({ reason: 'NO_STOCK', refusedStep: 'ship' });
    expect(log.retry().saga).toMatchObject({ attention: null, rounds: { ship: 1 } });
  });

  test('not when its step was refused because the saga had turned round meanwhile', async () => {
    const { run, log } = placedSaga({ ship: [refused('RELEASED')] });
    const { decide } = log.log;
    log.log.decide = (id, decision) => {
      // The cancel of another process is recorded first.
      if (decision.decision === 'needs_attention') log.cancel();
      return decide(id, decision);
    };
    expect((await run()).saga).toMatchObject({
      phase: 'cancelled',
      undo: [...allSteps].reverse(),
      attention: null,
    });
    expect(log.decisions).toEqual(['confirmed', 'cancel', 'cancelled']);
  });

  test('but can still be cancelled', async () => {
    const { coordinator, run, log } = placedSaga({ ship: manyTimes(refused('NO_STOCK')) });
    await expect(run()).rejects.toThrow(SagaInterruptedError);
    const { saga } = await coordinator.advance(sagaId, log.cancel(), isAtRest);
    expect(saga).toMatchObject({ phase: 'cancelled', attention: null });
  });
});
