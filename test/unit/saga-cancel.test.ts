// A cancel meets the drive of its saga: at a step, between two attempts, after the pivot, at the very end.

import { expect, test } from 'vitest';
import { settled } from '../support/held-clock.ts';
import {
  cancelled,
  createWorld,
  heldAt,
  isAtRest,
  placedSaga,
  type ScriptedState,
  sagaId,
  unknown,
} from '../support/scripted-saga.ts';

const isCancelled = ({ saga }: ScriptedState) => saga.phase === 'cancelled';

test('a cancel recorded while a step runs turns the drive round as soon as the step has its answer', async () => {
  const gate = Promise.withResolvers<void>();
  const { coordinator, log, calls, world, run } = placedSaga({}, { gate: heldAt('pay', gate.promise) });
  const placing = run();
  await expect.poll(() => calls).toEqual(['reserve', 'pay']);
  const cancelling = coordinator.advance(sagaId, log.cancel(), isCancelled);
  gate.resolve();
  expect((await cancelling).saga.reason).toEqual(cancelled);
  expect((await placing).saga.phase).toBe('cancelled');
  expect(calls).toEqual(['reserve', 'pay', 'undo_pay', 'undo_reserve']);
  expect(world.inEffect()).toEqual([]);
});

test('a cancel wakes a drive that waits between two attempts', async () => {
  const { coordinator, log, calls, clock, run } = placedSaga({ pay: [unknown] }, { held: true });
  const placing = run();
  await settled();
  expect(clock.sleepsMs()).toEqual([25]);
  await coordinator.advance(sagaId, log.cancel(), isCancelled);
  expect((await placing).saga.phase).toBe('cancelled');
  expect(calls).toEqual(['reserve', 'pay', 'undo_pay', 'undo_reserve']);
});

test('a cancel recorded by another process is seen after the next unknown answer', async () => {
  const { log, calls, clock, run } = placedSaga({ pay: [unknown] }, { held: true });
  const placing = run();
  await settled();
  log.cancel();
  await clock.pass(25);
  expect((await placing).saga.phase).toBe('cancelled');
  expect(calls).toEqual(['reserve', 'pay', 'undo_pay', 'undo_reserve']);
});

test('a cancel recorded while the last finishing step runs undoes everything, and asks nobody for attention', async () => {
  const gate = Promise.withResolvers<void>();
  const world = createWorld();
  const { log, calls, run } = placedSaga({}, { world, gate: heldAt('ship', gate.promise) });
  const placing = run();
  await expect.poll(() => calls).toEqual(['reserve', 'pay', 'ship']);
  // Another process cancels, and its undo is quicker than our step, which is refused then.
  log.cancel();
  world.call(`${sagaId}:undo_pay`, 'undo_pay');
  world.call(`${sagaId}:undo_reserve`, 'undo_reserve');
  gate.resolve();
  expect((await placing).saga).toMatchObject({ phase: 'cancelled', attention: null });
  expect(log.decisions).toEqual(['confirmed', 'cancel', 'cancelled']);
});

test('a cancel between the last decision of a drive and its end is driven by a new one', async () => {
  const { coordinator, log, world, run } = placedSaga();
  let cancelling: Promise<ScriptedState> | undefined;
  const { decide } = log.log;
  log.log.decide = async (id, decision) => {
    const state = await decide(id, decision);
    // Recorded and announced after `completed` is durable, before the drive has learnt of it.
    if (decision.decision === 'completed')
      cancelling = coordinator.advance(sagaId, log.cancel(), isCancelled);
    return state;
  };
  await run().catch(() => undefined);
  expect((await cancelling)?.saga.phase).toBe('cancelled');
  expect(world.inEffect()).toEqual([]);
});

test('a cancel announced in the very turn in which a drive ends is not lost', async () => {
  const { coordinator, log, world } = placedSaga();
  // Resolved by the publication of `completed`, so this runs before the drive is taken from the list.
  const cancelling = coordinator
    .advance(sagaId, log.state(), isAtRest)
    .then(() => coordinator.advance(sagaId, log.cancel(), isCancelled));
  expect((await cancelling).saga.phase).toBe('cancelled');
  expect(world.inEffect()).toEqual([]);
});
