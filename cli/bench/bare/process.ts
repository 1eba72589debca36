// A process that appends orders straight to the journals, so many at once, without any service.

import { create } from '@bufbuild/protobuf';
import { PlaceOrderRequestSchema } from '../../../shared/gen/twicesafe/order/v1/order_pb.ts';
import { fingerprintOf } from '../../../shared/idempotency/index.ts';
import { createLog } from '../../../shared/runtime/index.ts';
import { differentOrders, orderOf, requestIdOf } from '../goods.ts';
import { createRecorder } from '../latencies.ts';
import { servePart } from '../part.ts';
import { localOf } from '../window.ts';
import { type BareOrder, createBareOrders } from './appends.ts';
import { openJournals, putGoodsIntoJournals } from './journals.ts';
import type { BareAnswer, BareQuestion, BareSetup } from './messages.ts';

servePart<BareSetup, BareQuestion, BareAnswer>(async ({ databaseUri, databasePrefix, putsGoods }) => {
  const journals = await openJournals(databaseUri, (service) => `${databasePrefix}${service}`);
  if (putsGoods) await putGoodsIntoJournals(journals);
  const orders = createBareOrders(journals, createLog('bench', 'warn'));
  // Made before: at a service this is the work of the call, not of the journal.
  const pool = Array.from({ length: differentOrders }, (_, number) => {
    const { accountId, lines } = orderOf(number, 'spread');
    const message = create(PlaceOrderRequestSchema, {
      paymentSource: { case: 'accountId', value: accountId },
      lines: [...lines],
    });
    return { accountId, lines, fingerprint: fingerprintOf(PlaceOrderRequestSchema, message) };
  });
  let next = 0;

  function take(): BareOrder {
    const number = next;
    next += 1;
    const order = pool[number % differentOrders];
    if (!order) throw new Error(`there is no order ${number}`);
    return { requestId: requestIdOf('spread', number), ...order };
  }

  return {
    async answer({ inFlight, limit }) {
      const isOrders = 'orders' in limit;
      const { fromMs, untilMs } = isOrders
        ? { fromMs: 0, untilMs: Number.POSITIVE_INFINITY }
        : localOf(limit);
      let left = isOrders ? limit.orders : Number.POSITIVE_INFINITY;
      const placed = createRecorder();
      const settling = new Set<Promise<void>>();
      let confirmedCount = 0;
      const lane = async () => {
        while (left > 0 && performance.now() < untilMs) {
          left -= 1;
          const asked = take();
          const beganAtMs = performance.now();
          const { settled } = await orders.place(asked);
          const endedAtMs = performance.now();
          confirmedCount += 1;
          if (endedAtMs >= fromMs && endedAtMs < untilMs) placed.add(endedAtMs - beganAtMs);
          const settlement: Promise<void> = settled.then(() => void settling.delete(settlement));
          settling.add(settlement);
        }
      };
      await Promise.all(Array.from({ length: inFlight }, lane));
      const answeredAtMs = performance.now();
      await Promise.all(settling);
      await orders.drain();
      return { placed: placed.counted(), confirmedCount, settledMs: performance.now() - answeredAtMs };
    },
    close: () => journals.close(),
  };
});
