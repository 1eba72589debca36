// A reservation: who wants which units, and whether they are still wanted. Where the units are is the stock's matter.
//
//     requested ──▶ committed ──▶ released        tombstone: released, without lines
//         │  └────────────────────▲  ▲
//         └──▶ refused ──────────────┘
//
// `requested` covers *held* too: that every line is held is known from the holds' own records, not written again. Units of a
// committed one may come back in parts: returns.ts.

import { type Decision, refuse, succeed } from '../../../shared/journal/decision.ts';
import { reservationEntity, reservationIdOf } from './names.ts';
import {
  requestCancelled,
  reservationAlreadyExists,
  reservationNotFound,
  reservationRefused,
  reservationReleased,
} from './refusals.ts';
import type { Line, ReservationState } from './reservation-state.ts';
import { evolveReturns, isReturnChange, type ReturnChange } from './returns.ts';
import { type Stock, sell } from './units.ts';

export type ReservationChange =
  | { readonly type: 'reservation-requested'; readonly data: ReservationRequest }
  | { readonly type: 'reservation-refused'; readonly data: Readonly<Record<string, never>> }
  | { readonly type: 'reservation-committed'; readonly data: { readonly settled: boolean } }
  | { readonly type: 'reservation-released'; readonly data: { cause: 'request' | 'expiry' } }
  | { readonly type: 'reservation-settled'; readonly data: Readonly<Record<string, never>> }
  | ReturnChange
  | { readonly type: 'unchanged'; readonly data: Readonly<Record<string, never>> }
  | { readonly type: 'refused'; readonly data: { reason: string } };

export type ReservationRequest = {
  readonly lines: readonly Line[];
  readonly reference: string;
  /** Absent: it never expires. */
  readonly ttlMs?: number;
};

/** Records the intent. The journal replays the same request, so whatever is there already came from another one. */
export function decideReserve(
  reservation: ReservationState | undefined,
  scoped: string,
  request: ReservationRequest,
): Decision {
  const entity = reservationEntity(scoped);
  if (!reservation) return succeed({ entity, type: 'reservation-requested', data: request });
  if (isTombstone(reservation)) return refuse(entity, requestCancelled(reservationIdOf(scoped)));
  return refuse(entity, reservationAlreadyExists(reservationIdOf(scoped)));
}

/** Records that a line was refused and that the others were given back. A release may have come in between. */
export function decideRefused(reservation: ReservationState | undefined, scoped: string): Decision {
  const entity = reservationEntity(scoped);
  const type = reservation?.status === 'requested' ? 'reservation-refused' : 'unchanged';
  return succeed({ entity, type, data: {} });
}

/**
 * Decides that the units are sold. `holdsSeen`: this commit found the reservation and saw all its holds recorded, if
 * it was still requested. Without that a reservation made in this very moment could be committed without its units,
 * so the commit counts as having come before it. `stock`: that of all its lines, if it is in the reservation's stream;
 * then they are sold by this very decision, and nothing remains to be done.
 */
export function decideCommit(
  reservation: ReservationState | undefined,
  { scoped, holdsSeen, stock }: { scoped: string; holdsSeen: boolean; stock: Stock | undefined },
  at: Date,
): Decision {
  const entity = reservationEntity(scoped);
  const reservationId = reservationIdOf(scoped);
  if (!reservation || !holdsSeen) return refuse(entity, reservationNotFound(reservationId));
  switch (reservation.status) {
    case 'committed':
      return succeed({ entity, type: 'unchanged', data: {} });
    case 'released':
      return refuse(entity, reservationReleased(reservationId));
    case 'refused':
      return refuse(entity, reservationRefused(reservationId));
    case 'requested':
      if (!isExpired(reservation, at)) {
        const committed = { entity, type: 'reservation-committed', data: { settled: stock !== undefined } };
        return succeed(committed, ...(stock ? sell(stock, scoped, reservation.lines) : []));
      }
      // Its time is over, though no sweeper came by yet: the answer must not depend on who was quicker.
      return {
        outcome: { succeeded: false, refusal: reservationReleased(reservationId) },
        changes: [{ entity, type: 'reservation-released', data: { cause: 'expiry' } }],
      };
  }
}

/** Decides that the units go back, wherever they are. Of an unknown reservation it leaves a tombstone. */
export function decideRelease(reservation: ReservationState | undefined, scoped: string): Decision {
  const entity = reservationEntity(scoped);
  if (reservation?.status === 'released') return succeed({ entity, type: 'unchanged', data: {} });
  return succeed({ entity, type: 'reservation-released', data: { cause: 'request' } });
}

/** Like a release, but only of what is not settled yet. The caller of it has looked at the clock. */
export function decideExpire(reservation: ReservationState | undefined, scoped: string): Decision {
  const entity = reservationEntity(scoped);
  if (reservation?.status !== 'requested') return succeed({ entity, type: 'unchanged', data: {} });
  return succeed({ entity, type: 'reservation-released', data: { cause: 'expiry' } });
}

/** Records that every line's units are where `status` wants them. */
export function decideSettled(
  reservation: ReservationState | undefined,
  scoped: string,
  status: 'committed' | 'released',
): Decision {
  const entity = reservationEntity(scoped);
  // A commit's last op may come after a release: what the release has to do is not done by it.
  const type = reservation?.status === status ? 'reservation-settled' : 'unchanged';
  return succeed({ entity, type, data: {} });
}

/** A release that came before its reserve. */
export function isTombstone(reservation: ReservationState): boolean {
  return reservation.lines.length === 0;
}

export function isExpired(reservation: ReservationState, at: Date): boolean {
  return reservation.expiresAt !== undefined && reservation.expiresAt.getTime() <= at.getTime();
}

/** The one place where reservations change. */
export function evolveReservation(
  reservation: ReservationState | undefined,
  change: ReservationChange,
  at: Date,
): ReservationState | undefined {
  if (change.type === 'reservation-requested') {
    const { lines, reference, ttlMs } = change.data;
    const expiresAt = ttlMs === undefined ? {} : { expiresAt: new Date(at.getTime() + ttlMs) };
    return {
      status: 'requested',
      lines,
      reference,
      requestedAt: at,
      ...expiresAt,
      changedAt: at,
      settled: false,
    };
  }
  if (reservation === undefined) {
    if (change.type !== 'reservation-released') return undefined;
    return { status: 'released', lines: [], reference: '', requestedAt: at, changedAt: at, settled: true };
  }
  if (isReturnChange(change)) return evolveReturns(reservation, change, at);
  switch (change.type) {
    case 'reservation-refused':
      // Everything was given back before this is recorded.
      return { ...reservation, status: 'refused', changedAt: at, settled: true };
    case 'reservation-committed':
      return { ...reservation, status: 'committed', changedAt: at, settled: change.data.settled };
    case 'reservation-released':
      return { ...reservation, ...wasSold(reservation), status: 'released', changedAt: at, settled: false };
    case 'reservation-settled':
      return { ...reservation, settled: true };
    default:
      return reservation;
  }
}

/** Of a commit whose sales may still be under way it cannot be said: the release asks their keys. */
function wasSold({ status, settled }: ReservationState): Pick<ReservationState, 'wasSold'> {
  return status === 'committed' && settled ? { wasSold: true } : {};
}
