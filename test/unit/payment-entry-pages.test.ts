import { describe, expect, test } from 'vitest';
import { readEntryPage } from '../../services/payment/entry-pages.ts';
import { AccountEntryKind } from '../../shared/gen/twicesafe/payment/v1/payment_pb.ts';
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

const shop = { name: 'shop', operator: false };

async function allPages(ops: readonly RecordedOp[], size: number) {
  const pages: bigint[][] = [];
  let token = '';
  do {
    const page = await readEntryPage(historyOf(ops), 'alice', { size, token }, shop);
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

  test('name the kind, the amount, the other account, the payment and the request of a movement', async () => {
    const books = openBooks();
    books.open('alice', eur(100n), 'req/shop/OpenAccount/open-0001');
    books.create('alice.1', eur(30n), 'req/shop/CreatePayment/pay-00001');
    const { entries } = await readEntryPage(historyOf(books.ops), 'alice', { size: 2, token: '' }, shop);
    expect(entries).toMatchObject([
      {
        entryId: '2.1',
        kind: AccountEntryKind.CHARGE,
        amount: eur(30n),
        balanceAfter: eur(70n),
        counterAccount: 'sales/EUR',
        paymentId: 'alice.1',
        caller: 'shop',
        rpc: 'CreatePayment',
        requestId: 'pay-00001',
      },
      {
        entryId: '1.1',
        kind: AccountEntryKind.OPENING,
        amount: eur(100n),
        balanceAfter: eur(100n),
        counterAccount: 'opening/EUR',
        rpc: 'OpenAccount',
      },
    ]);
  });

  test('tell nobody but an operator what another caller asked', async () => {
    const books = openBooks();
    books.open('alice', eur(100n), 'req/shop/OpenAccount/open-0001');
    const page = { size: 1, token: '' };
    const read = (reader: { name: string; operator: boolean }) =>
      readEntryPage(historyOf(books.ops), 'alice', page, reader);
    const [forOther] = (await read({ name: 'other', operator: false })).entries;
    expect(forOther?.requestId).toBeUndefined();
    expect(forOther?.rpc).toBeUndefined();
    expect((await read({ name: 'books', operator: true })).entries).toMatchObject([
      { requestId: 'open-0001', caller: 'shop' },
    ]);
  });

  test('give each entry of one journal entry an id of its own, the same on every page', async () => {
    const ops = inOneEntry(fiveMovements());
    const first = await readEntryPage(historyOf(ops), 'alice', { size: 2, token: '' }, shop);
    const page = { size: 3, token: first.nextPageToken };
    const second = await readEntryPage(historyOf(ops), 'alice', page, shop);
    const ids = [...first.entries, ...second.entries].map(({ entryId }) => entryId);
    expect(ids).toEqual(['7.5', '7.4', '7.3', '7.2', '7.1']);
  });

  test('are stable: what is recorded after the first page is on none of the later ones', async () => {
    const books = openBooks();
    books.open('alice', eur(100n));
    for (const amount of [1n, 2n, 3n]) books.deposit('alice', eur(amount));
    const first = await readEntryPage(historyOf(books.ops), 'alice', { size: 2, token: '' }, shop);
    books.deposit('alice', eur(500n));
    books.withdraw('alice', eur(7n));
    const page = { size: 2, token: first.nextPageToken };
    const second = await readEntryPage(historyOf(books.ops), 'alice', page, shop);
    const balances = [...first.entries, ...second.entries].map(
      (entry) => entry.balanceAfter?.amountMinorUnits,
    );
    expect(balances).toEqual([106n, 103n, 101n, 100n]);
    expect(second.nextPageToken).toBe('');
  });

  test('know the other account of what was recorded before there was a ledger', async () => {
    const books = openBooks();
    books.open('alice', eur(100n));
    const old = books.ops.map((op) => ({ ...op, data: { currency: 'EUR', opening: 100n } }));
    const { entries } = await readEntryPage(historyOf(old), 'alice', { size: 1, token: '' }, shop);
    expect(entries).toMatchObject([{ counterAccount: 'opening/EUR', amount: eur(100n) }]);
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
    const reading = readEntryPage(historyOf([]), 'alice', { size: 10, token: given }, shop);
    await expect(reading).rejects.toBeInstanceOf(PageTokenError);
  });
});
