// The rules that the journal is given for this service's entities, and the way from its states to ours.

import type { State } from '../../../shared/journal/decision.ts';
import { isReservation, isStock } from './names.ts';
import { evolveReservation, type ReservationChange } from './reservation.ts';
import type { ReservationState } from './reservation-state.ts';
import { pendingReturnsOf } from './returns.ts';
import { evolveStock, type StockChange, type StockState } from './stock.ts';

type RecordedChange = { type: string; data: Readonly<Record<string, unknown>> };

/** The casts here are safe because only this folder's decisions write changes and states. */
export const asStock = (state: State | undefined): StockState | undefined => state as StockState | undefined;

export const asReservation = (state: State | undefined): ReservationState | undefined =>
  state as ReservationState | undefined;

function evolve(
  entity: string,
  state: State | undefined,
  change: RecordedChange,
  at: Date,
): State | undefined {
  if (isStock(entity)) return evolveStock(asStock(state), change as StockChange);
  if (isReservation(entity)) return evolveReservation(asReservation(state), change as ReservationChange, at);
  throw new Error(`${entity} is no entity of the inventory`);
}

/** A reservation that is not at rest. One that is held without a time limit stays open until its caller settles it. */
function isOpen(entity: string, state: State): boolean {
  if (!isReservation(entity)) return false;
  const reservation = asReservation(state);
  return reservation?.settled === false || pendingReturnsOf(reservation).length > 0;
}

export const inventoryRules = { evolve, isOpen };
