// Every refusal of this service, in its words. The transport's code for each reason is in inventory-errors.ts.

import type { Refusal } from '../../../shared/journal/decision.ts';

export const itemNotFound = (sku: string): Refusal => ({
  reason: 'ITEM_NOT_FOUND',
  message: `there is no item ${sku}; put it first`,
  metadata: { sku },
});

export const itemHasHolds = (sku: string, held: number): Refusal => ({
  reason: 'ITEM_HAS_HOLDS',
  message: `reservations hold ${held} units of item ${sku}; settle them first`,
  metadata: { sku, held: String(held) },
});

export const insufficientStock = (sku: string, onHand: number, asked: number): Refusal => ({
  reason: 'INSUFFICIENT_STOCK',
  message: `item ${sku} has ${onHand} units on hand, ${asked} were asked for`,
  metadata: { sku, on_hand: String(onHand), asked: String(asked) },
});

export const stockLimitExceeded = (sku: string, onHandMax: number): Refusal => ({
  reason: 'STOCK_LIMIT_EXCEEDED',
  message: `item ${sku} would have more than ${onHandMax} units on hand`,
  metadata: { sku, on_hand_max: String(onHandMax) },
});

export const reservationNotFound = (reservationId: string): Refusal => ({
  reason: 'RESERVATION_NOT_FOUND',
  message: `there is no reservation ${reservationId}`,
  metadata: { reservation_id: reservationId },
});

export const reservationAlreadyExists = (reservationId: string): Refusal => ({
  reason: 'RESERVATION_ALREADY_EXISTS',
  message: `another request made reservation ${reservationId}; choose another id`,
  metadata: { reservation_id: reservationId },
});

export const reservationReleased = (reservationId: string): Refusal => ({
  reason: 'RESERVATION_RELEASED',
  message: `reservation ${reservationId} was released; reserve again under another id`,
  metadata: { reservation_id: reservationId },
});

export const reservationRefused = (reservationId: string): Refusal => ({
  reason: 'RESERVATION_REFUSED',
  message: `the stock of reservation ${reservationId} could not be held`,
  metadata: { reservation_id: reservationId },
});

export const reservationNotCommitted = (reservationId: string): Refusal => ({
  reason: 'RESERVATION_NOT_COMMITTED',
  message: `the units of reservation ${reservationId} are not sold; commit it, then return them under a new request id`,
  metadata: { reservation_id: reservationId },
});

export const returnExceedsSold = (
  reservationId: string,
  sku: string,
  left: number,
  asked: number,
): Refusal => ({
  reason: 'RETURN_EXCEEDS_SOLD',
  message: `reservation ${reservationId} has ${left} units of ${sku} left to take back, ${asked} were asked for`,
  metadata: { reservation_id: reservationId, sku, left: String(left), asked: String(asked) },
});

/** The undo came before the step, so the step can never happen any more. */
export const requestCancelled = (reservationId: string): Refusal => ({
  reason: 'REQUEST_CANCELLED',
  message: `reservation ${reservationId} was released before its stock was held`,
  metadata: { reservation_id: reservationId },
});
