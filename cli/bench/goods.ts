// What a benchmark shops with: a thousand items, a thousand accounts, and orders of two lines over them. Pure: order number n
// is the same order in every process and in every run.

import { numberedRequestId } from '../request-ids.ts';
import { drawsAt } from '../storm/draws.ts';

export const skuCount = 1_000;
export const accountCount = 1_000;
export const currency = 'EUR';

/** Never used up in any run. */
export const unitsPerItem = 1_000_000_000n;
export const openingMinorUnits = 1_000_000_000_000n;
export const priceMinorUnits = 450n;

/** `spread`: every item and account alike. `hot`: the first line of every order wants the same item. */
export type Spread = 'spread' | 'hot';

export interface TwoLines {
  readonly accountId: string;
  readonly lines: readonly [{ sku: string; quantity: number }, { sku: string; quantity: number }];
}

export const skuOf = (index: number): string => `bench-item-${index}`;
export const accountOf = (index: number): string => `bench-account-${index}`;

/** Orders repeat after so many: their messages are encoded before the load begins, so that it costs no time within it. */
export const differentOrders = 8_192;

/** Fixed: two runs on two versions place the same orders. */
const seed = 7;

export function orderOf(number: number, spread: Spread): TwoLines {
  const draws = drawsAt(seed, 'order', number % differentOrders);
  const accountId = accountOf(draws.whole(0, accountCount - 1));
  const first = spread === 'hot' ? 0 : draws.whole(0, skuCount - 1);
  const second = (first + draws.whole(1, skuCount - 1)) % skuCount;
  return {
    accountId,
    lines: [
      { sku: skuOf(first), quantity: draws.whole(1, 3) },
      { sku: skuOf(second), quantity: draws.whole(1, 3) },
    ],
  };
}

/** Sorted by time, as README.md advises. `docs/performance.md` says what other ids cost. */
export function requestIdOf(spread: Spread, number: number): string {
  return numberedRequestId(`bench-${spread}`, number);
}
