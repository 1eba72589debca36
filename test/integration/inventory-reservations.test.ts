// Reservations over two instances of the inventory and several streams, on a real database.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ReservationStatus as Status } from '../../shared/gen/twicesafe/inventory/v1/inventory_pb.ts';
import { createMongoStore } from '../../shared/journal/mongo-store.ts';
import { ask, done } from '../support/ask.ts';
import { commit, eur, release, reserve, startInventoryPair } from '../support/inventory-service.ts';

let pair: Awaited<ReturnType<typeof startInventoryPair>>;

beforeAll(async () => {
  pair = await startInventoryPair();
});

afterAll(async () => {
  // Whatever the tests did: every unit is accounted for.
  try {
    const { findings, verdicts } = await pair.audit();
    expect(findings).toEqual([]);
    expect(verdicts).toEqual([
      ['journal', 1],
      ['I3', 1],
      ['I4', 1],
    ]);
  } finally {
    await pair.stop();
  }
});

const statusOf = async (reservationId: string) =>
  (await pair.second.getReservation({ reservationId })).reservation?.status;

describe('ReserveStock', () => {
  test('holds all lines at the price of the moment, and says so again for ever', async () => {
    await pair.put('r1-tea', 10n);
    await pair.put('r1-cup', 10n);
    const lines = [
      { sku: 'r1-tea', quantity: 2 },
      { sku: 'r1-cup', quantity: 3 },
    ];
    const held = {
      reservation: {
        reservationId: 'r1',
        status: Status.HELD,
        reference: 'order-1',
        lines: [
          { sku: 'r1-tea', quantity: 2, unitPrice: eur(250n) },
          { sku: 'r1-cup', quantity: 3, unitPrice: eur(250n) },
        ],
      },
    };
    expect(await reserve(pair.first, 'r1', lines)).toMatchObject({ replayed: false, response: held });
    expect(await pair.unitsOf('r1-tea')).toEqual([8n, 2n, 0n]);
    expect(await pair.unitsOf('r1-cup')).toEqual([7n, 3n, 0n]);
    expect(await pair.second.getReservation({ reservationId: 'r1' })).toMatchObject(held);

    const dear = { sku: 'r1-tea', name: 'Tea', price: eur(999n) };
    await done(ask((o) => pair.first.putItem(dear, o), 'r1-dearer'));
    await done(commit(pair.first, 'r1'));
    expect(await reserve(pair.second, 'r1', lines)).toMatchObject({ replayed: true, response: held });
    await done(release(pair.second, 'r1'));
    expect(await reserve(pair.first, 'r1', lines)).toMatchObject({ replayed: true, response: held });
    expect(await pair.unitsOf('r1-tea')).toEqual([10n, 0n, 0n]);
  });

  test('holds nothing when one line cannot be held, and stays refused when the stock has come', async () => {
    await pair.put('r2-tea', 10n);
    await pair.put('r2-cup', 1n);
    const ask2 = (client = pair.first) =>
      reserve(client, 'r2', [
        { sku: 'r2-tea', quantity: 2 },
        { sku: 'r2-cup', quantity: 2 },
      ]);
    const refusal = { reason: 'INSUFFICIENT_STOCK', metadata: { sku: 'r2-cup', on_hand: '1', asked: '2' } };
    expect(await ask2()).toMatchObject({ ...refusal, replayed: false });
    expect(await pair.unitsOf('r2-tea')).toEqual([10n, 0n, 0n]);
    expect(await statusOf('r2')).toBe(Status.REFUSED);
    await done(ask((o) => pair.first.adjustStock({ sku: 'r2-cup', delta: 5n }, o), 'r2-receive'));
    expect(await ask2(pair.second)).toMatchObject({ ...refusal, replayed: true });
    expect(await commit(pair.first, 'r2')).toMatchObject({ reason: 'RESERVATION_REFUSED' });
  });

  test('answers the first refused line in the order of the request', async () => {
    await pair.put('r3-few', 1n);
    const told = await reserve(pair.first, 'r3', [
      { sku: 'r3-nowhere', quantity: 1 },
      { sku: 'r3-few', quantity: 2 },
    ]);
    expect(told).toMatchObject({ reason: 'ITEM_NOT_FOUND', metadata: { sku: 'r3-nowhere' } });
  });

  test('derives the id from the request when none is given', async () => {
    await pair.put('r4', 10n);
    const own = (client = pair.first) => reserve(client, '', [{ sku: 'r4', quantity: 1 }], 'r4-request');
    const first = await done(own());
    expect(first.reservation?.reservationId).toMatch(/^[0-9a-f]{32}$/);
    expect((await done(own(pair.second))).reservation?.reservationId).toBe(first.reservation?.reservationId);
    expect(await pair.unitsOf('r4')).toEqual([9n, 1n, 0n]);
  });

  test('is refused when another request has the id', async () => {
    await pair.put('r5', 10n);
    await done(reserve(pair.first, 'r5', [{ sku: 'r5', quantity: 1 }]));
    expect(await reserve(pair.first, 'r5', [{ sku: 'r5', quantity: 1 }], 'r5-other')).toMatchObject({
      reason: 'RESERVATION_ALREADY_EXISTS',
    });
    expect(await pair.unitsOf('r5')).toEqual([9n, 1n, 0n]);
  });

  test('refuses a SKU in two lines, before anything is recorded', async () => {
    await pair.put('r6', 10n);
    const line = { sku: 'r6', quantity: 1 };
    expect(await reserve(pair.first, 'r6', [line, line])).toMatchObject({
      reason: 'FIELD_INVALID',
      fields: ['lines[1].sku'],
    });
    expect(await reserve(pair.first, 'r6', [line])).toMatchObject({ replayed: false });
  });

  test('asked 100 times at once over two instances holds once and says one thing', async () => {
    await pair.put('r7', 10n);
    const told = await pair.atOnce(100, (client) => reserve(client, 'r7', [{ sku: 'r7', quantity: 3 }]));
    expect(told.filter((answer) => 'response' in answer)).toHaveLength(100);
    expect(new Set(told.map((answer) => JSON.stringify(answer, replaceReplayed))).size).toBe(1);
    expect(await pair.unitsOf('r7')).toEqual([7n, 3n, 0n]);
  });

  test('sells the last units of a hot SKU to exactly as many as there are', async () => {
    await pair.put('hot', 20n);
    const told = await pair.atOnce(60, (client, index) =>
      reserve(client, `hot-${index}`, [{ sku: 'hot', quantity: 1 }]),
    );
    expect(told.filter((answer) => 'response' in answer)).toHaveLength(20);
    expect(await pair.unitsOf('hot')).toEqual([0n, 20n, 0n]);
  });
});

