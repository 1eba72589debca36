// Before the storm: puts the goods in, under fixed request ids. After it: reads what became of them. Both are lines of the
// history like any other call.

import { accountsOf, type Goods, itemsOf } from './goods.ts';
import { callOf, openAccount, putItem } from './load/calls.ts';
import type { StormClock } from './load/clock.ts';
import type { CallerIdentity } from './load/messages.ts';
import type { Sender } from './load/sender.ts';

/** Of each call. A fresh suite answers at once; one that does not within this is not there. */
const seedMsMax = 10_000;
/** Of each. Everything is up by then, and at rest. */
const readMsMax = 30_000;

/** Throws one sentence when the goods cannot be put in: without them there is nothing to storm. */
export async function putGoodsIn(
  sender: Sender,
  goods: Goods,
  run: string,
  caller: CallerIdentity,
  clock: StormClock,
): Promise<void> {
  const calls = [
    ...itemsOf(goods).map((item) => ({ call: putItem(item), requestId: `${run}:item:${item.sku}` })),
    ...accountsOf(goods).map((account) => ({
      call: openAccount(account),
      requestId: `${run}:account:${account.accountId}`,
    })),
  ];
  for (const { call, requestId } of calls) {
    const { answer } = await sender.insist({ call, requestId, caller, phase: 'before' }, clock() + seedMsMax);
    if (answer.outcome === 'done') continue;
    throw new Error(
      `The storm's goods could not be put in: ${call.rpc} was ${answer.outcome}, ${answer.reason}.`,
    );
  }
}

export async function readGoods(
  sender: Sender,
  goods: Goods,
  caller: CallerIdentity,
  clock: StormClock,
): Promise<void> {
  const calls = [
    ...accountsOf(goods).map(({ accountId }) => callOf({ rpc: 'GetAccount', account: accountId })),
    ...itemsOf(goods).map(({ sku }) => callOf({ rpc: 'GetItem', sku })),
  ];
  for (const call of calls) {
    await sender.insist({ call, requestId: '', caller, phase: 'after' }, clock() + readMsMax);
  }
}
