// Callers who never give up: each places orders of several kinds, asks again under the same request id until the answer
// is definite, and remembers every definite answer it was ever given. What they were told is the judge at the end.

import { deriveId } from '../../shared/idempotency/index.ts';
import { createSystemClock } from '../../shared/runtime/index.ts';
import { type Call, type Definite, insist, textOf } from './answers.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { Shop } from './shop.ts';

const kinds = ['plain', 'plain', 'plain', 'twice', 'poor', 'scarce', 'cancelled', 'cancelled early'] as const;
export type Kind = (typeof kinds)[number];

export interface PlacedOrder {
  readonly kind: Kind;
  readonly requestId: string;
  readonly accountId: string;
  readonly lines: readonly { readonly sku: string; readonly quantity: number }[];
  placed: Definite<unknown>;
  cancelled?: Definite<unknown>;
}

export interface Traffic {
  readonly orders: readonly PlacedOrder[];
  /** Request ids with every different answer that was given for each. More than one is a lie. */
  readonly answers: ReadonlyMap<string, ReadonlySet<string>>;
  /** Lets every caller finish what it began. Rejects when one of them never got a definite answer. */
  stop(): Promise<void>;
  /** Asks every request of the past again; returns how many answers were no replays. */
  askAgain(): Promise<number>;
}

/** Units of `scarce` on the shelf: gone with the first few orders, and refused from then on. */
const scarceUnits = 5n;
const priceMinorUnits = { kettle: 2_500n, mug: 700n, scarce: 100n } as const;

const plentyMinorUnits = 1_000_000_000n;
/** Less than any order costs. */
const poorMinorUnits = 99n;

/** Between two orders of a caller: some hundred orders a second would measure the machine, not the kills. */
const pauseMs = { min: 10, max: 100 } as const;
/** Where in an order's life its early cancel arrives: before it, during it, after it. */
const earlyCancelMsMax = 40;
const askAgainAtOnceMax = 16;

export async function startTraffic(shop: Shop, random: SeededRandom, callerCount: number): Promise<Traffic> {
  const clock = createSystemClock();
  const orders: PlacedOrder[] = [];
  const answers = new Map<string, Set<string>>();
  const calls = new Map<string, Call<unknown>>();
  let stopping = false;

  await shop.stock('kettle', plentyMinorUnits, priceMinorUnits.kettle);
  await shop.stock('mug', plentyMinorUnits, priceMinorUnits.mug);
  await shop.stock('scarce', scarceUnits, priceMinorUnits.scarce);
  await shop.openAccount('poor', poorMinorUnits);

  async function ask(requestId: string, call: Call<unknown>): Promise<Definite<unknown>> {
    calls.set(requestId, call);
    const answer = await insist(call, requestId);
    const known = answers.get(requestId) ?? new Set();
    answers.set(requestId, known.add(textOf(answer)));
    return answer;
  }

  function cancel(placeId: string): Promise<Definite<unknown>> {
    const orderId = deriveId('order', 'anonymous', 'PlaceOrder', placeId);
    return ask(`cancel:${placeId}`, (options) => shop.order().cancelOrder({ orderId }, options));
  }

  async function order(requestId: string, caller: string, mine: SeededRandom): Promise<void> {
    const kind = mine.pick(kinds);
    const accountId = kind === 'poor' ? 'poor' : caller;
    const lines = [
      { sku: kind === 'scarce' ? 'scarce' : 'mug', quantity: mine.whole(1, 3) },
      { sku: 'kettle', quantity: mine.whole(1, 2) },
    ];
    const request = { paymentSource: { case: 'accountId' as const, value: accountId }, lines };
    const place = () => ask(requestId, (options) => shop.order().placeOrder(request, options));

    const placing = place();
    const others: Promise<unknown>[] = kind === 'twice' ? [place()] : [];
    let cancelled: Definite<unknown> | undefined;
    if (kind === 'cancelled early') {
      await clock.sleep(mine.whole(0, earlyCancelMsMax));
      const cancelling = cancel(requestId).then((answer) => {
        cancelled = answer;
      });
      others.push(cancelling);
    }
    const [placed] = await Promise.all([placing, ...others]);
    if (kind === 'cancelled') cancelled = await cancel(requestId);
    orders.push({ kind, requestId, accountId, lines, placed, ...(cancelled ? { cancelled } : {}) });
  }

  const callers = Array.from({ length: callerCount }, async (_, index) => {
    const caller = `caller-${index}`;
    const mine = random.fork(caller);
    await shop.openAccount(caller, plentyMinorUnits);
    for (let count = 0; !stopping; count += 1) {
      await order(`${caller}:order:${count}`, caller, mine);
      await clock.sleep(mine.whole(pauseMs.min, pauseMs.max));
    }
  });
  // A caller that fails is reported by `stop`, not by an unhandled rejection while processes are still being killed.
  const over = Promise.all(callers);
  over.catch(() => undefined);

  return {
    orders,
    answers,
    async stop() {
      stopping = true;
      await over;
    },
    async askAgain() {
      const rest = [...calls];
      let freshCount = 0;
      const worker = async () => {
        for (let next = rest.pop(); next; next = rest.pop()) {
          if (!(await ask(...next)).replayed) freshCount += 1;
        }
      };
      await Promise.all(Array.from({ length: askAgainAtOnceMax }, worker));
      return freshCount;
    },
  };
}

/** What the shelves and accounts must hold by what the callers were told, and nothing else. */
export function booksOf(orders: readonly PlacedOrder[]): {
  sold: Record<keyof typeof priceMinorUnits, bigint>;
  spent: Record<string, bigint>;
} {
  const sold = { kettle: 0n, mug: 0n, scarce: 0n };
  const spent: Record<string, bigint> = {};
  for (const { placed, cancelled, lines, accountId } of orders) {
    spent[accountId] ??= 0n;
    if (placed.kind !== 'done' || cancelled?.kind === 'done') continue;
    for (const { sku, quantity } of lines) {
      const item = sku as keyof typeof priceMinorUnits;
      sold[item] += BigInt(quantity);
      spent[accountId] += BigInt(quantity) * priceMinorUnits[item];
    }
  }
  return { sold, spent };
}

export async function booksFound(
  shop: Shop,
  accountIds: readonly string[],
): Promise<ReturnType<typeof booksOf>> {
  const soldOf = async (sku: string, received: bigint) => {
    const { onHand, held, sold } = await shop.shelf(sku);
    if (held !== 0n || onHand + sold !== received) {
      throw new Error(
        `${sku}: ${onHand} on hand, ${held} held and ${sold} sold are not the ${received} received`,
      );
    }
    return sold;
  };
  const spent: Record<string, bigint> = {};
  for (const accountId of accountIds) {
    const opened = accountId === 'poor' ? poorMinorUnits : plentyMinorUnits;
    spent[accountId] = opened - (await shop.balance(accountId));
  }
  return {
    sold: {
      kettle: await soldOf('kettle', plentyMinorUnits),
      mug: await soldOf('mug', plentyMinorUnits),
      scarce: await soldOf('scarce', scarceUnits),
    },
    spent,
  };
}
