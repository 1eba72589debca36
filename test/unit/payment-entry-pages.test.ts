import { describe, expect, test } from 'vitest';
import { readEntryPage } from '../../services/payment/entry-pages.ts';
import { PageTokenError, type RecordedOp } from '../../shared/journal/journal.ts';
import { eur, openBooks } from '../support/payment-books.ts';

/** A history as the journal gives it: by entry, the newest first, at most `limit` entries. */
function historyOf(ops: readonly RecordedOp[]) {
  return {
    async history(entity: string, { beforeSeq = Number.MAX_SAFE_INTEGER, limit = 200 } = {}) {
      const older = ops.filter((op) => op.entity === entity && op.seq < beforeSeq).reverse();
      const seqs = [...new Set(older.map((op) => op.seq))].slice(0, limit);
      return older.filter((op) => seqs.includes(op.seq));
    },
  };
}

async function allPages(ops: readonly RecordedOp[], size: number) {
  const pages: bigint[][] = [];
  let token = '';
  do {
    const page = await readEntryPage(historyOf(ops), 'alice', { size, token });
    pages.push(page.entries.map((entry) => entry.balanceAfter?.amountMinorUnits ?? -1n));
    token = page.nextPageToken;
  } while (token !== '');
  return pages;
}

function fiveMovements() {
  const books = openBooks();
  books.open('alice', eur(100n));
  for (const amount of [1n, 2n, 3n, 4n]) books.deposit('alice', eur(amount));
  return books.ops;
}

/** All of it in entry 7, as a flush of many requests records it. */
const inOneEntry = (ops: readonly RecordedOp[]) => ops.map((op) => ({ ...op, seq: 7 }));

describe('pages of an account’s entries', () => {
  test('give every movement once, the newest first', async () => {
    expect(await allPages(fiveMovements(), 2)).toEqual([[110n, 106n], [103n, 101n], [100n]]);
  });

  test('give every movement once when one journal entry holds them all', async () => {
    expect(await allPages(inOneEntry(fiveMovements()), 2)).toEqual([[110n, 106n], [103n, 101n], [100n]]);
  });

  test('end without an empty page when the last movement fills one', async () => {
    expect(await allPages(fiveMovements(), 5)).toEqual([[110n, 106n, 103n, 101n, 100n]]);
  });

  test('leave out refusals and an opening with nothing', async () => {
    const books = openBooks();
    books.open('alice', eur(0n));
    books.withdraw('alice', eur(1n));
    books.deposit('alice', eur(5n));
    books.create('alice.1', eur(900n));
    expect(await allPages(books.ops, 10)).toEqual([[5n]]);
  });

  test('get past a long run of refusals', async () => {
    const books = openBooks();
    books.open('alice', eur(3n));
    for (let attempt = 0; attempt < 2_500; attempt += 1) books.withdraw('alice', eur(4n));
    expect(await allPages(books.ops, 10)).toEqual([[], [3n]]);
  });

  test('name the kind, the amount and the payment of a movement', async () => {
    const books = openBooks();
    books.open('alice', eur(100n));
    books.create('alice.1', eur(30n));
    const { entries } = await readEntryPage(historyOf(books.ops), 'alice', { size: 1, token: '' });
    expect(entries).toMatchObject([
      { kind: 4, amount: eur(30n), balanceAfter: eur(70n), paymentId: 'alice.1' },
    ]);
  });
});

describe('a page token', () => {
  const token = (text: string) => Buffer.from(text).toString('base64url');
  test.each([
    ['is no token', 'next'],
    ['is another account’s', token('1/bob/3/1')],
    ['is from another version', token('2/alice/3/1')],
    ['is written differently', token('1/alice/03/1')],
    ['is padded', `${token('1/alice/3/1')}=`],
    ['carries more', token('1/alice/3/1/')],
  ])('is refused when it %s', async (_case, given) => {
    const reading = readEntryPage(historyOf([]), 'alice', { size: 10, token: given });
    await expect(reading).rejects.toBeInstanceOf(PageTokenError);
  });
});
