// Items over two instances of the inventory, on a real database.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, done } from '../support/ask.ts';
import { eur, reserve, startInventoryPair } from '../support/inventory-service.ts';

let pair: Awaited<ReturnType<typeof startInventoryPair>>;

beforeAll(async () => {
  pair = await startInventoryPair();
});

afterAll(() => pair.stop());

const tea = (sku: string, more: { onHand?: bigint; name?: string } = {}) => ({
  sku,
  name: 'Tea',
  price: eur(250n),
  ...more,
});
const adjust = (sku: string, delta: bigint, requestId: string, client = pair.first) =>
  ask((o) => client.adjustStock({ sku, delta }, o), requestId);
const remove = (sku: string, requestId: string) => ask((o) => pair.first.deleteItem({ sku }, o), requestId);

describe('an item', () => {
  test('is put once: a replay from another instance says the same, also after it changed', async () => {
    const put = (client = pair.first) =>
      ask((o) => client.putItem(tea('put-once', { onHand: 10n }), o), 'put-once-1');
    expect(await put()).toMatchObject({ replayed: false, response: { item: { onHand: 10n, held: 0n } } });
    await done(adjust('put-once', -3n, 'put-once-adjust'));
    expect(await put(pair.second)).toMatchObject({
      replayed: true,
      response: { item: { sku: 'put-once', name: 'Tea', price: eur(250n), onHand: 10n } },
    });
    expect(await pair.unitsOf('put-once')).toEqual([7n, 0n, 0n]);
  });

  test('adjusted fifty times at once under one request id is adjusted once', async () => {
    await pair.put('storm', 100n);
    const told = await pair.atOnce(50, (client) => adjust('storm', -50n, 'storm-adjust', client));
    expect(told.every((answer) => 'response' in answer && answer.response.item?.onHand === 50n)).toBe(true);
    expect(told.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect(await pair.unitsOf('storm')).toEqual([50n, 0n, 0n]);
  });

  test('refuses another message under a request id that was used', async () => {
    await pair.put('reused', 10n);
    await done(adjust('reused', 1n, 'reused-adjust'));
    expect(await adjust('reused', 2n, 'reused-adjust')).toMatchObject({ reason: 'REQUEST_ID_REUSED' });
    expect(await pair.unitsOf('reused')).toEqual([11n, 0n, 0n]);
  });

  test('is the same for every caller, but each has request ids of its own', async () => {
    await pair.put('shared', 10n);
    await done(adjust('shared', 1n, 'shared-adjust'));
    expect(await adjust('shared', 2n, 'shared-adjust', pair.other)).toMatchObject({
      replayed: false,
      response: { item: { onHand: 13n } },
    });
  });

  test('is refused the same way again, even when the stock has come since', async () => {
    await pair.put('short', 1n);
    const short = () => adjust('short', -2n, 'short-adjust');
    const refusal = { reason: 'INSUFFICIENT_STOCK', metadata: { sku: 'short', on_hand: '1', asked: '2' } };
    expect(await short()).toMatchObject({ ...refusal, replayed: false });
    await done(adjust('short', 100n, 'short-receive'));
    expect(await short()).toMatchObject({ ...refusal, replayed: true });
  });

  test('that was never put is not found, and stays so for this request', async () => {
    const early = () => adjust('early', 1n, 'early-adjust');
    expect(await early()).toMatchObject({ reason: 'ITEM_NOT_FOUND', replayed: false });
    await pair.put('early', 5n);
    expect(await early()).toMatchObject({ reason: 'ITEM_NOT_FOUND', replayed: true });
    expect(await ask(() => pair.first.getItem({ sku: 'nowhere' }))).toMatchObject({
      reason: 'ITEM_NOT_FOUND',
    });
  });

  test('takes no more units than an item may have', async () => {
    await pair.put('full', 1_000_000_000_000n);
    expect(await adjust('full', 1n, 'full-adjust')).toMatchObject({ reason: 'STOCK_LIMIT_EXCEEDED' });
  });

  test('is deleted once; a replay says the same when it has been put back', async () => {
    await pair.put('gone', 7n);
    expect(await remove('gone', 'gone-delete')).toMatchObject({ response: { writtenOff: 7n } });
    expect(await ask(() => pair.second.getItem({ sku: 'gone' }))).toMatchObject({ reason: 'ITEM_NOT_FOUND' });
    expect(await remove('gone', 'gone-again')).toMatchObject({ reason: 'ITEM_NOT_FOUND' });
    await done(ask((o) => pair.first.putItem(tea('gone'), o), 'gone-put-back'));
    expect(await remove('gone', 'gone-delete')).toMatchObject({
      response: { writtenOff: 7n },
      replayed: true,
    });
    expect(await pair.unitsOf('gone')).toEqual([0n, 0n, 0n]);
  });

  test('that a reservation holds is not deleted', async () => {
    await pair.put('promised', 7n);
    await done(reserve(pair.first, 'promised', [{ sku: 'promised', quantity: 2 }]));
    expect(await remove('promised', 'promised-delete')).toMatchObject({
      reason: 'ITEM_HAS_HOLDS',
      metadata: { sku: 'promised', held: '2' },
    });
  });

  test('identical under another request id adds no change', async () => {
    await pair.put('same', 7n);
    const again = await done(
      ask((o) => pair.second.putItem(tea('same', { name: 'same', onHand: 7n }), o), 'same-again'),
    );
    expect(again.item).toMatchObject({ onHand: 7n });
  });
});

describe('a request that cannot be right is refused before anything is recorded:', () => {
  test.each([
    ['a price below zero', { price: eur(-1n) }, 'price.amount_minor_units'],
    ['no price', { price: undefined }, 'price'],
    ['no currency', { price: { amountMinorUnits: 1n, currency: '' } }, 'price.currency'],
    ['a bad SKU', { sku: 'a b' }, 'sku'],
  ])('%s', async (_name, wrong, field) => {
    const request = { sku: 'wrong', name: 'Tea', price: eur(1n), ...wrong };
    const told = await ask((o) => pair.first.putItem(request as ReturnType<typeof tea>, o), 'wrong-put-1');
    expect(told).toMatchObject({ reason: 'FIELD_INVALID', fields: [field] });
    // The request id is still free.
    expect(await ask((o) => pair.first.deleteItem({ sku: 'wrong' }, o), 'wrong-put-1')).toMatchObject({
      reason: 'ITEM_NOT_FOUND',
    });
  });

  test('no request id', async () => {
    expect(await ask((o) => pair.first.putItem(tea('wrong'), o))).toMatchObject({
      reason: 'REQUEST_ID_REQUIRED',
    });
  });

  test('a page token from elsewhere', async () => {
    expect(await ask(() => pair.first.listItems({ pageToken: 'nonsense' }))).toMatchObject({
      reason: 'FIELD_INVALID',
      fields: ['page_token'],
    });
  });
});

test('the list has every item once, the newest first, without the deleted ones, in pages', async () => {
  const own = await startInventoryPair({ journalStreams: 1 });
  try {
    for (const sku of ['i1', 'i2', 'i3', 'i4', 'i5', 'i6', 'i7']) await own.put(sku, 1n);
    for (const sku of ['i2', 'i3', 'i5', 'i6', 'i7']) {
      await done(ask((o) => own.first.deleteItem({ sku }, o), `delete-${sku}`));
    }
    await done(ask((o) => own.first.putItem(tea('i5'), o), 'put-back-i5'));
    const first = await own.second.listItems({ pageSize: 2 });
    expect(first.items.map(({ sku }) => sku)).toEqual(['i5', 'i4']);
    const rest = await own.second.listItems({ pageSize: 2, pageToken: first.nextPageToken });
    expect(rest.items.map(({ sku }) => sku)).toEqual(['i1']);
    expect(rest.nextPageToken).toBe('');
  } finally {
    await own.stop();
  }
});
