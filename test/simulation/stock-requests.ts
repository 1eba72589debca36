// The requests about reservations and items, and the refusals that each may get.

import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { InventoryService } from '../../shared/gen/twicesafe/inventory/v1/inventory_pb.ts';
import type { Request, Subject } from './subject.ts';

export function stockRequest(subject: Subject): Request | undefined {
  const { command, wish, caller, requestId, index, reservationId, sku, lines, amount, whenDeleted } = subject;
  const { method } = InventoryService;
  const about = `reservation/${caller}/${reservationId}`;
  const reservation = { service: 'inventory' as const, about, caller, requestId };
  const item = {
    service: 'inventory' as const,
    about: `item/${sku}`,
    caller: 'operator' as const,
    requestId,
  };
  switch (command.kind) {
    case 'reserve': {
      const ttl = wish.ttlMs === 0 ? {} : { ttl: durationFromMs(wish.ttlMs) };
      return {
        ...reservation,
        requestId: `reserve-stock-${index}`,
        method: method.reserveStock,
        message: { reservationId, lines, reference: 'mine', ...ttl },
        refusals: ['INSUFFICIENT_STOCK', 'REQUEST_CANCELLED', ...whenDeleted],
      };
    }
    case 'commit':
      return {
        ...reservation,
        method: method.commitReservation,
        message: { reservationId },
        refusals: ['RESERVATION_NOT_FOUND', 'RESERVATION_RELEASED', 'RESERVATION_REFUSED'],
      };
    case 'release':
      return { ...reservation, method: method.releaseReservation, message: { reservationId }, refusals: [] };
    case 'returnStock':
      return {
        ...reservation,
        method: method.returnStock,
        message: { reservationId, lines: subject.someLines, backOnSale: index % 2 === 0 },
        refusals: [
          'RESERVATION_NOT_FOUND',
          'RESERVATION_NOT_COMMITTED',
          'RESERVATION_RELEASED',
          'RETURN_EXCEEDS_SOLD',
        ],
      };
    case 'adjust': {
      const units = command.variant === 0 ? wish.amount : -Math.ceil(wish.amount / 40);
      return {
        ...item,
        method: method.adjustStock,
        message: { sku, delta: BigInt(command.isAltered ? 2 * units : units) },
        refusals: ['INSUFFICIENT_STOCK', ...whenDeleted],
      };
    }
    case 'reprice':
      return {
        ...item,
        method: method.putItem,
        message: { sku, name: 'repriced', price: amount },
        refusals: [],
      };
    case 'delete': {
      const refusals = ['ITEM_HAS_HOLDS', ...whenDeleted];
      return { ...item, method: method.deleteItem, message: { sku }, refusals };
    }
    default:
      return undefined;
  }
}
