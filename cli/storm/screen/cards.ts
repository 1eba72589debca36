// What the closing screen says of card payments: how the provider behaved, and what its own books say.

import { bold, dim, green, red } from '../../console.ts';
import { currency } from '../goods.ts';
import type { BooksCounts } from '../laws/provider-books.ts';
import type { CardsPart } from '../report/cards-part.ts';
import { misbehaviourWords, sayCount, sayMoney, sayShare } from './words.ts';

/** In words for whoever was wronged. Also the headings of the report's page: page.js. */
export const booksWords: Readonly<Record<keyof BooksCounts, readonly [name: string, meaning: string]>> = {
  chargedTwice: ['charged twice at the provider', 'orders whose card was charged more than once'],
  keptForNothing: ['money kept for nothing', 'orders cancelled or declined, and not given back'],
  notCharged: ['confirmed, not charged', 'confirmed orders whose money the provider does not have'],
  withoutOrder: ['charged without an order', 'charges that nobody ordered'],
};
const nameWidth = 32;

/** Among what was done to the services: the heading line, and the kinds below it. */
export function misbehavedLines({ provider: { requestCount, misbehaved } }: CardsPart): {
  value: string;
  more: string;
  kinds: string[];
} {
  const sum = Object.values(misbehaved).reduce((total, count) => total + count, 0);
  const kinds = Object.entries(misbehaviourWords).flatMap(([kind, words]) => {
    const count = misbehaved[kind] ?? 0;
    return count === 0 ? [] : `${sayCount(count)} ${words}`;
  });
  return {
    value: sayCount(sum),
    more: `${sayShare(sum, requestCount)} of ${sayCount(requestCount)} requests to the card provider went wrong`,
    kinds: [kinds.slice(0, kindsInALine), kinds.slice(kindsInALine)].flatMap((part) =>
      part.length === 0 ? [] : part.join(' · '),
    ),
  };
}
const kindsInALine = 5;

export function cardLines({ counts, sums, orderCount, compared }: CardsPart): string[] {
  const money = (amount: string) => sayMoney(amount, currency);
  const kept = String(BigInt(sums.taken) - BigInt(sums.givenBack));
  const differing = compared.differences.length;
  const books: [number, string, string] = [
    differing,
    'differences of the two books',
    `${sayCount(compared.checkedCount)} entries of the provider and of the payment service compared`,
  ];
  return [
    bold(`  The card provider’s own books, asked directly, against ${sayCount(orderCount)} orders by card`),
    ...Object.entries(booksWords).map(([count, [name, meaning]]) =>
      countLine(counts[count as keyof BooksCounts], name, meaning),
    ),
    countLine(...books),
    `  ${money(sums.taken)} taken in ${sayCount(sums.chargeCount)} charges, ${money(sums.givenBack)} given back in ${sayCount(sums.refundCount)} refunds`,
    `  ${money(kept)} kept; the ${sayCount(sums.confirmedCount)} confirmed orders cost ${money(sums.owed)}`,
  ];
}

function countLine(count: number, name: string, meaning: string): string {
  const value = String(count).padStart(4);
  return `${bold(`  ${`${name}:`.padEnd(nameWidth)}`)}${count === 0 ? bold(green(value)) : bold(red(value))}   ${dim(meaning)}`;
}
