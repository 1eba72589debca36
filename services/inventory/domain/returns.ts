// Returns: some units of a committed reservation that come back, and what is left for a release to take back. Pure. What
// a return does to a reservation; what it does to the stock is in units.ts.
//
//     committed ──return-requested──▶ committed, with a return that is pending ──return-settled──▶ committed
//
// A return is decided in the reservation's own stream, before any of its units move. So no two of them take the same unit,
// and a release that is decided later knows what is left: what it takes back itself never changes any more.

import { type Decision, refuse, succeed } from '../../../shared/journal/decision.ts';
import { reservationEntity, reservationIdOf } from './names.ts';
import {
  reservationNotCommitted,
  reservationNotFound,
  reservationReleased,
  returnExceedsSold,
} from './refusals.ts';
import type { Line, PendingReturn, ReservationState } from './reservation-state.ts';

export type ReturnChange =
  | {
      readonly type: 'return-requested';
      readonly data: { readonly returnId: string } & Pick<PendingReturn, 'lines' | 'backOnSale'>;
    }
  | { readonly type: 'return-settled'; readonly data: { readonly returnId: string } };

export type RequestReturn = Readonly<{
  scoped: string;
  returnId: string;
  lines: readonly Line[];
  backOnSale: boolean;
}>;

/**
 * Records that the units come back. `salesSeen`: this return found the reservation committed and saw all its sales
 * recorded. Without that its units might still be held, and a release might free them; so it counts as having come
 * before the commit.
 */
export function decideReturn(
  reservation: ReservationState | undefined,
  { scoped, returnId, lines, backOnSale }: RequestReturn,
  salesSeen: boolean,
): Decision {
  const entity = reservationEntity(scoped);
  const reservationId = reservationIdOf(scoped);
  if (!reservation) return refuse(entity, reservationNotFound(reservationId));
  if (reservation.status === 'released') return refuse(entity, reservationReleased(reservationId));
  if (reservation.status !== 'committed' || !salesSeen)
    return refuse(entity, reservationNotCommitted(reservationId));
  for (const { sku, quantity } of lines) {
    const left = unitsLeft(reservation, sku);
    if (quantity > left) return refuse(entity, returnExceedsSold(reservationId, sku, left, quantity));
  }
  const change: ReturnChange = { type: 'return-requested', data: { returnId, lines, backOnSale } };
  return succeed({ entity, ...change });
}

/** Records that all units of the return have moved. */
export function decideReturnSettled(
  reservation: ReservationState | undefined,
  scoped: string,
  returnId: string,
): Decision {
  const entity = reservationEntity(scoped);
  const isPending = pendingReturnsOf(reservation).some(({ id }) => id === returnId);
  if (!isPending) return succeed({ entity, type: 'unchanged', data: {} });
  const change: ReturnChange = { type: 'return-settled', data: { returnId } };
  return succeed({ entity, ...change });
}

export const pendingReturnsOf = (reservation: ReservationState | undefined): readonly PendingReturn[] =>
  reservation?.pendingReturns ?? [];

export const unitsReturned = ({ returned = [] }: ReservationState, sku: string): number =>
  returned.find((line) => line.sku === sku)?.quantity ?? 0;

/** What no return has taken back, and a release therefore will. */
export function unitsLeft(reservation: ReservationState, sku: string): number {
  const sold = reservation.lines.find((line) => line.sku === sku)?.quantity ?? 0;
  return sold - unitsReturned(reservation, sku);
}

export const isReturnChange = (change: { type: string }): change is ReturnChange =>
  change.type === 'return-requested' || change.type === 'return-settled';

export function evolveReturns(
  reservation: ReservationState,
  change: ReturnChange,
  at: Date,
): ReservationState {
  const { returnId } = change.data;
  const pending = pendingReturnsOf(reservation);
  if (change.type === 'return-settled') {
    return { ...reservation, pendingReturns: pending.filter(({ id }) => id !== returnId) };
  }
  const { lines, backOnSale } = change.data;
  const sums = new Map((reservation.returned ?? []).map(({ sku, quantity }) => [sku, quantity]));
  for (const { sku, quantity } of lines) sums.set(sku, (sums.get(sku) ?? 0) + quantity);
  return {
    ...reservation,
    returned: [...sums].map(([sku, quantity]) => ({ sku, quantity })),
    pendingReturns: [...pending, { id: returnId, lines, backOnSale, requestedAt: at }],
  };
}
