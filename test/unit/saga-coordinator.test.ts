// One coordinator and its saga: what it calls, what it decides, and in which order.

import { describe, expect, test } from 'vitest';
import { SagaInterruptedError } from '../../shared/saga/index.ts';
import { createHeldClock, settled } from '../support/held-clock.ts';
import {
  heldAt,
  isAtRest,
  placedSaga,
  refused,
  type ScriptedState,
  sagaId,
  unknown,
} from '../support/scripted-saga.ts';

const isConfirmed = ({ saga }: ScriptedState) => saga.phase === 'confirmed' || saga.phase === 'completed';

describe('a saga', () => {
  test('takes its steps in order, is confirmed, takes the finishing steps, and is completed', async () => {
    const { run, calls, log } = placedSaga();
    expect((await run()).saga.phase).toBe('completed');
    expect(calls).toEqual(['reserve', 'pay', 'ship']);
    expect(log.decisions).toEqual(['confirmed', 'completed']);
  });

  test('answers its caller when it is confirmed, and finishes behind the answer', async () => {
    const gate = Promise.withResolvers<void>();
    const { coordinator, log } = placedSaga({}, { gate: heldAt('ship', gate.promise) });
    expect((await coordinator.advance(sagaId, log.state(), isConfirmed)).saga.phase).toBe('confirmed');
    expect(coordinator.isDriving(sagaId)).toBe(true);
    gate.resolve();
    await expect.poll(() => log.state().saga.phase).toBe('completed');
    await expect.poll(() => coordinator.isDriving(sagaId)).toBe(false);
  });

  test('whose first step is refused is cancelled at once, with that reason and nothing to undo', async () => {
    const { run, calls, log } = placedSaga({ reserve: [refused('NO_STOCK')] });
    const { saga } = await run();
    expect(saga).toMatchObject({ phase: 'cancelled', undo: [], reason: { reason: 'NO_STOCK' } });
    expect(calls).toEqual(['reserve']);
    expect(log.decisions).toEqual(['turned_round']);
  });

  test('whose second step is refused turns round, undoes the first alone, and keeps the reason', async () => {
    const { run, calls, log } = placedSaga({ pay: [refused('NO_MONEY')] });
    const { saga } = await run();
    expect(saga).toMatchObject({ phase: 'cancelled', undo: ['reserve'], reason: { reason: 'NO_MONEY' } });
    expect(calls).toEqual(['reserve', 'pay', 'undo_reserve']);
    expect(log.decisions).toEqual(['turned_round', 'cancelled']);
  });

  test('asks an unknown step again until it is definite, and goes on', async () => {
    const { run, calls, world } = placedSaga({ pay: ['lost-answer', unknown, 'lost-answer'] });
    expect((await run()).saga.phase).toBe('completed');
    expect(calls).toEqual(['reserve', 'pay', 'pay', 'pay', 'pay', 'ship']);
    expect(world.effects).toEqual(['reserve', 'pay', 'ship']);
  });

  test('that is unknown until its deadline turns round and undoes every step in reverse, the unknown one too', async () => {
    const { run, calls, log, world } = placedSaga({ pay: Array(100).fill('lost-answer') });
    const { saga } = await run();
    expect(saga).toMatchObject({
      phase: 'cancelled',
      undo: ['pay', 'reserve'],
      reason: { reason: 'TOO_LATE' },
    });
    expect(calls.slice(-2)).toEqual(['undo_pay', 'undo_reserve']);
    expect(log.decisions).toEqual(['turned_round', 'cancelled']);
    expect(world.inEffect()).toEqual([]);
  });

  test('found after its deadline takes no step any more, and undoes those that may have run', async () => {
    const { run, calls, clock, world } = placedSaga();
    world.call(`${sagaId}:reserve`, 'reserve');
    await clock.sleep(10_001);
    expect((await run()).saga.reason).toMatchObject({ reason: 'TOO_LATE' });
    expect(calls).toEqual(['undo_pay', 'undo_reserve']);
  });

  test('records that it turned round before it undoes anything', async () => {
    const phases: string[] = [];
    const { run, log } = placedSaga(
      { pay: [refused('NO_MONEY')] },
      {
        async gate(name, reach) {
          phases.push(`${name} in ${log.state().saga.phase}`);
          return reach();
        },
      },
    );
    await run();
    expect(phases).toEqual(['reserve in running', 'pay in running', 'undo_reserve in compensating']);
  });

  test('calls a step under the same id at every attempt, for at most five seconds and never beyond its deadline', async () => {
    const seen: [string, number][] = [];
    const clock = createHeldClock({ skipping: true });
    const { run } = placedSaga(
      { pay: [unknown, unknown] },
      {
        clock,
        async gate(_name, reach, { requestId, budgetMs }) {
          seen.push([requestId, budgetMs]);
          await clock.sleep(3_000);
          return reach();
        },
      },
    );
    await run();
    expect(seen.slice(0, 4)).toEqual([
      ['saga-1:reserve', 5_000],
      ['saga-1:pay', 5_000],
      ['saga-1:pay', 3_975],
      ['saga-1:pay', 925],
    ]);
  });

  test('whose step throws is asked again like an unknown one: a bug is no answer', async () => {
    const { run, calls } = placedSaga({ pay: ['throws'] });
    expect((await run()).saga.phase).toBe('completed');
    expect(calls).toEqual(['reserve', 'pay', 'pay', 'ship']);
  });

  test('whose step always throws turns round at its deadline', async () => {
    const { run, world } = placedSaga({ pay: Array(100).fill('throws') });
    expect((await run()).saga).toMatchObject({ phase: 'cancelled', reason: { reason: 'TOO_LATE' } });
    expect(world.inEffect()).toEqual([]);
  });
});

