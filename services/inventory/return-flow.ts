// Takes back some units of a committed reservation. A first call, a retry and the sweeper call the same functions.
//
// Before a return is decided every sale is recorded. From then on the units are sold for good: a release that comes later
// meets the sales and gives back what the returns have left, and it knows how much that is, because no return is decided
// after a release. So the two never reach for the same unit, in whatever order their moves are recorded.
//
// RETURN REQUESTED. The intent is recorded in the reservation before any unit moves. Then each line moves under a key of its
// own, all of them in the intent's entry if they can be, and `return-settled` last.
//   Crash between: the reservation is open, and a retry or the sweeper moves the rest along the same keys, whether or not
//   a release has been recorded meanwhile.

import type { Journal, Submission } from '../../shared/journal/index.ts';
import { reservationEntity, returnKey, returnSettledKey, stockEntity } from './domain/names.ts';
import type { Line, PendingReturn, ReservationState } from './domain/reservation-state.ts';
import { decideReturnSettled, pendingReturnsOf } from './domain/returns.ts';
import { asReservation, asStock } from './domain/rules.ts';
import { decideTakeBack } from './domain/stock.ts';

export interface ReturnFlow {
  /** Moves the units of every return that is pending in this state. Moves that were made are found, not made again. */
  finish(scoped: string, reservation: ReservationState): Promise<void>;
}

type ReturnOfLines = Pick<PendingReturn, 'id' | 'lines' | 'backOnSale'>;

/** What `finish` submits for a return: it may go into the entry in which the return is recorded. */
export function returnOf(scoped: string, pending: ReturnOfLines): readonly Submission[] {
  return [...pending.lines.map((line) => moveOf(scoped, pending, line)), settledOf(scoped, pending.id)];
}

function moveOf(scoped: string, { id, backOnSale }: ReturnOfLines, { sku, quantity }: Line): Submission {
  const units = { reservation: scoped, quantity, return: id };
  return {
    key: returnKey(scoped, id, sku),
    fingerprint: '',
    entities: [stockEntity(sku)],
    decide: ([stock]) => decideTakeBack(asStock(stock), sku, units, backOnSale),
  };
}

function settledOf(scoped: string, returnId: string): Submission {
  return {
    key: returnSettledKey(scoped, returnId),
    fingerprint: '',
    entities: [reservationEntity(scoped)],
    decide: ([reservation]) => decideReturnSettled(asReservation(reservation), scoped, returnId),
  };
}

export function createReturnFlow({ journal }: { journal: Pick<Journal, 'submit'> }): ReturnFlow {
  return {
    async finish(scoped, reservation) {
      for (const pending of pendingReturnsOf(reservation)) {
        await Promise.all(pending.lines.map((line) => journal.submit(moveOf(scoped, pending, line))));
        await journal.submit(settledOf(scoped, pending.id));
      }
    },
  };
}