describe('CommitReservation and ReleaseReservation', () => {
  const held = async (id: string, quantity = 4) => {
    await pair.put(id, 10n);
    await done(reserve(pair.first, id, [{ sku: id, quantity }]));
  };

  test('a commit sells what is held, once, under whichever request id', async () => {
    await held('c1');
    const committed = {
      reservation: { status: Status.COMMITTED, lines: [{ sku: 'c1', quantity: 4, unitPrice: eur(250n) }] },
    };
    expect(await commit(pair.first, 'c1')).toMatchObject({ replayed: false, response: committed });
    expect(await commit(pair.second, 'c1')).toMatchObject({ replayed: true, response: committed });
    expect(await commit(pair.second, 'c1', 'c1-other')).toMatchObject({
      replayed: false,
      response: committed,
    });
    expect(await pair.unitsOf('c1')).toEqual([6n, 0n, 4n]);
    expect(await statusOf('c1')).toBe(Status.COMMITTED);
  });

  test('a release gives back what is held; a commit that follows is refused', async () => {
    await held('c2');
    expect(await release(pair.first, 'c2')).toMatchObject({
      response: { reservation: { status: Status.RELEASED, lines: [{ sku: 'c2', unitPrice: eur(250n) }] } },
    });
    expect(await commit(pair.second, 'c2')).toMatchObject({
      reason: 'RESERVATION_RELEASED',
      replayed: false,
    });
    expect(await commit(pair.first, 'c2')).toMatchObject({ reason: 'RESERVATION_RELEASED', replayed: true });
    expect(await release(pair.second, 'c2', 'c2-again')).toMatchObject({ replayed: false });
    expect(await pair.unitsOf('c2')).toEqual([10n, 0n, 0n]);
  });

  test('a release after a commit takes the sold units back; the commit still replays', async () => {
    await held('c3');
    await done(commit(pair.first, 'c3'));
    await done(release(pair.second, 'c3'));
    expect(await pair.unitsOf('c3')).toEqual([10n, 0n, 0n]);
    expect(await commit(pair.second, 'c3')).toMatchObject({
      replayed: true,
      response: { reservation: { status: Status.COMMITTED } },
    });
    expect(await pair.unitsOf('c3')).toEqual([10n, 0n, 0n]);
    expect(await statusOf('c3')).toBe(Status.RELEASED);
  });

  test('a release that comes first leaves a tombstone for the late reserve', async () => {
    await pair.put('c4', 10n);
    const released = await done(release(pair.first, 'c4'));
    expect(released.reservation).toMatchObject({ status: Status.RELEASED, lines: [] });
    const late = () => reserve(pair.second, 'c4', [{ sku: 'c4', quantity: 1 }]);
    expect(await late()).toMatchObject({ reason: 'REQUEST_CANCELLED', replayed: false });
    expect(await late()).toMatchObject({ reason: 'REQUEST_CANCELLED', replayed: true });
    expect(await pair.unitsOf('c4')).toEqual([10n, 0n, 0n]);
    expect(await statusOf('c4')).toBe(Status.RELEASED);
  });

  test('a commit of what was never reserved is refused, also when it is reserved later', async () => {
    expect(await commit(pair.first, 'c5')).toMatchObject({ reason: 'RESERVATION_NOT_FOUND' });
    await held('c5');
    expect(await commit(pair.first, 'c5')).toMatchObject({ reason: 'RESERVATION_NOT_FOUND', replayed: true });
    await done(commit(pair.first, 'c5', 'c5-other'));
  });

  test('a commit of a reserve that a crash interrupted holds its lines first, or is refused like it', async () => {
    await pair.put('s7-tea', 10n);
    await pair.put('s7-cup', 2n);
    const lines = [
      { sku: 's7-tea', quantity: 2 },
      { sku: 's7-cup', quantity: 3 },
    ];
    await pair.intend('s7', lines);
    expect(await commit(pair.first, 's7')).toMatchObject({ reason: 'RESERVATION_REFUSED' });
    expect(await pair.unitsOf('s7-tea')).toEqual([10n, 0n, 0n]);
    await pair.intend('s8', lines.slice(0, 1));
    expect(await commit(pair.first, 's8')).toMatchObject({
      response: { reservation: { status: Status.COMMITTED } },
    });
    expect(await pair.unitsOf('s7-tea')).toEqual([8n, 0n, 2n]);
  });

  test('a release of a refused reservation has nothing to give back', async () => {
    await pair.put('c6', 1n);
    expect(await reserve(pair.first, 'c6', [{ sku: 'c6', quantity: 2 }])).toMatchObject({
      reason: 'INSUFFICIENT_STOCK',
    });
    expect(await release(pair.first, 'c6')).toMatchObject({
      response: { reservation: { status: Status.RELEASED } },
    });
    expect(await pair.unitsOf('c6')).toEqual([1n, 0n, 0n]);
  });

  test('a reserve, a commit and two releases at once lose no unit and count none twice', async () => {
    for (let round = 0; round < 8; round += 1) {
      const id = `race-${round}`;
      await pair.put(id, 10n);
      await Promise.all([
        reserve(pair.first, id, [{ sku: id, quantity: 4 }]),
        commit(pair.second, id),
        release(pair.first, id),
        release(pair.second, id, `release-${id}-again`),
      ]);
      expect(await statusOf(id)).toBe(Status.RELEASED);
      expect(await pair.unitsOf(id)).toEqual([10n, 0n, 0n]);
    }
  });

  test('a commit against a release settles once: the first one wins', async () => {
    for (let round = 0; round < 8; round += 1) {
      const id = `settle-${round}`;
      await held(id);
      const [, released] = await Promise.all([commit(pair.first, id), release(pair.second, id)]);
      expect(released).toMatchObject({ response: { reservation: { status: Status.RELEASED } } });
      expect(await pair.unitsOf(id)).toEqual([10n, 0n, 0n]);
    }
  });
});

