// The sweeper on a real journal: what a crash left behind is written here step by step, as the process that died
// would have written it; then another process comes and finishes it.

import { beforeEach, describe, expect, test } from 'vitest';
import { createBackground } from '../../services/inventory/background.ts';
import { type Group, groupsOf } from '../../services/inventory/domain/groups.ts';
import { reservationEntity, stockEntity } from '../../services/inventory/domain/names.ts';
import { decideRelease, decideReserve } from '../../services/inventory/domain/reservation.ts';
import { asReservation, asStock, inventoryRules } from '../../services/inventory/domain/rules.ts';
import { decidePutItem } from '../../services/inventory/domain/stock.ts';
import { createReservationFlow } from '../../services/inventory/reservation-flow.ts';
import { commitOf, holdOf, saleOf } from '../../services/inventory/reservation-moves.ts';
import { createReturnFlow } from '../../services/inventory/return-flow.ts';
import { createSweeper } from '../../services/inventory/sweeper.ts';
import { createJournal, type Decision, type Journal, type State } from '../../shared/journal/index.ts';
import { type Clock, createLog, createSystemClock, createSystemRandom } from '../../shared/runtime/index.ts';
import { type FreshDatabase, freshDatabase } from '../support/database.ts';

const random = createSystemRandom();
const log = createLog('test', 'silent');
const scoped = 'shop/r1';
const entity = reservationEntity(scoped);
const lines = [
  { sku: 'tea', quantity: 2 },
  { sku: 'cup', quantity: 3 },
];
const graceMs = 10_000;

/** The machine's clock, set forward by hand. */
function createMovedClock(): Clock & { forward(durationMs: number): void } {
  const system = createSystemClock();
  let offsetMs = 0;
  return {
    now: () => new Date(system.nowMs() + offsetMs),
    nowMs: () => system.nowMs() + offsetMs,
    sleep: system.sleep,
    after: system.after,
    forward(durationMs) {
      offsetMs += durationMs;
    },
  };
}

let database: FreshDatabase;
let clock: ReturnType<typeof createMovedClock>;
let dead: Journal;

const openJournal = (writer: string) =>
  createJournal({
    database: database.db,
    rules: inventoryRules,
    owner: 'inventory',
    streamCount: 3,
    writer,
    clock,
    random,
    log,
  });

beforeEach(async () => {
  database = await freshDatabase();
  clock = createMovedClock();
  dead = await openJournal('dead');
  for (const sku of ['tea', 'cup']) await put(sku, 10);
  return () => dead.close();
});

/** One write of the process that is going to die. */
const write = (key: string, on: string, decide: (state: State | undefined, at: Date) => Decision) =>
  dead.submit({ key, fingerprint: '', entities: [on], decide: ([state], at) => decide(state, at) });

const put = (sku: string, onHand: number) =>
  write(`put/${sku}/${onHand}`, stockEntity(sku), (stock) =>
    decidePutItem(asStock(stock), {
      sku,
      name: sku,
      price: { amountMinorUnits: 1n, currency: 'EUR' },
      onHand,
    }),
  );
const intend = (ttlMs?: number) =>
  write('reserve', entity, (state) =>
    decideReserve(asReservation(state), scoped, {
      lines,
      reference: '',
      ...(ttlMs === undefined ? {} : { ttlMs }),
    }),
  );
/** The tea and the cups are in different streams. */
function groupOf(sku: string) {
  const group = groupsOf(lines, dead.streamOf).find((each) => each.lines.some((line) => line.sku === sku));
  expect(group?.lines).toHaveLength(1);
  return group as Group;
}
const hold = (sku: string) => dead.submit(holdOf(scoped, groupOf(sku)));
const holdAll = () => Promise.all([hold('tea'), hold('cup')]);
const sell = (sku: string) => dead.submit(saleOf(scoped, groupOf(sku)));
const commitOn = (key: string, reservation: string) =>
  dead.submit({ key, fingerprint: '', ...decisionOf(commitOf(reservation, lines, dead.streamOf)) });
const decisionOf = ({ entities, decide }: ReturnType<typeof commitOf>) => ({ entities, decide });
const commit = () => commitOn('commit', scoped);
const release = () => write('release', entity, (state) => decideRelease(asReservation(state), scoped));

