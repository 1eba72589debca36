// An account: its states, its changes, and the movements that concern it alone. Knows no payment's state.
// Freezing and closing it: account-standing.ts. What a movement debits and credits: ledger.ts.

import {
  type Decision,
  type Refusal,
  refuse,
  type State,
  succeed,
} from '../../../shared/journal/decision.ts';
import { type Posting, postingOf } from './ledger.ts';
import { balanceMinorUnitsMax, type Money, turnoverMinorUnitsMax } from './money.ts';
import { accountEntity } from './names.ts';
import {
  accountAlreadyExists,
  accountClosed,
  accountFrozen,
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
  /** Absent: it is open. */
  standing?: 'frozen' | 'closed';
  /** Why it is frozen or closed, as the operator wrote it; absent while it is open. */
  standingReason?: string;
}>;

/** What a change that moves money says of it. Without a posting: from before the ledger. */
type Moved = Readonly<{ amount: bigint }> & Partial<Posting>;

/** `payment` is the payment's entity, so that an audit can find the other half of the movement. */
export type AccountChange =
  | { type: 'opened'; data: { currency: string; opening: bigint } & Partial<Posting> }
  | { type: 'deposited'; data: Moved }
  | { type: 'withdrawn'; data: Moved }
  | { type: 'charged'; data: Moved & { payment: string } }
  | { type: 'refunded'; data: Moved & { payment: string } }
  | { type: 'frozen' | 'closed'; data: { reason: string } }
  | { type: 'unfrozen' | 'reopened'; data: { reason: string } }
  /** A command that found what it wanted. */
  | { type: 'unchanged'; data: Record<string, never> }
  | { type: 'refused'; data: { reason: string; payment?: string } };

export function evolveAccount(
  account: AccountState | undefined,
  change: AccountChange,
  at: Date,
): AccountState | undefined {
  if (change.type === 'refused' || change.type === 'unchanged') return account;
  if (change.type === 'opened') {
    const { currency, opening } = change.data;
    const nothing = { deposited: 0n, withdrawn: 0n, charged: 0n, refunded: 0n };
    return { currency, balance: opening, opening, ...nothing, openedAt: at };
  }
  if (!account) throw new Error(`an account that was never opened cannot be ${change.type}`);
  switch (change.type) {
    case 'frozen':
    case 'closed':
      return { ...account, standing: change.type, standingReason: change.data.reason };
    case 'unfrozen':
    case 'reopened':
      return opened(account);
    default:
      return moved(account, change);
  }
}

type Movement = Extract<AccountChange, { type: 'deposited' | 'withdrawn' | 'charged' | 'refunded' }>;

function moved(account: AccountState, { type, data: { amount } }: Movement): AccountState {
  switch (type) {
    case 'deposited':
      return { ...account, balance: account.balance + amount, deposited: account.deposited + amount };
    case 'withdrawn':
      return { ...account, balance: account.balance - amount, withdrawn: account.withdrawn + amount };
    case 'charged':
      return { ...account, balance: account.balance - amount, charged: account.charged + amount };
    case 'refunded':
      return { ...account, balance: account.balance + amount, refunded: account.refunded + amount };
    default:
      throw new Error(`unknown change of an account: ${JSON.stringify(type satisfies never)}`);
  }
}

function opened({ standing: _, standingReason: __, ...account }: AccountState): AccountState {
  return account;
}

/**
 * Why nothing may be taken from it; undefined when something may. What comes home (a refund, a cancel) is credited
 * whatever its standing: an undo is never refused.
 */
export function refusalOfStanding({ standing }: AccountState, accountId: string): Refusal | undefined {
  if (standing === 'closed') return accountClosed(accountId);
  return standing === 'frozen' ? accountFrozen(accountId) : undefined;
}

export type OpenAccount = Readonly<{ accountId: string; opening: Money }>;
export type MoveBalance = Readonly<{ accountId: string; amount: Money }>;

/** States: the account. Its id belongs to the request that opened it. */
export function decideOpenAccount(states: readonly (State | undefined)[], command: OpenAccount): Decision {
  const entity = accountEntity(command.accountId);
  if (states[0]) return refuse(entity, accountAlreadyExists(command.accountId));
  const { amountMinorUnits: opening, currency } = command.opening;
  // Nothing moves into an account that is opened empty.
  const posting = opening === 0n ? {} : postingOf('opened', entity, currency);
  const change: AccountChange = { type: 'opened', data: { currency, opening, ...posting } };
  return succeed({ entity, ...change });
}

/** States: the account. A frozen one still takes in. */
export function decideDeposit(states: readonly (State | undefined)[], command: MoveBalance): Decision {
  const account = states[0] as AccountState | undefined;
  const { accountId } = command;
  const { amountMinorUnits: amount, currency } = command.amount;
  const entity = accountEntity(accountId);
  if (!account) return refuse(entity, accountNotFound(accountId));
  if (account.standing === 'closed') return refuse(entity, accountClosed(accountId));
  if (account.currency !== currency) return refuse(entity, currencyMismatch(account.currency, currency));
  if (account.balance + amount > balanceMinorUnitsMax) return refuse(entity, balanceLimitExceeded(accountId));
  if (account.opening + account.deposited + amount > turnoverMinorUnitsMax) {
    return refuse(entity, turnoverLimitExceeded(accountId));
  }
  const posting = postingOf('deposited', entity, currency);
  const change: AccountChange = { type: 'deposited', data: { amount, ...posting } };
  return succeed({ entity, ...change });
}

/** States: the account. The balance never goes below zero. */
export function decideWithdraw(states: readonly (State | undefined)[], command: MoveBalance): Decision {
  const account = states[0] as AccountState | undefined;
  const { accountId, amount: asked } = command;
  const entity = accountEntity(accountId);
  if (!account) return refuse(entity, accountNotFound(accountId));
  const unusable = refusalOfStanding(account, accountId);
  if (unusable) return refuse(entity, unusable);
  if (account.currency !== asked.currency) {
    return refuse(entity, currencyMismatch(account.currency, asked.currency));
  }
  if (account.balance < asked.amountMinorUnits) {
    return refuse(entity, insufficientFunds(accountId, account.balance, asked));
  }
  const posting = postingOf('withdrawn', entity, asked.currency);
  const change: AccountChange = { type: 'withdrawn', data: { amount: asked.amountMinorUnits, ...posting } };
  return succeed({ entity, ...change });
}
