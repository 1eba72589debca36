// Toy orders that a test holds back, and lets go one by one.

import type { ToyOrders } from './toy-order-server.ts';

/** Orders that wait, each until a test lets it go, and are replays from the second time on. */
export function heldOrders() {
  const holds = new Map<string, PromiseWithResolvers<void>>();
  const placed = new Set<string>();
  const holdOf = (requestId: string) => {
    const hold = holds.get(requestId) ?? Promise.withResolvers<void>();
    holds.set(requestId, hold);
    return hold;
  };
  const placeOrder: NonNullable<ToyOrders['placeOrder']> = async (_, { requestId }) => {
    const replayed = placed.has(requestId);
    placed.add(requestId);
    if (requestId.startsWith('held-')) await holdOf(requestId).promise;
    return { replayed, response: { order: { orderId: `order-of-${requestId}` } } };
  };
  return { placeOrder, placed, letGo: (requestId: string) => holdOf(requestId).resolve() };
}
