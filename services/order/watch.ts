// WatchOrder: an order's timeline, first what is recorded, then what comes, until the order is at rest.

import { create } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import type { ServiceImpl } from '@connectrpc/connect';
import { type OrderService, WatchOrderResponseSchema } from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import type { Journal, RecordedOp } from '../../shared/journal/index.ts';
import type { Clock } from '../../shared/runtime/index.ts';
import { atRest } from '../../shared/saga/index.ts';
import { asOrder, orderEntity } from './domain/order-state.ts';
import { ownOrder } from './order-handlers.ts';
import { renderOrder } from './render.ts';

/** How often the journal is read for what other processes recorded; what this one records is seen at once. */
const lookEveryMs = 500;
/** An entry holds 512 ops at the most, so a position made of seq and place within the entry needs ten bits. */
const opsPerEntryMax = 1024n;

/** What is history of the machinery and not of the order. */
const hiddenTypes = new Set(['noted', 'overtaken', 'refused', 'retried']);

export function createWatchHandler(deps: {
  journal: Journal;
  clock: Clock;
}): Pick<ServiceImpl<typeof OrderService>, 'watchOrder'> {
  const { journal, clock } = deps;
  return {
    async *watchOrder({ orderId, afterPosition }, context) {
      const entity = orderEntity(orderId);
      ownOrder(orderId, asOrder(await journal.readState(entity)), context);
      let written = new AbortController();
      const stopListening = journal.onOp((op) => {
        if (op.entity === entity) written.abort();
      });
      try {
        let afterSeq = Number(afterPosition / opsPerEntryMax) - 1;
        for (let ended = false; !ended && !context.signal.aborted; ) {
          written = new AbortController();
          // Before the history, so that an order at rest has its last entry in what is read next.
          const newest = asOrder(await journal.readState(entity));
          const ops = await journal.history(entity, { afterSeq });
          for (const { op, position } of withPositions(ops)) {
            afterSeq = op.seq;
            const order = asOrder(op.state);
            if (!order || position <= afterPosition || hiddenTypes.has(op.type)) continue;
            yield create(WatchOrderResponseSchema, {
              position,
              event: op.type,
              order: renderOrder(orderId, order),
              recordedAt: timestampFromDate(op.at),
            });
          }
          ended = newest !== undefined && atRest(newest.saga) && ops.length === 0;
          if (!ended && ops.length === 0) {
            await clock.sleep(lookEveryMs, AbortSignal.any([context.signal, written.signal]));
          }
        }
      } finally {
        stopListening();
      }
    },
  };
}

function withPositions(ops: readonly RecordedOp[]) {
  let seq = -1;
  let place = 0n;
  return ops.map((op) => {
    place = op.seq === seq ? place + 1n : 0n;
    seq = op.seq;
    return { op, position: BigInt(op.seq) * opsPerEntryMax + place };
  });
}
