// Orders as cheap to send as they can be, so that the sender is not what is measured: one HTTP/2 connection, the message
// encoded beforehand, the answer judged by its status. Asked once: what to do with a refusal is the caller's business.

import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import { create, toBinary } from '@bufbuild/protobuf';
import { PlaceOrderRequestSchema } from '../../../shared/gen/twicesafe/order/v1/order_pb.ts';

/** `late`: no answer within its time. `shed`: refused before any work. `other`: anything else, which must not happen. */
export type Ending = 'confirmed' | 'shed' | 'late' | 'other';

export interface Orders {
  /** Places one order and resolves with how it ended and, when it was refused, what the server said. */
  place(requestId: string, timeoutMs: number): Promise<{ ending: Ending; tookMs: number; said: string }>;
  /** Why connections ended that we did not close. */
  lost(): readonly string[];
  close(): void;
}

/** How much later than the server we give up: the server answers at its deadline, so it should never come to that. */
const marginMs = 500;
/** How often it is looked who is overdue: one timer for all, because one for each would be a part of what is measured. */
const lookEveryMs = 50;

const ignored = () => undefined;

const path = '/twicesafe.order.v1.OrderService/PlaceOrder';

export function openOrders(address: string, accounts: readonly string[], sku: string): Orders {
  const messages = accounts.map((accountId) =>
    toBinary(
      PlaceOrderRequestSchema,
      create(PlaceOrderRequestSchema, {
        lines: [{ sku, quantity: 1 }],
        paymentSource: { case: 'accountId', value: accountId },
      }),
    ),
  );
  let closing = false;
  const lost: string[] = [];
  let sentCount = 0;
  let session = open();
  const overdueAtMs = new Map<ClientHttp2Stream, number>();
  const looking = setInterval(() => {
    const nowMs = performance.now();
    for (const [stream, atMs] of overdueAtMs) if (nowMs >= atMs) stream.close();
  }, lookEveryMs);

  function open(): ClientHttp2Session {
    const opened = connect(address);
    let why = 'closed';
    opened.on('error', (error) => {
      why = `${why}; ${error.message}`;
    });
    opened.on('goaway', (code) => {
      why = `${why}; told to go away with ${code}`;
    });
    opened.on('close', () => {
      if (!closing) lost.push(why);
    });
    return opened;
  }

  return {
    place(requestId, timeoutMs) {
      if (session.closed || session.destroyed) session = open();
      sentCount += 1;
      const message = messages[sentCount % messages.length] ?? new Uint8Array();
      const beganAtMs = performance.now();
      return new Promise((resolve) => {
        const stream = session.request({
          ':method': 'POST',
          ':path': path,
          'content-type': 'application/proto',
          'connect-protocol-version': '1',
          'connect-timeout-ms': String(timeoutMs),
          'request-id': requestId,
        });
        let status = 0;
        const refusal: Buffer[] = [];
        overdueAtMs.set(stream, beganAtMs + timeoutMs + marginMs);
        stream.on('response', (headers) => {
          status = headers[':status'] ?? 0;
        });
        stream.on('data', (chunk: Buffer) => {
          if (status !== 200) refusal.push(chunk);
        });
        stream.on('error', ignored);
        stream.on('close', () => {
          overdueAtMs.delete(stream);
          const text = refusal.length === 0 ? '' : Buffer.concat(refusal).toString();
          resolve({ ending: endingOf(status, text), tookMs: performance.now() - beganAtMs, said: text });
        });
        stream.end(message);
      });
    },
    lost: () => lost,
    close() {
      closing = true;
      clearInterval(looking);
      session.destroy();
    },
  };
}

function endingOf(status: number, text: string): Ending {
  if (status === 200) return 'confirmed';
  if (text.includes('OVERLOADED')) return 'shed';
  return status === 0 || text.includes('REQUEST_IN_FLIGHT') || text.includes('DEADLINE_EXCEEDED')
    ? 'late'
    : 'other';
}
