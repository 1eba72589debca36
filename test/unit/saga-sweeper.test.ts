// The sweeper: which of the open sagas it resumes, when, and how many at once.

import { describe, expect, onTestFinished, test } from 'vitest';
import { createLog } from '../../shared/runtime/index.ts';
import {
  askAttention,
  beginSaga,
  type Coordinator,
  confirmSaga,
  type SagaLimits,
  type SagaState,
  startSweeper,
} from '../../shared/saga/index.ts';
import { createHeldClock, evenRandom, settled } from '../support/held-clock.ts';
import { because } from '../support/scripted-saga.ts';

interface Found {
  readonly id: string;
  readonly saga?: SagaState;
  /** Since when it has been open, at the sweeper's start. */
  readonly ageMs: number;
}

const running = beginSaga(new Date('2026-11-24T12:00:30Z'));
const needsAttention = askAttention(confirmSaga(running), because('NO_STOCK'), 'confirmed');

/** A sweeper that looks at `found` once a second, and a coordinator that only notes what it is asked to drive. */
async function sweeping(found: Found[], limits: Partial<SagaLimits> = {}) {
  const clock = createHeldClock();
  const startedAtMs = clock.nowMs();
  const driven: string[] = [];
  const driving = new Map<string, PromiseWithResolvers<SagaState>>();
  let away = false;
  const coordinator: Pick<Coordinator<SagaState>, 'advance' | 'isDriving'> = {
    advance(id) {
      driven.push(id);
      const drive = Promise.withResolvers<SagaState>();
      driving.set(id, drive);
      return drive.promise.finally(() => driving.delete(id));
    },
    isDriving: (id) => driving.has(id),
  };
  const sweeper = startSweeper<SagaState>({
    coordinator: coordinator as Coordinator<SagaState>,
    sagaOf: (saga) => saga,
    async findOpen() {
      if (away) throw new Error('the database is away');
      return found.map(({ id, saga = running, ageMs }) => ({
        id,
        state: saga,
        openedAt: new Date(startedAtMs - ageMs),
      }));
    },
    clock,
    random: evenRandom,
    log: createLog('test', 'silent'),
    limits,
  });
  onTestFinished(() => sweeper.stop());
  await settled();
  return {
    clock,
    driven,
    sweeper,
    setAway: (is: boolean) => {
      away = is;
    },
    /** The drive breaks off, or comes to rest and is found no more. */
    async end(id: string, how: 'broken off' | 'at rest') {
      if (how === 'at rest')
        found.splice(
          found.findIndex((saga) => saga.id === id),
          1,
        );
      if (how === 'at rest') driving.get(id)?.resolve(running);
      else driving.get(id)?.reject(new Error('broken off'));
      await settled();
    },
  };
}

describe('the sweeper', () => {
  test('resumes what was left open, at its first look', async () => {
    const { driven } = await sweeping([
      { id: 'a', ageMs: 3_000 },
      { id: 'b', ageMs: 86_400_000 },
    ]);
    expect(driven).toEqual(['a', 'b']);
  });

  test('leaves a young saga to whoever placed it for three seconds', async () => {
    const { driven, clock } = await sweeping([{ id: 'a', ageMs: 0 }]);
    await clock.pass(2_999);
    expect(driven).toEqual([]);
    await clock.pass(1);
    expect(driven).toEqual(['a']);
  });

  test('does not touch what is driven', async () => {
    const { driven, clock } = await sweeping([{ id: 'a', ageMs: 3_000 }]);
    await clock.pass(60_000);
    expect(driven).toEqual(['a']);
  });

  test('tries again what broke off, three seconds after its last try at the earliest', async () => {
    const { driven, clock, end } = await sweeping([{ id: 'a', ageMs: 3_000 }]);
    await end('a', 'broken off');
    await clock.pass(2_999);
    expect(driven).toEqual(['a']);
    await clock.pass(1);
    expect(driven).toEqual(['a', 'a']);
  });

  test('tries a saga that needs attention once a minute', async () => {
    const { driven, clock, end } = await sweeping([{ id: 'a', saga: needsAttention, ageMs: 3_000 }]);
    await end('a', 'broken off');
    await clock.pass(59_999);
    expect(driven).toEqual(['a']);
    await clock.pass(1);
    expect(driven).toEqual(['a', 'a']);
  });

  test('drives so many at once and no more, and goes on with the rest when they are done', async () => {
    const found = ['a', 'b', 'c', 'd'].map((id) => ({ id, ageMs: 3_000 }));
    const { driven, clock, end } = await sweeping(found, { resumedSagasMax: 2 });
    await clock.pass(5_000);
    expect(driven).toEqual(['a', 'b']);
    await end('b', 'at rest');
    await clock.pass(1_000);
    expect(driven).toEqual(['a', 'b', 'c']);
    await end('a', 'broken off');
    await clock.pass(1_000);
    expect(driven).toHaveLength(4);
  });

  test('goes on after a look that failed', async () => {
    const { driven, clock, setAway } = await sweeping([{ id: 'a', ageMs: 2_000 }]);
    setAway(true);
    await clock.pass(5_000);
    expect(driven).toEqual([]);
    setAway(false);
    await clock.pass(1_000);
    expect(driven).toEqual(['a']);
  });

  test('looks no more when it is stopped', async () => {
    const { driven, clock, sweeper } = await sweeping([{ id: 'a', ageMs: 0 }]);
    await sweeper.stop();
    await clock.pass(60_000);
    expect(driven).toEqual([]);
  });
});
