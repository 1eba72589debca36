// Judges a history from its lines alone: what the callers were told, and what they found afterwards; and the card
// provider's books by it. Pure. It asks no service what it thinks of itself; that is the audit's part.

import { gatherHistory } from './history/gather.ts';
import type { HistoryLine } from './history/line.ts';
import { books } from './laws/books.ts';
import { counters } from './laws/counters.ts';
import { keptWord } from './laws/kept-word.ts';
import type { Contradiction, Invariant, Judged, Law } from './laws/law.ts';
import { oneAnswer } from './laws/one-answer.ts';
import { ownAnswers } from './laws/own-answers.ts';
import { type BooksJudged, judgeProviderBooks } from './laws/provider-books.ts';
import type { BookedPayment } from './provider/control.ts';

export interface HistoryVerdict {
  readonly contradictions: readonly Contradiction[];
  readonly checked: Readonly<Partial<Record<Invariant, number>>>;
  /** Sentences on what could not be judged. */
  readonly unjudged: readonly string[];
  readonly lineCount: number;
  /** The provider's books, if there are any. */
  readonly provider?: BooksJudged;
}

const laws: readonly Law[] = [oneAnswer, ownAnswers, keptWord, books, counters];

export async function checkHistory(
  lines: AsyncIterable<HistoryLine> | Iterable<HistoryLine>,
  provider?: { readonly payments: readonly BookedPayment[]; readonly isWhole: boolean },
): Promise<HistoryVerdict> {
  const gathering = gatherHistory();
  let lineCount = 0;
  for await (const line of lines) {
    lineCount += 1;
    gathering.add(line);
  }
  const gathered = gathering.gathered();
  const judged = laws.map((law) => law(gathered));
  return {
    contradictions: judged.flatMap(({ contradictions }) => contradictions),
    checked: sumOf(judged),
    unjudged: judged.flatMap(({ unjudged }) => unjudged ?? []),
    lineCount,
    ...(provider ? { provider: judgeProviderBooks(gathered, provider.payments, provider) } : {}),
  };
}

function sumOf(judged: readonly Judged[]): Partial<Record<Invariant, number>> {
  const sum: Partial<Record<Invariant, number>> = {};
  for (const { checked } of judged) {
    for (const [invariant, count] of Object.entries(checked) as [Invariant, number][]) {
      sum[invariant] = (sum[invariant] ?? 0) + count;
    }
  }
  return sum;
}
