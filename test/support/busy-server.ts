// Stands in for a service that has no time: takes orders, and does nothing else than count for most of each second. Ends
// with its parent.

import { startToyOrders } from './toy-order-server.ts';

const busyMs = 800;
const everyMs = 1_000;
const workMs = 300;

const server = await startToyOrders({
  limits: { callsInFlightMax: 200 },
  placeOrder: async (_request, { requestId }) => {
    await new Promise((resolve) => setTimeout(resolve, workMs));
    return { replayed: false, response: { order: { orderId: requestId } } };
  },
});

setInterval(() => {
  const untilMs = performance.now() + busyMs;
  while (performance.now() < untilMs);
}, everyMs);

process.once('disconnect', () => process.exit());
process.send?.({ address: server.address });
