// An account: its states, its changes, and the decisions that concern it alone. Knows no payment's state.

import { type Decision, refuse, type State, succeed } from '../../../shared/journal/decision.ts';
import { balanceMinorUnitsMax, type Money, turnoverMinorUnitsMax } from './money.ts';
import { accountEntity } from './names.ts';
import {
  accountAlreadyExists,
  accountNotFound,
  balanceLimitExceeded,
  currencyMismatch,
  insufficientFunds,
  turnoverLimitExceeded,
} from './refusals.ts';

/** Sums are over the account's whole life, in minor units: opening + deposited + refunded - withdrawn - charged = balance. */
export type AccountState = Readonly<{
  currency: string;
  balance: bigint;
  opening: bigint;
  deposited: bigint;
  withdrawn: bigint;
  charged: bigint;
  refunded: bigint;
  openedAt: Date;
}>;

/** `payment` is the payment's entity, so that an audit can find the other half of the movement. */
export type AccountChange =
  | { type: 'opened'; data: { currency: string; opening: bigint } }
  | { type: 'deposited'; data: { amount: bigint } }
  | { type: 'withdrawn'; data: { amount: bigint } }
  | { type: 'charged'; data: { amount: bigint; payment: string } }
  | { type: 'refunded'; data: { amount: bigint; payment: string } }
  | { type: 'refused'; data: { reason: string; payment?: string } };

export function evolveAccount(
  account: AccountState | undefined,
  change: AccountChange,
  at: Date,
): AccountState | undefined {
  if (change.type === 'refused') return account;
  if (change.type === 'opened') {
    const { currency, opening } = change.data;
    const nothing = { deposited: 0n, withdrawn: 0n, charged: 0n, refunded: 0n };
    return { currency, balance: opening, opening, ...nothing, openedAt: at };
  }
  if (!account) throw new Error(`an account that was never opened cannot be ${change.type}`);
  const { amount } = change.data;
  switch (change.type) {
    case 'deposited':
      return { ...account, balance: account.balance + amount, deposited: account.deposited + amount };
    case 'withdrawn':
      return { ...account, balance: account.balance - amount, withdrawn: account.withdrawn + amount };
    case 'charged':
      return { ...account, balance: account.balance - amount, charged: account.charged + amount };
    case 'refunded':
      return { ...account, balance: account.balance + amount, refunded: account.refunded + amount };
    default:
      throw new Error(`unknown change of an account: ${JSON.stringify(change satisfies never)}`);
  }
}

export type OpenAccount = Readonly<{ accountId: string; opening: Money }>;
export type MoveBalance = Readonly<{ accountId: string; amount: Money }>;

/** States: the account. Its id belongs to the request that opened it. */
export function decideOpenAccount(states: readonly (State | undefined)[], command: OpenAccount): Decision {
  const entity = accountEntity(command.accountId);
  if (states[0]) return refuse(entity, accountAlreadyExists(command.accountId));
  const { amountMinorUnits: opening, currency } = command.opening;
  return succeed({ entity, ...({ type: 'opened', data: { currency, opening } } satisfies AccountChange) });
}

/** States: the account. */
export function decideDeposit(states: readonly (State | undefined)[], command: MoveBalance): Decision {
  const account = states[0] as AccountState | undefined;
  const { accountId } = command;
  const { amountMinorUnits: amount, currency } = command.amount;
  const entity = accountEntity(accountId);
  if (!account) return refuse(entity, accountNotFound(accountId));
  if (account.currency !== currency) return refuse(entity, currencyMismatch(account.currency, currency));
  if (account.balance + amount > balanceMinorUnitsMax) return refuse(entity, balanceLimitExceeded(accountId));
  if (account.opening + account.deposited + amount > turnoverMinorUnitsMax) {
    return refuse(entity, turnoverLimitExceeded(accountId));
  }
  return succeed({ entity, ...({ type: 'deposited', data: { amount } } satisfies AccountChange) });
}

/** States: the account. The balance never goes below zero. */
export function decideWithdraw(states: readonly (State | undefined)[], command: MoveBalance): Decision {
  const account = states[0] as AccountState | undefined;
  const { accountId, amount: asked } = command;
  const entity = accountEntity(accountId);
  if (!account) return refuse(entity, accountNotFound(accountId));
  if (account.currency !== asked.currency) {
    return refuse(entity, currencyMismatch(account.currency, asked.currency));
  }
  if (account.balance < asked.amountMinorUnits) {
    return refuse(entity, insufficientFunds(accountId, account.balance, asked));
  }
  const change: AccountChange = { type: 'withdrawn', data: { amount: asked.amountMinorUnits } };
  return succeed({ entity, ...change });
}
