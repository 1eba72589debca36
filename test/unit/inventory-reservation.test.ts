import { describe, expect, test } from 'vitest';
import {
  decideCommit,
  decideExpire,
  decideRefused,
  decideRelease,
  decideReserve,
  decideSettled,
  evolveReservation,
  type ReservationChange,
} from '../../services/inventory/domain/reservation.ts';
import type { ReservationState } from '../../services/inventory/domain/reservation-state.ts';
import { inventoryRules } from '../../services/inventory/domain/rules.ts';
import type { StockState } from '../../services/inventory/domain/stock.ts';
import type { Stock } from '../../services/inventory/domain/units.ts';
import type { Decision } from '../../shared/journal/decision.ts';

const at = new Date('2026-11-24T12:00:00Z');
const later = new Date('2026-11-24T12:00:10Z');
const lines = [{ sku: 'tea', quantity: 2 }];
const requested: ReservationState = {
  status: 'requested',
  lines,
  reference: 'order-1',
  requestedAt: at,
  changedAt: at,
  settled: false,
};
const refused: ReservationState = { ...requested, status: 'refused', changedAt: later, settled: true };
const committed: ReservationState = { ...requested, status: 'committed', changedAt: later };
const released: ReservationState = { ...requested, status: 'released', changedAt: later };
const tombstone: ReservationState = {
  ...released,
  lines: [],
  reference: '',
  requestedAt: later,
  settled: true,
};

function then(reservation: ReservationState | undefined, decision: Decision) {
  const [change] = decision.changes;
  return {
    reason: decision.outcome.succeeded ? 'none' : decision.outcome.refusal.reason,
    reservation: evolveReservation(reservation, change as unknown as ReservationChange, later),
  };
}

describe('ReserveStock', () => {
  test('records the intent, and its end when it has one', () => {
    const decision = decideReserve(undefined, 'alice/r1', { lines, reference: 'order-1', ttlMs: 5_000 });
    expect(then(undefined, decision)).toEqual({
      reason: 'none',
      reservation: {
        ...requested,
        requestedAt: later,
        changedAt: later,
        expiresAt: new Date('2026-11-24T12:00:15Z'),
      },
    });
  });

  test('is refused after a release that came first', () => {
    const decision = decideReserve(tombstone, 'alice/r1', { lines, reference: '' });
    expect(then(tombstone, decision)).toEqual({ reason: 'REQUEST_CANCELLED', reservation: tombstone });
  });

  test.each([requested, refused, committed, released])(
    'is refused when another request made the reservation, now $status',
    (reservation) => {
      const decision = decideReserve(reservation, 'alice/r1', { lines, reference: '' });
      expect(then(reservation, decision)).toEqual({ reason: 'RESERVATION_ALREADY_EXISTS', reservation });
    },
  );
});

