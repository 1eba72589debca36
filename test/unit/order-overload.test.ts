// PlaceOrder while more sagas are under way than can be finished.

import { ConnectError, type HandlerContext } from '@connectrpc/connect';
import { expect, test } from 'vitest';
import { createOrderHandlers, type OrderDependencies } from '../../services/order/order-handlers.ts';
import { createRefusals } from '../../shared/rpc/index.ts';
import { createHeldClock } from '../support/held-clock.ts';
import { silentLog } from '../support/toy-order-server.ts';

const call = {
  caller: 'alice',
  rpc: 'PlaceOrder',
  requestId: 'order-0001',
  key: 'req/alice/PlaceOrder/order-0001',
  fingerprint: '1:abc',
};

const request = {
  lines: [{ sku: 'tea', quantity: 1 }],
  paymentSource: { case: 'accountId', value: 'alice' },
} as unknown as Parameters<ReturnType<typeof createOrderHandlers>['placeOrder']>[0];

/** A full coordinator, and a journal that only tells whether it was asked to record something. */
async function placeWhileFull(isKnown: boolean) {
  const submitted: string[] = [];
  const handlers = createOrderHandlers({
    journal: {
      knows: () => isKnown,
      submit: async ({ key }: { key: string }) => {
        submitted.push(key);
        throw new Error('far enough');
      },
    } as unknown as OrderDependencies['journal'],
    answering: {
      async answerOnce(_context, work) {
        await work(call);
        throw new Error('answered, although nothing can be recorded');
      },
    },
    coordinator: { isFull: () => true } as unknown as OrderDependencies['coordinator'],
    orderDeadlineMs: 30_000,
    cardPayments: false,
    overloaded: createRefusals({ clock: createHeldClock(), log: silentLog }),
  });
  const outcome = await Promise.resolve(handlers.placeOrder(request, {} as HandlerContext)).catch(
    (error: unknown) => ConnectError.from(error).rawMessage,
  );
  return { outcome, submitted };
}

test('a new order is refused before anything of it is recorded', async () => {
  expect(await placeWhileFull(false)).toEqual({
    outcome: 'too many calls at once: nothing was done, send the same request again',
    submitted: [],
  });
});

test('an order that was recorded before is driven in any case', async () => {
  expect((await placeWhileFull(true)).submitted).toEqual(['req/alice/PlaceOrder/order-0001']);
});
