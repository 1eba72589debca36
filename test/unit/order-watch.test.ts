// WatchOrder when an order comes to rest between two of its reads.

import { createContextValues, type HandlerContext } from '@connectrpc/connect';
import { expect, test } from 'vitest';
import { decideCompleted, decideConfirm, decidePlace } from '../../services/order/domain/order.ts';
import { asOrder } from '../../services/order/domain/order-state.ts';
import { orderRules } from '../../services/order/domain/rules.ts';
import { createWatchHandler } from '../../services/order/watch.ts';
import { createJournalOn, type Decision, type State } from '../../shared/journal/index.ts';
import { createMemoryContent, createMemoryStore } from '../../shared/journal/memory-store.ts';
import { type Caller, callerKey } from '../../shared/rpc/caller.ts';
import { createLog, createSystemClock } from '../../shared/runtime/index.ts';
import { evenRandom } from '../support/held-clock.ts';
import { eur, placeTea, pricedTea } from '../support/order-book.ts';

test('the last entry is told, whenever it is recorded', async () => {
  const clock = createSystemClock();
  const log = createLog('test', 'silent');
  const journal = await createJournalOn(createMemoryStore(createMemoryContent()), {
    rules: orderRules,
    owner: 'order',
    streamCount: 1,
    writer: 'order-1',
    clock,
    random: evenRandom,
    log,
  });
  const record = (key: string, decide: (state: State | undefined, at: Date) => Decision) =>
    journal.submit({
      key,
      fingerprint: '',
      entities: ['order/o1'],
      decide: ([state], at) => decide(state, at),
    });
  const order = (state: State | undefined) => {
    const known = asOrder(state);
    if (!known) throw new Error('no order');
    return known;
  };
  await record('place', (_state, at) => decidePlace(placeTea, at));
  await record('confirm', (state) => decideConfirm('o1', order(state), pricedTea, eur(900n)));

  let lookCount = 0;
  const completing = {
    ...journal,
    // Right after the look that finds nothing new.
    async history(...question: Parameters<typeof journal.history>) {
      const ops = await journal.history(...question);
      lookCount += 1;
      if (lookCount === 2) await record('complete', (state) => decideCompleted('o1', order(state)));
      return ops;
    },
  };
  const { watchOrder } = createWatchHandler({ journal: completing, clock });
  const alice: Partial<Caller> = { name: 'alice' };
  const values = createContextValues().set(callerKey, alice as Caller);
  const context = { values, signal: new AbortController().signal } as unknown as HandlerContext;
  const request = { orderId: 'o1', afterPosition: 0n } as Parameters<typeof watchOrder>[0];
  const events: (string | undefined)[] = [];
  for await (const { event } of watchOrder(request, context)) events.push(event);
  expect(events).toEqual(['placed', 'confirmed', 'completed']);
  await journal.close();
});