describe('CommitReservation', () => {
  const decide = (
    reservation: ReservationState | undefined,
    holdsSeen = true,
    now = later,
    stock: Stock | undefined = undefined,
  ) => decideCommit(reservation, { scoped: 'alice/r1', holdsSeen, stock }, now);
  const commit = (...given: Parameters<typeof decide>) => then(given[0], decide(...given));
  const tea: StockState = {
    name: 'Tea',
    price: { amountMinorUnits: 250n, currency: 'EUR' },
    onHand: 8,
    held: 2,
    sold: 0,
    received: 10,
    deleted: false,
    writtenOff: 0,
  };

  test('commits what is held', () => {
    expect(commit(requested)).toEqual({ reason: 'none', reservation: committed });
  });

  test('sells in the same decision what is in its stream, and is settled then', () => {
    expect(commit(requested, true, later, [tea])).toEqual({
      reason: 'none',
      reservation: { ...committed, settled: true },
    });
    expect(decide(requested, true, later, [tea]).changes.slice(1)).toEqual([
      { entity: 'stock/tea', type: 'units-sold', data: { reservation: 'alice/r1', quantity: 2 } },
    ]);
  });

  test('sells nothing when it is refused, too late, or not the first', () => {
    const short = { ...requested, expiresAt: later };
    for (const reservation of [short, released, refused, committed, undefined]) {
      expect(decide(reservation, true, later, [tea]).changes).toHaveLength(1);
    }
    expect(decide(requested, false, later, [tea]).changes).toHaveLength(1);
  });

  test('says committed of what is committed, and does nothing', () => {
    const done = { ...committed, settled: true };
    expect(commit(done)).toEqual({ reason: 'none', reservation: done });
  });

  test('is refused after a release, after a refusal, and of what is not there', () => {
    expect(commit(released)).toEqual({ reason: 'RESERVATION_RELEASED', reservation: released });
    expect(commit(tombstone)).toEqual({ reason: 'RESERVATION_RELEASED', reservation: tombstone });
    expect(commit(refused)).toEqual({ reason: 'RESERVATION_REFUSED', reservation: refused });
    expect(commit(undefined)).toEqual({ reason: 'RESERVATION_NOT_FOUND', reservation: undefined });
  });

  test('counts as before a reservation whose holds it did not see', () => {
    expect(commit(requested, false)).toEqual({ reason: 'RESERVATION_NOT_FOUND', reservation: requested });
  });

  test('releases instead when the time is over, to the millisecond', () => {
    const short = { ...requested, expiresAt: later };
    expect(commit(short)).toEqual({
      reason: 'RESERVATION_RELEASED',
      reservation: { ...short, status: 'released', changedAt: later },
    });
    expect(commit(short, true, new Date(later.getTime() - 1)).reason).toBe('none');
  });
});

describe('ReleaseReservation', () => {
  const release = (reservation: ReservationState | undefined) =>
    then(reservation, decideRelease(reservation, 'alice/r1'));

  test.each([requested, refused, committed])('releases what is $status', (reservation) => {
    expect(release(reservation)).toEqual({ reason: 'none', reservation: released });
  });

  test('remembers that everything had been sold, if that was recorded', () => {
    expect(release({ ...committed, settled: true })).toEqual({
      reason: 'none',
      reservation: { ...released, wasSold: true },
    });
    expect(release({ ...refused, settled: true }).reservation).toEqual(released);
  });

  test('leaves a tombstone that is at rest when it comes first', () => {
    expect(release(undefined)).toEqual({ reason: 'none', reservation: tombstone });
  });

  test.each([{ ...released, settled: true }, tombstone])('changes nothing the second time', (reservation) => {
    expect(release(reservation)).toEqual({ reason: 'none', reservation });
  });
});

describe('the service itself', () => {
  test('expires only what is not settled yet', () => {
    const expire = (reservation: ReservationState) =>
      then(reservation, decideExpire(reservation, 'alice/r1')).reservation;
    expect(expire(requested)).toEqual(released);
    expect(expire(committed)).toEqual(committed);
    expect(expire(refused)).toEqual(refused);
  });

  test('records a refusal unless a release came in between', () => {
    expect(then(requested, decideRefused(requested, 'alice/r1')).reservation).toEqual(refused);
    expect(then(released, decideRefused(released, 'alice/r1')).reservation).toEqual(released);
  });

  test('settles the status that was finished, not a newer one', () => {
    const settle = (reservation: ReservationState, status: 'committed' | 'released') =>
      then(reservation, decideSettled(reservation, 'alice/r1', status)).reservation;
    expect(settle(committed, 'committed')).toEqual({ ...committed, settled: true });
    expect(settle(released, 'committed')).toEqual(released);
    expect(settle(released, 'released')).toEqual({ ...released, settled: true });
  });

  test('keeps in view what is not at rest', () => {
    const isOpen = (reservation: ReservationState) =>
      inventoryRules.isOpen('reservation/alice/r1', reservation);
    expect([requested, committed, released].map(isOpen)).toEqual([true, true, true]);
    expect([refused, tombstone, { ...committed, settled: true }].map(isOpen)).toEqual([false, false, false]);
    expect(inventoryRules.isOpen('stock/tea', {})).toBe(false);
  });
});