describe('a reservation of another caller', () => {
  test('is neither seen nor moved nor blocked by the same id', async () => {
    await pair.put('mine', 10n);
    await done(reserve(pair.first, 'mine', [{ sku: 'mine', quantity: 4 }]));
    expect(await ask(() => pair.other.getReservation({ reservationId: 'mine' }))).toMatchObject({
      reason: 'RESERVATION_NOT_FOUND',
    });
    expect(await commit(pair.other, 'mine')).toMatchObject({ reason: 'RESERVATION_NOT_FOUND' });
    await done(release(pair.other, 'mine'));
    expect(await pair.unitsOf('mine')).toEqual([6n, 4n, 0n]);
    // The same ids, and everything is their own.
    await done(reserve(pair.other, 'mine-2', [{ sku: 'mine', quantity: 1 }]));
    await done(reserve(pair.first, 'mine-2', [{ sku: 'mine', quantity: 1 }]));
    expect(await pair.unitsOf('mine')).toEqual([4n, 6n, 0n]);
  });

  test('is not audited by it', async () => {
    const read = async () => {
      for await (const _part of pair.first.audit({}));
    };
    expect(await ask(read)).toMatchObject({ reason: 'PERMISSION_REQUIRED' });
  });
});

test('an order of two lines costs one insert to reserve and one to commit, four keys and six ops', async () => {
  const own = await startInventoryPair({ journalStreams: 1 });
  const { db } = own.database;
  const entries = () => db.collection('journal').countDocuments();
  /** The newest entry, without its place and with the key of a request as its RPC. */
  const written = async () => {
    const newest = (await createMongoStore(db).read('s0', 1, 100)).at(-1);
    const keys = newest?.keys.map((key) => key.replace(/^req\/.*?\/(\w+)\/.*$/, 'req/$1'));
    return {
      keys: keys?.filter((key) => !key.startsWith('at/')),
      types: newest?.ops.map(({ type }) => type),
    };
  };
  try {
    await own.put('a', 10n);
    await own.put('b', 10n);
    const before = await entries();
    await done(
      reserve(own.first, 'o', [
        { sku: 'a', quantity: 1 },
        { sku: 'b', quantity: 1 },
      ]),
    );
    expect((await entries()) - before).toBe(1);
    expect(await written()).toEqual({
      keys: ['req/ReserveStock', 'first/reservation/shop/o', 'hold/shop/o@s0'],
      types: ['reservation-requested', 'units-held', 'units-held'],
    });
    await done(commit(own.first, 'o'));
    expect((await entries()) - before).toBe(2);
    expect(await written()).toEqual({
      keys: ['req/CommitReservation'],
      types: ['reservation-committed', 'units-sold', 'units-sold'],
    });
  } finally {
    await own.stop();
  }
});

/** Equal answers, whoever was first. */
function replaceReplayed(key: string, value: unknown): unknown {
  if (key === 'replayed') return undefined;
  return typeof value === 'bigint' ? String(value) : value;
}
