// The RPCs of accounts. Accounts are the operator's books, not a caller's: every caller may use every account.

import type { HandlerContext, ServiceImpl } from '@connectrpc/connect';
import type { PaymentService } from '../../shared/gen/twicesafe/payment/v1/payment_pb.ts';
import type { Answering } from '../../shared/idempotency/index.ts';
import type { Decision, Journal, State } from '../../shared/journal/index.ts';
import { callerOf, refusalError, requireOperator } from '../../shared/rpc/index.ts';
import { answerOf } from './answer.ts';
import { type AccountState, decideDeposit, decideOpenAccount, decideWithdraw } from './domain/account.ts';
import { decideStanding } from './domain/account-standing.ts';
import { accountEntity } from './domain/names.ts';
import { accountNotFound } from './domain/refusals.ts';
import { readEntryPage } from './entry-pages.ts';
import { paymentReasons } from './payment-errors.ts';
import { renderAccount } from './render-account.ts';
import { accountIdFrom, moneyOf, pageSizeOf } from './requests.ts';

type AccountMethods =
  | 'openAccount'
  | 'deposit'
  | 'withdraw'
  | 'freezeAccount'
  | 'unfreezeAccount'
  | 'closeAccount'
  | 'reopenAccount'
  | 'getAccount'
  | 'listAccountEntries';

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

  /** Whether an account may be used is the operator's to say: every caller may use every account. */
  function changeStanding(
    context: HandlerContext,
    type: Parameters<typeof decideStanding>[1],
    request: { accountId: string; reason: string },
  ) {
    requireOperator(context);
    const command = { accountId: accountIdFrom(request.accountId), reason: request.reason };
    return changeAccount(context, command.accountId, (states) => decideStanding(states, type, command));
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
    freezeAccount: (request, context) => changeStanding(context, 'frozen', request),
    unfreezeAccount: (request, context) => changeStanding(context, 'unfrozen', request),
    closeAccount: (request, context) => changeStanding(context, 'closed', request),
    reopenAccount: (request, context) => changeStanding(context, 'reopened', request),
    async getAccount({ accountId }) {
      return { account: renderAccount(accountId, await accountNow(accountId)) };
    },
    async listAccountEntries({ accountId, pageSize, pageToken }, context) {
      await accountNow(accountId);
      const page = { size: pageSizeOf(pageSize), token: pageToken };
      return readEntryPage(journal, accountId, page, callerOf(context));
    },
  };
}
