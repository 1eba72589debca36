// The comparison of the provider's books with ours, page by page. A token says which book comes next and where in it;
// nothing else is remembered, so any instance goes on from it after any interruption.

import { type Journal, PageTokenError } from '../../../shared/journal/index.ts';
import { cardPaymentsList, isPaymentEntity, refundOutcomeKey } from '../domain/names.ts';
import { isTombstone, type PaymentState } from '../domain/payment-state.ts';
import type { PaymentProvider } from '../provider/provider.ts';
import { type Difference, differenceOfCharge, differenceOfOurs, differenceOfRefund } from './difference.ts';

export interface ReconcilePage {
  readonly differences: readonly Difference[];
  readonly checkedCount: number;
  /** Empty after the last page. */
  readonly nextPageToken: string;
}

export interface Reconciler {
  /** Throws `PageTokenError` for a token that it did not give. Rejects when one of the two does not answer. */
  page(since: Date, token: string): Promise<ReconcilePage>;
}

/** Of our payments, each of which asks the provider once: a page within a usual deadline. */
const ourPageSize = 25;

/** The books in the order of reading: ours last, when everything that was taken meanwhile is known. */
const books = ['payments', 'refunds', 'ours'] as const;
type Book = (typeof books)[number];

export function createReconciler(deps: {
  journal: Pick<Journal, 'readState' | 'readKey' | 'list'>;
  provider: PaymentProvider;
}): Reconciler {
  const { journal, provider } = deps;

  /** Undefined also for a name that somebody else put into the provider's books. */
  async function ourPayment(entity: string | undefined): Promise<PaymentState | undefined> {
    if (entity === undefined || !isPaymentEntity(entity)) return undefined;
    return (await journal.readState(entity)) as PaymentState | undefined;
  }

  async function payments(since: Date, at: string | undefined) {
    const { items, nextPage } = await provider.listPayments(since, at);
    const found = await Promise.all(
      items.map(async (theirs) => differenceOfCharge(theirs, await ourPayment(theirs.payment))),
    );
    return { found, next: nextPage };
  }

  async function refunds(since: Date, at: string | undefined) {
    const { items, nextPage } = await provider.listRefunds(since, at);
    const found = await Promise.all(
      items.map(async (theirs) => {
        const { payment, refund } = theirs;
        const ours = await ourPayment(payment);
        const isKnown = ours && payment !== undefined && refund !== undefined;
        const recorded = isKnown ? await journal.readKey(refundOutcomeKey(payment, refund)) : undefined;
        return differenceOfRefund(theirs, ours, recorded?.outcome);
      }),
    );
    return { found, next: nextPage };
  }

  async function ours(since: Date, at: string | undefined) {
    const page = await journal.list(cardPaymentsList, { size: ourPageSize, token: at ?? '' });
    let isOlder = false;
    const found = await Promise.all(
      page.items.map(async (entity) => {
        const before = await ourPayment(entity);
        if (!before || isTombstone(before)) return undefined;
        if (before.createdAt < since) isOlder = true;
        if (isOlder) return undefined;
        // Theirs first, ours again after it: a refund between the two readings is no difference.
        const theirs =
          before.providerId === undefined ? undefined : await provider.readPayment(before.providerId);
        return differenceOfOurs(entity, (await ourPayment(entity)) ?? before, theirs);
      }),
    );
    return { found, next: isOlder ? undefined : page.nextPageToken };
  }

  const readers = { payments, refunds, ours };

  return {
    async page(since, token) {
      const { book, at } = placeOf(token);
      const { found, next } = await readers[book](since, at);
      const following = books[books.indexOf(book) + 1];
      const nextPageToken =
        next !== undefined ? tokenOf(book, next) : following ? tokenOf(following, '') : '';
      return {
        differences: found.filter((difference) => difference !== undefined),
        checkedCount: found.length,
        nextPageToken,
      };
    },
  };
}

const tokenOf = (book: Book, at: string): string => Buffer.from(`1/${book}/${at}`).toString('base64url');

function placeOf(token: string): { book: Book; at: string | undefined } {
  if (token === '') return { book: 'payments', at: undefined };
  const [, name, at = ''] = /^1\/([a-z]+)\/(.*)$/.exec(Buffer.from(token, 'base64url').toString()) ?? [];
  const book = books.find((candidate) => candidate === name);
  if (!book || tokenOf(book, at) !== token) throw new PageTokenError();
  return { book, at: at === '' ? undefined : at };
}