describe('several callers', () => {
  test('of one saga share one drive', async () => {
    const { coordinator, log, calls } = placedSaga();
    const states = await Promise.all(
      [isAtRest, isConfirmed, isAtRest].map((isEnough) => coordinator.advance(sagaId, log.state(), isEnough)),
    );
    expect(states.map(({ saga }) => saga.phase)).toEqual(['completed', 'confirmed', 'completed']);
    expect(calls).toEqual(['reserve', 'pay', 'ship']);
  });

  test('of a saga at rest get its state without a call', async () => {
    const { coordinator, log, calls, run } = placedSaga();
    await run();
    calls.length = 0;
    expect((await coordinator.advance(sagaId, log.state(), isConfirmed)).saga.phase).toBe('completed');
    expect(calls).toEqual([]);
  });

  test('that give up change nothing: the drive goes on', async () => {
    const { coordinator, log } = placedSaga();
    void coordinator.advance(sagaId, log.state(), () => false).catch(() => undefined);
    await expect.poll(() => log.state().saga.phase).toBe('completed');
  });

  test('that wait for another end than the saga came to are told so', async () => {
    const { coordinator, log } = placedSaga({ reserve: [refused('NO_STOCK')] });
    await expect(coordinator.advance(sagaId, log.state(), isConfirmed)).rejects.toThrow('came to rest');
  });
});

describe('a coordinator', () => {
  test('that is closed lets the attempt under way end, begins none, and tells its callers that it was interrupted', async () => {
    const gate = Promise.withResolvers<void>();
    const { coordinator, calls, run } = placedSaga({}, { gate: heldAt('reserve', gate.promise) });
    const placing = expect(run()).rejects.toThrow(SagaInterruptedError);
    await expect.poll(() => calls).toEqual(['reserve']);
    let closed = false;
    const closing = coordinator.close().then(() => {
      closed = true;
    });
    await settled();
    expect(closed).toBe(false);
    gate.resolve();
    await Promise.all([closing, placing]);
    expect(calls).toEqual(['reserve']);
  });

  test('that is closed does not wait for the end of a pause', async () => {
    const { coordinator, calls, run } = placedSaga({ pay: [unknown] }, { held: true });
    const placing = expect(run()).rejects.toThrow(SagaInterruptedError);
    await settled();
    await coordinator.close();
    await placing;
    expect(calls).toEqual(['reserve', 'pay']);
  });

  test('that is closed drives nothing new', async () => {
    const { coordinator, calls, run } = placedSaga();
    await coordinator.close();
    await expect(run()).rejects.toThrow(SagaInterruptedError);
    expect(calls).toEqual([]);
  });

  test('whose log is away breaks off, and a later call goes on where it was', async () => {
    const { coordinator, log, calls, run } = placedSaga();
    const { decide } = log.log;
    log.log.decide = async () => {
      throw new Error('the database is away');
    };
    await expect(run()).rejects.toThrow('the database is away');
    expect(coordinator.isDriving(sagaId)).toBe(false);
    log.log.decide = decide;
    expect((await run()).saga.phase).toBe('completed');
    expect(calls).toEqual(['reserve', 'pay', 'reserve', 'pay', 'ship']);
  });

  test('waits longer between attempts, up to two seconds, and looks at once when it is nudged', async () => {
    const { coordinator, calls, clock, run } = placedSaga({ pay: Array(7).fill(unknown) }, { held: true });
    const placing = run();
    await settled();
    const waits: number[] = [];
    for (let attempt = 0; attempt < 6; attempt += 1) {
      waits.push(...clock.sleepsMs());
      await clock.pass(clock.sleepsMs()[0] ?? 0);
    }
    // Half of 50, 100, 200 …, because the jitter of this test is always in the middle.
    expect(waits).toEqual([25, 50, 100, 200, 400, 800]);
    expect(clock.sleepsMs()).toEqual([1_000]);
    coordinator.nudge(sagaId);
    expect((await placing).saga.phase).toBe('completed');
    expect(calls.filter((name) => name === 'pay')).toHaveLength(8);
  });

  test('a nudge that comes while a step is asked ends the wait after it, and only that one', async () => {
    const asked = Promise.withResolvers<void>();
    const held = heldAt('pay', asked.promise);
    const { coordinator, clock, run } = placedSaga({ pay: [unknown, unknown] }, { held: true, gate: held });
    const placing = run();
    await settled();
    coordinator.nudge(sagaId);
    asked.resolve();
    await settled();
    // Asked a second time without a wait; before the third it waits again.
    expect(clock.sleepsMs()).toEqual([50]);
    await clock.pass(50);
    expect((await placing).saga.phase).toBe('completed');
  });

  test('remembers how each step went, for operators', async () => {
    const { coordinator, run } = placedSaga({ pay: [unknown, refused('NO_MONEY')] });
    await run();
    expect(Object.fromEntries(coordinator.attempts.of(sagaId))).toEqual({
      reserve: { count: 1, lastAnswer: 'done', lastReason: '' },
      pay: { count: 2, lastAnswer: 'refused', lastReason: 'NO_MONEY' },
      undo_reserve: { count: 1, lastAnswer: 'done', lastReason: '' },
    });
    expect(coordinator.attempts.of('another').size).toBe(0);
  });
});
