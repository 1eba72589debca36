// Orders as calls: messages encoded beforehand, answers judged by their status and their replay mark. Asked once, never again.

import { create, toBinary } from '@bufbuild/protobuf';
import { OrderService, PlaceOrderRequestSchema } from '../../../shared/gen/twicesafe/order/v1/order_pb.ts';
import type { Wire, WireAnswer } from '../../wire.ts';
import { differentOrders, orderOf, requestIdOf, type Spread } from '../goods.ts';

/** What became of a call: `confirmed` and `replayed` are the two good ends; anything else says what it was. */
export type Ending = 'confirmed' | 'replayed' | `odd: ${string}`;

export interface Orders {
  place(number: number, spread: Spread): Promise<Ending>;
}

const path = `/${OrderService.typeName}/${OrderService.method.placeOrder.name}`;

/** A caller's deadline; the services' own patience with an order is longer. */
const timeoutMs = 10_000;
/** The server answers at the deadline; this much later it has had its chance. */
const marginMs = 500;

export function createOrders(wire: Wire): Orders {
  const bodies = { spread: encodeAll('spread'), hot: encodeAll('hot') };
  return {
    async place(number, spread) {
      const body = bodies[spread][number % differentOrders];
      if (!body) throw new Error(`order ${number} has no message`);
      const answer = await wire.call({
        path,
        headers: { 'request-id': requestIdOf(spread, number), 'connect-timeout-ms': String(timeoutMs) },
        body,
        giveUpMs: timeoutMs + marginMs,
      });
      return endingOf(answer);
    },
  };
}

function encodeAll(spread: Spread): Uint8Array[] {
  return Array.from({ length: differentOrders }, (_, number) => {
    const { accountId, lines } = orderOf(number, spread);
    return toBinary(
      PlaceOrderRequestSchema,
      create(PlaceOrderRequestSchema, {
        paymentSource: { case: 'accountId', value: accountId },
        lines: [...lines],
      }),
    );
  });
}

function endingOf(answer: WireAnswer): Ending {
  if (answer.lost) return `odd: ${answer.why}`;
  if (answer.status === 200) return answer.replayed ? 'replayed' : 'confirmed';
  const reason = /"reason":"([A-Z_]+)"/.exec(answer.body.toString('utf8'))?.[1];
  return `odd: ${reason ?? `status ${answer.status}`}`;
}