/** A new process finds the journal so, after `lateMs`; its sweeper takes one turn. */
async function sweptAfter(lateMs: number) {
  clock.forward(lateMs);
  const journal = await openJournal('alive');
  const background = createBackground({ log });
  const flow = createReservationFlow({ journal, background });
  const returns = createReturnFlow({ journal });
  await createSweeper({ journal, flow, returns, clock, random, log, limits: { graceMs } }).turn();
  await background.drain();
  const unitsOf = async (sku: string) => {
    const stock = asStock(await journal.readState(stockEntity(sku)));
    return [stock?.onHand, stock?.held, stock?.sold];
  };
  const reservation = asReservation(await journal.readState(entity));
  const found = {
    status: reservation?.status,
    tea: await unitsOf('tea'),
    cup: await unitsOf('cup'),
    isOpen: journal.openEntities().has(entity),
  };
  await journal.close();
  return found;
}

describe('after a crash', () => {
  test('an intent without holds is held', async () => {
    await intend();
    expect(await sweptAfter(graceMs)).toEqual({
      status: 'requested',
      tea: [8, 2, 0],
      cup: [7, 3, 0],
      isOpen: true,
    });
  });

  test('a half taken reservation whose other line is out of stock is given back', async () => {
    await put('cup', 2);
    await intend();
    await hold('tea');
    expect(await sweptAfter(graceMs)).toEqual({
      status: 'refused',
      tea: [10, 0, 0],
      cup: [2, 0, 0],
      isOpen: false,
    });
  });

  test('a half sold commit is sold', async () => {
    await intend();
    await holdAll();
    await commit();
    await sell('tea');
    expect(await sweptAfter(graceMs)).toEqual({
      status: 'committed',
      tea: [8, 0, 2],
      cup: [7, 0, 3],
      isOpen: false,
    });
  });

  test('a release of a half sold commit brings everything back', async () => {
    await intend();
    await holdAll();
    await commit();
    await sell('tea');
    await release();
    expect(await sweptAfter(graceMs)).toEqual({
      status: 'released',
      tea: [10, 0, 0],
      cup: [10, 0, 0],
      isOpen: false,
    });
  });

  test('a release of a half taken reservation lets no later hold happen', async () => {
    await intend();
    await hold('tea');
    await release();
    expect(await sweptAfter(graceMs)).toMatchObject({ status: 'released', tea: [10, 0, 0], cup: [10, 0, 0] });
    const late = await hold('cup');
    expect(late).toMatchObject({ replayed: true, outcome: { refusal: { reason: 'REQUEST_CANCELLED' } } });
  });

  test('what is under way gets its time', async () => {
    await intend();
    expect(await sweptAfter(0)).toEqual({
      status: 'requested',
      tea: [10, 0, 0],
      cup: [10, 0, 0],
      isOpen: true,
    });
  });
});

describe('a held reservation', () => {
  test('without a time limit stays held', async () => {
    await intend();
    await holdAll();
    expect(await sweptAfter(365 * 24 * 3_600_000)).toEqual({
      status: 'requested',
      tea: [8, 2, 0],
      cup: [7, 3, 0],
      isOpen: true,
    });
  });

  test('is released when its time is over', async () => {
    await intend(60_000);
    await holdAll();
    expect(await sweptAfter(60_001)).toEqual({
      status: 'released',
      tea: [10, 0, 0],
      cup: [10, 0, 0],
      isOpen: false,
    });
  });

  test('is released when its time is over, also by a process that has seen it held before', async () => {
    await intend(60_000);
    await holdAll();
    const background = createBackground({ log });
    const flow = createReservationFlow({ journal: dead, background });
    const returns = createReturnFlow({ journal: dead });
    const sweeper = createSweeper({ journal: dead, flow, returns, clock, random, log, limits: { graceMs } });
    clock.forward(30_000);
    await sweeper.turn();
    clock.forward(30_001);
    await sweeper.turn();
    await background.drain();
    expect(asReservation(await dead.readState(entity))?.status).toBe('released');
  });

  test('is not released before', async () => {
    await intend(60_000);
    await holdAll();
    expect(await sweptAfter(30_000)).toMatchObject({ status: 'requested', tea: [8, 2, 0] });
  });

  test('that was committed in time stays sold', async () => {
    await intend(60_000);
    await holdAll();
    await commit();
    expect(await sweptAfter(60_001)).toMatchObject({ status: 'committed', tea: [8, 0, 2], isOpen: false });
  });
});

test('one reservation that cannot be finished does not keep the others waiting', async () => {
  // A journal with a bug in it: a commit that nobody saw the holds of, and then a line that was refused.
  const broken = 'shop/broken';
  const on = reservationEntity(broken);
  await write('b1', on, () => decideReserve(undefined, broken, { lines, reference: '' }));
  await put('cup', 2);
  await dead.submit(holdOf(broken, groupOf('cup')));
  await commitOn('b2', broken);
  await intend(1_000);
  expect(await sweptAfter(graceMs)).toMatchObject({ status: 'released', isOpen: false });
});
