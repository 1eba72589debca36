// The audit of the ledger: each kind of wrong posting is found, also one that balances.

import { describe, expect, test } from 'vitest';
import { audit, entries } from '../support/payment-entries.ts';

describe('an audit finds', () => {
  const opened = {
    entity: 'account/alice',
    type: 'opened',
    data: { currency: 'EUR', opening: 100n, debit: 'opening/EUR', credit: 'account/alice' },
  };
  const deposited = (debit: string | undefined, credit: string | undefined) => ({
    entity: 'account/alice',
    type: 'deposited',
    data: {
      amount: 7n,
      ...(debit === undefined ? {} : { debit }),
      ...(credit === undefined ? {} : { credit }),
    },
  });
  const right = deposited('cash/EUR', 'account/alice');

  test('nothing in a posting that is right', async () => {
    expect((await audit(entries([opened], [right]))).found).toEqual([]);
  });

  test('a movement that debits one currency and credits another', async () => {
    const books = entries([opened], [deposited('cash/USD', 'account/alice')]);
    expect((await audit(books)).found).toEqual([
      'ledger account/alice',
      'ledger cash/EUR',
      'ledger cash/USD',
      'ledger currency/EUR',
      'ledger currency/USD',
    ]);
  });

  test('a movement that is posted to somebody else’s account: both balances are not their postings', async () => {
    const bob = {
      ...opened,
      entity: 'account/bob',
      data: { ...opened.data, credit: 'account/bob' },
    };
    const books = entries([opened], [bob], [deposited('cash/EUR', 'account/bob')]);
    expect((await audit(books)).found).toEqual(['ledger account/alice', 'ledger account/bob']);
  });

  test('a movement that is posted to the wrong account of the house, though it balances', async () => {
    const books = entries([opened], [deposited('sales/EUR', 'account/alice')]);
    expect((await audit(books)).found).toEqual([
      'ledger account/alice',
      'ledger cash/EUR',
      'ledger sales/EUR',
    ]);
  });

  test('two movements that are posted wrongly and make up for each other', async () => {
    const withdrawn = {
      entity: 'account/alice',
      type: 'withdrawn',
      data: { amount: 7n, debit: 'account/alice', credit: 'opening/EUR' },
    };
    const books = entries([opened], [deposited('opening/EUR', 'account/alice')], [withdrawn]);
    expect((await audit(books)).found).toEqual(['ledger account/alice']);
  });

  test('a movement with one side only', async () => {
    const { found } = await audit(entries([opened], [deposited(undefined, 'account/alice')]));
    expect(found).toContain('ledger account/alice');
    expect(found).toContain('ledger cash/EUR');
  });

  test('a posting that moves nothing', async () => {
    const frozen = { entity: 'account/alice', type: 'frozen', data: { reason: '', debit: 'cash/EUR' } };
    expect((await audit(entries([opened], [frozen]))).found).toEqual(['ledger account/alice']);
  });

  test('a card’s charge that is posted to cash instead of to what the provider owes', async () => {
    const card = 'payment/shop/card.1';
    const asked = {
      card: 'pm_card_visa',
      amount: 30n,
      currency: 'EUR',
      reference: '',
      createdBy: 'key-1',
    };
    const captured = {
      entity: card,
      type: 'card_captured',
      data: { amount: 30n, providerId: 'pi_1', debit: 'cash/EUR', credit: 'sales/EUR' },
    };
    const books = entries([{ entity: card, type: 'requested', data: asked }], [captured]);
    expect((await audit(books)).found).toEqual([
      'ledger payment/shop/card.1',
      'ledger provider/EUR',
      'ledger cash/EUR',
    ]);
  });

  test('a payment from an account that posts its money a second time', async () => {
    const payment = 'payment/shop/alice.1';
    const twice = { debit: 'account/alice', credit: 'sales/EUR' };
    const captured = {
      entity: payment,
      type: 'captured',
      data: {
        accountId: 'alice',
        amount: 30n,
        currency: 'EUR',
        reference: '',
        createdBy: 'key-2',
        ...twice,
      },
    };
    const charged = {
      entity: 'account/alice',
      type: 'charged',
      data: { amount: 30n, payment, ...twice },
    };
    const { found } = await audit(entries([opened], [captured, charged]));
    expect(found).toContain('ledger payment/shop/alice.1');
  });
});
