// The RPCs of accounts. Accounts are the operator's books, not a caller's: every caller may use every account.

import type { HandlerContext, ServiceImpl } from '@connectrpc/connect';
import type { PaymentService } from '../../shared/gen/twicesafe/payment/v1/payment_pb.ts';
import type { Answering } from '../../shared/idempotency/index.ts';
import type { Decision, Journal, State } from '../../shared/journal/index.ts';
import { refusalError } from '../../shared/rpc/index.ts';
import { answerOf } from './answer.ts';
import { type AccountState, decideDeposit, decideOpenAccount, decideWithdraw } from './domain/account.ts';
import { accountEntity } from './domain/names.ts';
import { accountNotFound } from './domain/refusals.ts';
import { readEntryPage } from './entry-pages.ts';
import { paymentReasons } from './payment-errors.ts';
import { renderAccount } from './render.ts';
import { accountIdFrom, moneyOf, pageSizeOf } from './requests.ts';

type AccountMethods = 'openAccount' | 'deposit' | 'withdraw' | 'getAccount' | 'listAccountEntries';

export function createAccountHandlers(deps: {
  journal: Journal;
  answering: Answering;
}): Pick<ServiceImpl<typeof PaymentService>, AccountMethods> {
  const { journal, answering } = deps;

  /** Records one decision about an account under the request's key, and answers the account as it was right after it. */
  function changeAccount(
    context: HandlerContext,
    accountId: string,
    decide: (states: readonly (State | undefined)[]) => Decision,
    likelyNew: readonly string[] = [],
  ) {
    const entity = accountEntity(accountId);
    return answering.answerOnce(context, async ({ key, fingerprint }) => {
      const recorded = await journal.submit({ key, fingerprint, entities: [entity], decide, likelyNew });
      return answerOf(recorded, entity, (account: AccountState) => ({
        account: renderAccount(accountId, account),
      }));
    });
  }

  async function accountNow(accountId: string): Promise<AccountState> {
    const account = await journal.readState(accountEntity(accountId));
    if (!account) throw refusalError(paymentReasons, accountNotFound(accountId), false);
    return account as AccountState;
  }

  return {
    openAccount(request, context) {
      const accountId = accountIdFrom(request.accountId);
      const opening = moneyOf('opening_balance', request.openingBalance, 0n);
      const decide = (states: readonly (State | undefined)[]) =>
        decideOpenAccount(states, { accountId, opening });
      return changeAccount(context, accountId, decide, [accountEntity(accountId)]);
    },
    deposit(request, context) {
      const accountId = accountIdFrom(request.accountId);
      const amount = moneyOf('amount', request.amount, 1n);
      return changeAccount(context, accountId, (states) => decideDeposit(states, { accountId, amount }));
    },
    withdraw(request, context) {
      const accountId = accountIdFrom(request.accountId);
      const amount = moneyOf('amount', request.amount, 1n);
      return changeAccount(context, accountId, (states) => decideWithdraw(states, { accountId, amount }));
    },
    async getAccount({ accountId }) {
      return { account: renderAccount(accountId, await accountNow(accountId)) };
    },
    async listAccountEntries({ accountId, pageSize, pageToken }) {
      await accountNow(accountId);
      return readEntryPage(journal, accountId, { size: pageSizeOf(pageSize), token: pageToken });
    },
  };
}
