// Statements, frozen and closed accounts, and the trial balance, at two instances of the payment service on a real database.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AccountEntryKind, AccountStanding } from '../../shared/gen/twicesafe/payment/v1/payment_pb.ts';
import { ask, done } from '../support/ask.ts';
import { freshDatabase } from '../support/database.ts';
import { eur, jpy, usd } from '../support/payment-books.ts';
import { askToOpen, auditOf, type PaymentClient, pay, startPaymentPair } from '../support/payment-service.ts';

let pair: Awaited<ReturnType<typeof startPaymentPair>>;

beforeAll(async () => {
  pair = await startPaymentPair(await freshDatabase());
});

afterAll(() => pair.stop());

const open = (accountId: string, openingBalance = eur(1_000n)) =>
  done(askToOpen(pair.first, accountId, openingBalance));
const deposit = (accountId: string, amount: bigint, requestId: string) =>
  done(ask((o) => pair.first.deposit({ accountId, amount: eur(amount) }, o), requestId));
const freeze = (accountId: string, requestId = `freeze-${accountId}`) =>
  ask((o) => pair.operator.freezeAccount({ accountId, reason: 'a court order' }, o), requestId);
const close = (accountId: string, requestId = `close-${accountId}`) =>
  ask((o) => pair.operator.closeAccount({ accountId, reason: 'moved away' }, o), requestId);
const withdraw = (accountId: string, amount: bigint, requestId: string) =>
  ask((o) => pair.first.withdraw({ accountId, amount: eur(amount) }, o), requestId);

describe('a statement', () => {
  test('tells of each movement the other account, the balance after it, and the reader’s own request', async () => {
    await open('stated');
    await done(withdraw('stated', 50n, 'stated-withdraw'));
    await done(pay(pair.other, 'stated-pay', 'stated'));
    const { entries } = await pair.first.listAccountEntries({ accountId: 'stated' });
    expect(entries).toMatchObject([
      {
        kind: AccountEntryKind.CHARGE,
        amount: eur(300n),
        balanceAfter: eur(650n),
        counterAccount: 'sales/EUR',
        paymentId: 'stated.p',
        // Another caller's.
        rpc: '',
        requestId: '',
        caller: '',
      },
      {
        kind: AccountEntryKind.WITHDRAWAL,
        balanceAfter: eur(950n),
        counterAccount: 'cash/EUR',
        rpc: 'Withdraw',
        requestId: 'stated-withdraw',
        caller: 'shop',
      },
      { kind: AccountEntryKind.OPENING, balanceAfter: eur(1_000n), counterAccount: 'opening/EUR' },
    ]);
    expect((await pair.operator.listAccountEntries({ accountId: 'stated' })).entries[0]).toMatchObject({
      rpc: 'CreatePayment',
      requestId: 'stated-pay',
      caller: 'other',
    });
  });

  test('is read to its end by page while new entries come, with nothing twice and nothing missing', async () => {
    await open('busy');
    await Promise.all(Array.from({ length: 30 }, (_, n) => deposit('busy', 1n, `busy-before-${n}`)));
    const ids: string[] = [];
    const balances: bigint[] = [];
    let pageToken = '';
    for (let page = 0; page === 0 || pageToken !== ''; page += 1) {
      const read = await pair.second.listAccountEntries({ accountId: 'busy', pageSize: 4, pageToken });
      ids.push(...read.entries.map(({ entryId }) => entryId));
      balances.push(...read.entries.map((entry) => entry.balanceAfter?.amountMinorUnits ?? -1n));
      pageToken = read.nextPageToken;
      await Promise.all([deposit('busy', 7n, `busy-${page}-a`), deposit('busy', 7n, `busy-${page}-b`)]);
    }
    expect(new Set(ids).size).toBe(31);
    expect(balances).toEqual(Array.from({ length: 31 }, (_, n) => 1_030n - BigInt(n)));
  });
});

