// From the journal's states to the API's messages. It decides nothing.

import { create } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import {
  type Item,
  ItemSchema,
  type Reservation,
  ReservationSchema,
  ReservationStatus,
} from '../../shared/gen/twicesafe/inventory/v1/inventory_pb.ts';
import { isTombstone } from './domain/reservation.ts';
import type { ReservationState } from './domain/reservation-state.ts';
import { unitsReturned } from './domain/returns.ts';
import type { StockState } from './domain/stock.ts';
import type { PricedLine } from './held-lines.ts';

export function renderItem(sku: string, stock: StockState): Item {
  return create(ItemSchema, {
    sku,
    name: stock.name,
    price: stock.price,
    onHand: BigInt(stock.onHand),
    held: BigInt(stock.held),
    sold: BigInt(stock.sold),
  });
}

/** `status` is given apart, because the state says `requested` for held too. */
export function renderReservation(
  reservationId: string,
  reservation: ReservationState,
  status: ReservationState['status'] | 'held',
  lines: readonly PricedLine[],
): Reservation {
  return create(ReservationSchema, {
    reservationId,
    status: wireStatus[status],
    lines: lines.map(({ sku, quantity, unitPrice }) => ({
      sku,
      quantity,
      ...(unitPrice ? { unitPrice } : {}),
      returnedQuantity: unitsReturned(reservation, sku),
    })),
    reference: reservation.reference,
    // Nobody ever asked for a tombstone's units.
    ...(isTombstone(reservation) ? {} : { requestedAt: timestampFromDate(reservation.requestedAt) }),
    ...(reservation.expiresAt ? { expiresAt: timestampFromDate(reservation.expiresAt) } : {}),
  });
}

/** The journal's statuses on the wire, and `held`, which only the holds can tell. */
export const wireStatus: Readonly<Record<ReservationState['status'] | 'held', ReservationStatus>> = {
  requested: ReservationStatus.REQUESTED,
  held: ReservationStatus.HELD,
  refused: ReservationStatus.REFUSED,
  committed: ReservationStatus.COMMITTED,
  released: ReservationStatus.RELEASED,
};
