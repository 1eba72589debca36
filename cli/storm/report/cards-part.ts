// What a report says of card payments: how the provider behaved, what its books held, and whether both books agree.

import type { HistoryVerdict } from '../check-history.ts';
import type { BooksCounts, BooksSums } from '../laws/provider-books.ts';
import type { StormOptions } from '../options.ts';
import type { BooksCompared } from '../provider/compare.ts';
import type { Behaved } from '../provider/control.ts';
import type { Target } from '../target.ts';

export interface CardsPart {
  readonly share: number;
  readonly faultShare: number;
  readonly provider: Behaved;
  /** Orders by card whose end is known. */
  readonly orderCount: number;
  /** From the provider's books, asked directly. */
  readonly counts: BooksCounts;
  readonly sums: BooksSums;
  /** ReconcilePayments: both books, both ways. */
  readonly compared: BooksCompared;
}

/** Nothing without cards. */
export function cardsPart(parts: {
  readonly options: StormOptions;
  readonly target: Target;
  readonly judged: HistoryVerdict;
  readonly compared: BooksCompared | undefined;
}): { cards: CardsPart } | Record<string, never> {
  const { options, target, judged, compared } = parts;
  if (!options.cards || !target.provider || !judged.provider || !compared) return {};
  const { share, faultShare } = options.cards;
  const { orderCount, counts, sums } = judged.provider;
  return {
    cards: { share, faultShare, provider: target.provider.behaved(), orderCount, counts, sums, compared },
  };
}
