// Walks: callers read a list page by page while others add to it. Whatever was there before a walk began is on exactly one
// of its pages, and nothing is on two.

import type { Message } from '@bufbuild/protobuf';
import type { ListOrdersResponse } from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import type {
  ListAccountEntriesResponse,
  ListPaymentsResponse,
} from '../../shared/gen/twicesafe/payment/v1/payment_pb.ts';
import type { Clock } from '../../shared/runtime/index.ts';
import type { Callers } from './callers.ts';
import { isReused, type Ledger } from './ledger.ts';
import type { ServiceName } from './suite.ts';

export type ListName = 'orders' | 'payments' | 'entries';

export interface WalkRequest {
  readonly list: ListName;
  readonly caller: string;
  /** Of entries. */
  readonly accountId: string;
  readonly pageSize: number;
}

interface Walk extends WalkRequest {
  readonly beganAtMs: number;
  readonly items: Item[];
  /** Every page was answered. */
  isWhole: boolean;
}

/** An order, a payment, or a movement with the balance after it. */
interface Item {
  readonly id: string;
  readonly amount?: bigint;
  readonly balanceAfter?: bigint;
}

export interface Walks {
  /** Reads page after page, each again as long as it gets no answer, up to `tries` in all. */
  walk(request: WalkRequest, tries: number): Promise<void>;
  lies(): string[];
}

/** A list of a run has a few dozen items: more pages are a token that leads nowhere. */
const pagesMax = 500;

export function createWalks(deps: { callers: Callers; ledger: Ledger; clock: Clock }): Walks {
  const { callers, ledger, clock } = deps;
  const walks: Walk[] = [];

  async function page(walk: WalkRequest, pageToken: string): Promise<Message | undefined> {
    const { service, method } = rpcs[walk.list];
    const message = { pageSize: walk.pageSize, pageToken };
    const about = walk.list === 'entries' ? { accountId: walk.accountId } : {};
    const answer = await callers.read(walk.caller, service, method, { ...message, ...about });
    return answer.answer === 'done' ? answer.response : undefined;
  }

  return {
    async walk(request, tries) {
      const walk: Walk = { ...request, beganAtMs: clock.nowMs(), items: [], isWhole: false };
      walks.push(walk);
      let token = '';
      let triesLeft = tries;
      for (let pageCount = 0; pageCount < pagesMax && triesLeft > 0; pageCount += 1) {
        const answered = await page(walk, token);
        if (!answered) {
          triesLeft -= 1;
          continue;
        }
        walk.items.push(...itemsOf(walk.list, answered));
        token = (answered as ListOrdersResponse).nextPageToken;
        walk.isWhole = token === '';
        if (walk.isWhole) return;
      }
    },
    lies: () => walks.flatMap((walk) => liesOf(walk, ledger)),
  };
}

const rpcs: Readonly<Record<ListName, { service: ServiceName; method: string }>> = {
  orders: { service: 'order', method: 'listOrders' },
  payments: { service: 'payment', method: 'listPayments' },
  entries: { service: 'payment', method: 'listAccountEntries' },
};

function itemsOf(list: ListName, page: Message): Item[] {
  switch (list) {
    case 'orders':
      return (page as ListOrdersResponse).orders.map(({ orderId }) => ({ id: orderId }));
    case 'payments':
      return (page as ListPaymentsResponse).payments.map(({ paymentId }) => ({ id: paymentId }));
    case 'entries':
      return (page as ListAccountEntriesResponse).entries.map((entry) => ({
        id: `${entry.paymentId} ${entry.amount?.amountMinorUnits} ${entry.balanceAfter?.amountMinorUnits}`,
        amount: entry.amount?.amountMinorUnits ?? 0n,
        balanceAfter: entry.balanceAfter?.amountMinorUnits ?? 0n,
      }));
  }
}

function liesOf(walk: Walk, ledger: Ledger): string[] {
  const who = `I8 ${walk.caller}'s list of ${walk.list}, ${walk.pageSize} a page,`;
  return walk.list === 'entries' ? entryLies(walk, who) : idLies(walk, ledger, who);
}

/** Newest first, so each balance is the next one's and this movement. A missing entry breaks that, and a doubled one. */
function entryLies({ items }: Walk, who: string): string[] {
  return items.flatMap(({ amount = 0n, balanceAfter = 0n }, index) => {
    const before = items[index + 1]?.balanceAfter;
    if (before === undefined) return [];
    const moved = balanceAfter > before ? balanceAfter - before : before - balanceAfter;
    return moved === amount
      ? []
      : [`${who} goes from ${before} to ${balanceAfter} by ${amount}: entries are missing or there twice`];
  });
}

function idLies({ list, caller, items, isWhole, beganAtMs }: Walk, ledger: Ledger, who: string): string[] {
  const creating = list === 'orders' ? 'PlaceOrder' : 'CreatePayment';
  const own = ledger.accounts().filter(({ request }) => request.caller === caller);
  const made = own.filter((account) => account.request.method.name === creating && !isReused(account));
  const ids = items.map(({ id }) => id);
  const lies = ids.filter((id, index) => ids.indexOf(id) !== index).map((id) => `${who} has ${id} twice`);
  const idOf = (about: string) => about.slice(about.lastIndexOf('/') + 1);
  const mayBe = new Set(own.map(({ request }) => idOf(request.about)));
  for (const id of ids) if (!mayBe.has(id)) lies.push(`I9 ${who} has ${id}, which is not its caller's`);
  if (!isWhole) return lies;
  for (const { request, definiteAtMs } of made) {
    const wasThere = definiteAtMs !== undefined && definiteAtMs < beganAtMs;
    const id = idOf(request.about);
    if (wasThere && !ids.includes(id)) lies.push(`${who} lacks ${id}, which was there before`);
  }
  return lies;
}
