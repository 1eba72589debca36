// A process that makes load. It keeps one connection to the order service, and remembers which orders it placed.

import { openWire, type Wire } from '../../wire.ts';
import { servePart } from '../part.ts';
import type { LoadAnswer, LoadQuestion, LoadSetup } from './messages.ts';
import { createOrders } from './orders.ts';
import { type Memory, put } from './put.ts';

/** About what PlaceOrder asks and answers. */
const echoBody = new Uint8Array(64);
const echoGiveUpMs = 5_000;

servePart<LoadSetup, LoadQuestion, LoadAnswer>(async ({ address, firstNumber, process, processCount }) => {
  const wires = new Map<string, Wire>();
  const wireTo = (to: string): Wire => {
    const wire = wires.get(to) ?? openWire(to);
    wires.set(to, wire);
    return wire;
  };
  const orders = createOrders(wireTo(address));
  const memory: Memory = {
    next: { spread: firstNumber + process, hot: firstNumber + process },
    finished: [],
  };
  return {
    answer: (question) =>
      put(question, {
        memory,
        processCount,
        place: orders.place,
        async echo(to) {
          const answer = await wireTo(to).call({
            path: '/echo',
            headers: { 'request-id': 'bench-echo-0000' },
            body: echoBody,
            giveUpMs: echoGiveUpMs,
          });
          return answer.lost ? `odd: ${answer.why}` : 'replayed';
        },
      }),
    async close() {
      for (const wire of wires.values()) wire.close();
    },
  };
});
