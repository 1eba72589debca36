// A saga whose services are overloaded: it asks no sooner than they want, and no new one begins when too many are open.

import { expect, test } from 'vitest';
import { createHeldClock, settled } from '../support/held-clock.ts';
import {
  createMemoryLog,
  createWorld,
  type ScriptedState,
  sagaId,
  scriptedCoordinator,
} from '../support/scripted-saga.ts';

const isAtRest = ({ saga }: ScriptedState) => saga.phase === 'completed' || saga.phase === 'cancelled';
const overloaded = { answer: 'unknown', reason: 'OVERLOADED', retryDelayMs: 1_000 } as const;

test('a step is not asked again before the time that the other service named, and then a little later', async () => {
  const clock = createHeldClock();
  const log = createMemoryLog(new Date(clock.nowMs() + 30_000));
  const { coordinator, calls } = scriptedCoordinator({
    clock,
    world: createWorld(),
    log: log.log,
    script: { reserve: [overloaded, overloaded] },
  });
  const ended = coordinator.advance(sagaId, log.state(), isAtRest);
  await settled();
  expect(clock.sleepsMs()).toEqual([1_025]);
  await clock.pass(1_000);
  expect(calls).toEqual(['reserve']);
  await clock.pass(25);
  expect(calls).toEqual(['reserve', 'reserve']);
  expect(clock.sleepsMs()).toEqual([1_050]);
  await clock.pass(1_050);
  expect((await ended).saga.phase).toBe('completed');
});

test('a saga that is asked to wait longer than it has turns round at its deadline, not later', async () => {
  const clock = createHeldClock();
  const log = createMemoryLog(new Date(clock.nowMs() + 400));
  const { coordinator } = scriptedCoordinator({
    clock,
    world: createWorld(),
    log: log.log,
    script: { pay: [overloaded] },
  });
  const ended = coordinator.advance(sagaId, log.state(), isAtRest);
  await settled();
  await clock.pass(400);
  expect((await ended).saga.phase).toBe('cancelled');
});

test('a coordinator is full while as many sagas are under way as it may drive, finishing ones included', async () => {
  const clock = createHeldClock({ skipping: true });
  const log = createMemoryLog(new Date(clock.nowMs() + 10_000));
  const shipping = Promise.withResolvers<void>();
  const { coordinator } = scriptedCoordinator({
    clock,
    world: createWorld(),
    log: log.log,
    limits: { drivesMax: 1 },
    gate: async (name, reach) => {
      if (name === 'ship') await shipping.promise;
      return reach();
    },
  });
  expect(coordinator.isFull()).toBe(false);
  await coordinator.advance(sagaId, log.state(), ({ saga }) => saga.phase === 'confirmed');
  expect(coordinator.isFull()).toBe(true);
  shipping.resolve();
  await expect.poll(() => coordinator.isFull()).toBe(false);
  expect(log.state().saga.phase).toBe('completed');
});