describe('the standing of an account', () => {
  test('is the operator’s to say', async () => {
    await open('common');
    const calls: ((client: PaymentClient) => Promise<unknown>)[] = [
      (c) => ask((o) => c.freezeAccount({ accountId: 'common' }, o), 'mine-freeze'),
      (c) => ask((o) => c.unfreezeAccount({ accountId: 'common' }, o), 'mine-unfreeze'),
      (c) => ask((o) => c.closeAccount({ accountId: 'common' }, o), 'mine-close-1'),
      (c) => ask((o) => c.reopenAccount({ accountId: 'common' }, o), 'mine-reopen'),
    ];
    for (const call of calls) {
      expect(await call(pair.first)).toMatchObject({ reason: 'PERMISSION_REQUIRED' });
    }
  });

  test('changes once for each request id, and a replay says what it was then', async () => {
    await open('cold');
    const frozen = await freeze('cold');
    expect(frozen).toMatchObject({
      replayed: false,
      response: { account: { standing: AccountStanding.FROZEN, standingReason: 'a court order' } },
    });
    await done(ask((o) => pair.operator.unfreezeAccount({ accountId: 'cold' }, o), 'unfreeze-cold'));
    expect(await freeze('cold')).toMatchObject({
      replayed: true,
      response: { account: { standing: AccountStanding.FROZEN } },
    });
    const { account } = await pair.second.getAccount({ accountId: 'cold' });
    expect(account).toMatchObject({ standing: AccountStanding.OPEN, standingReason: '' });
  });

  test('refuses what is taken from a frozen account, at every instance, and lets money come home', async () => {
    await open('held');
    await done(pay(pair.first, 'held-pay-1', 'held'));
    await done(freeze('held'));
    expect(await withdraw('held', 1n, 'held-withdraw')).toMatchObject({ reason: 'ACCOUNT_FROZEN' });
    expect(await pay(pair.second, 'held-pay-2', 'held', eur(1n), 'held.q')).toMatchObject({
      reason: 'ACCOUNT_FROZEN',
    });
    const refund = { paymentId: 'held.p', amount: eur(100n) };
    await done(ask((o) => pair.second.refundPayment(refund, o), 'held-refund'));
    expect(await pair.balanceOf('held')).toBe(800n);
  });

  test('lets only an empty account be closed, and a cancel still comes home to it', async () => {
    await open('gone');
    await done(pay(pair.first, 'gone-pay-1', 'gone'));
    expect(await close('gone', 'close-gone-early')).toMatchObject({
      reason: 'ACCOUNT_NOT_EMPTY',
      metadata: { balance_minor_units: '700' },
    });
    await done(withdraw('gone', 700n, 'gone-withdraw'));
    await done(close('gone'));
    expect(await pay(pair.first, 'gone-pay-2', 'gone', eur(1n), 'gone.q')).toMatchObject({
      reason: 'ACCOUNT_CLOSED',
    });
    await done(ask((o) => pair.first.cancelPayment({ paymentId: 'gone.p' }, o), 'gone-cancel'));
    const { account } = await pair.second.getAccount({ accountId: 'gone' });
    expect(account).toMatchObject({ standing: AccountStanding.CLOSED, balance: eur(300n) });
    await done(ask((o) => pair.operator.reopenAccount({ accountId: 'gone' }, o), 'reopen-gone'));
    await done(withdraw('gone', 300n, 'gone-withdraw-2'));
    await done(close('gone', 'close-gone-again'));
  });

  test('and charges that race with a freeze, at two instances: each is taken or refused, and the sum is right', async () => {
    await open('race', eur(1_000n));
    const paying = pair.atOnce(40, (client, n) =>
      pay(client, `race-pay-${n}`, 'race', eur(10n), `race.${n}`),
    );
    const freezing = freeze('race');
    const told = await paying;
    await done(freezing);
    const taken = told.filter((answer) => 'response' in answer).length;
    const frozen = told.filter((answer) => 'reason' in answer && answer.reason === 'ACCOUNT_FROZEN').length;
    expect(taken + frozen).toBe(40);
    expect(await pair.balanceOf('race')).toBe(1_000n - 10n * BigInt(taken));
  });
});

describe('the trial balance', () => {
  test('is for operators', async () => {
    expect(await ask((o) => pair.first.getTrialBalance({}, o))).toMatchObject({
      reason: 'PERMISSION_REQUIRED',
    });
    expect(await ask((o) => pair.first.listOpenPayments({}, o))).toMatchObject({
      reason: 'PERMISSION_REQUIRED',
    });
  });

  test('balances in each of several currencies, and is what the audit says', async () => {
    await open('kyoto', jpy(90_000n));
    await open('boston', usd(500n));
    await done(pay(pair.first, 'kyoto-pay', 'kyoto', jpy(25_000n)));
    await done(ask((o) => pair.first.withdraw({ accountId: 'boston', amount: usd(120n) }, o), 'boston-1'));
    const { lines } = await pair.operator.getTrialBalance({});
    const byCurrency = Map.groupBy(lines, ({ currency }) => currency);
    expect([...byCurrency.keys()]).toEqual(['EUR', 'JPY', 'USD']);
    for (const inIt of byCurrency.values()) {
      const sum = (side: 'debits' | 'credits') => inIt.reduce((all, line) => all + BigInt(line[side]), 0n);
      expect(sum('debits')).toBe(sum('credits'));
    }
    expect(byCurrency.get('JPY')?.map((l) => [l.ledgerAccount, l.debits, l.credits])).toEqual([
      ['customers/JPY', '25000', '90000'],
      ['opening/JPY', '90000', '0'],
      ['sales/JPY', '0', '25000'],
    ]);
    expect(byCurrency.get('USD')?.map((l) => [l.ledgerAccount, l.debits, l.credits])).toEqual([
      ['cash/USD', '0', '120'],
      ['customers/USD', '120', '500'],
      ['opening/USD', '500', '0'],
    ]);
    const { findings, ledger } = await auditOf(pair.operator);
    expect(findings).toEqual([]);
    expect(ledger).toEqual(lines);
  });
});
