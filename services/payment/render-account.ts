// From what is recorded of accounts, and of the ledger beneath them, to the messages of the proto. Decides nothing.

import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import {
  AccountEntryKind,
  type AccountEntrySchema,
  type AccountSchema,
  AccountStanding,
  type LedgerLineSchema,
} from '../../shared/gen/twicesafe/payment/v1/payment_pb.ts';
import type { RecordedOp } from '../../shared/journal/index.ts';
import type { AccountChange, AccountState } from './domain/account.ts';
import { type Standing, standingOf } from './domain/account-standing.ts';
import { type LedgerLine, type Posted, postedBy } from './domain/ledger.ts';
import { idOf } from './domain/names.ts';

const standingMessages = {
  open: AccountStanding.OPEN,
  frozen: AccountStanding.FROZEN,
  closed: AccountStanding.CLOSED,
} as const satisfies Record<Standing, AccountStanding>;

export function renderAccount(
  accountId: string,
  account: AccountState,
): MessageInitShape<typeof AccountSchema> {
  return {
    accountId,
    balance: { amountMinorUnits: account.balance, currency: account.currency },
    openedAt: timestampFromDate(account.openedAt),
    standing: standingMessages[standingOf(account)],
    standingReason: account.standingReason ?? '',
  };
}

/** Who reads a statement. Accounts are common to all callers, what one of them asked is not. */
export type Reader = Readonly<{ name: string; operator: boolean }>;

/** One op of an account as a line of its statement; undefined when it moved nothing. */
export function renderAccountEntry(
  op: RecordedOp,
  entryId: string,
  reader: Reader,
): MessageInitShape<typeof AccountEntrySchema> | undefined {
  const posted = postedBy(op);
  const account = op.state as AccountState | undefined;
  if (!posted || !account) return undefined;
  const { currency } = account;
  return {
    entryId,
    kind: kindOf(op),
    amount: { amountMinorUnits: posted.amount, currency },
    balanceAfter: { amountMinorUnits: account.balance, currency },
    paymentId: typeof op.data['payment'] === 'string' ? idOf(op.data['payment']) : '',
    recordedAt: timestampFromDate(op.at),
    counterAccount: counterAccount(op.entity, posted),
    ...requestOf(op.key, reader),
  };
}

const counterAccount = (entity: string, { debit, credit }: Posted): string =>
  debit === entity ? credit : debit;

function kindOf(op: RecordedOp): AccountEntryKind {
  switch (op.type as AccountChange['type']) {
    case 'opened':
      return AccountEntryKind.OPENING;
    case 'deposited':
      return AccountEntryKind.DEPOSIT;
    case 'withdrawn':
      return AccountEntryKind.WITHDRAWAL;
    case 'charged':
      return AccountEntryKind.CHARGE;
    case 'refunded':
      return AccountEntryKind.REFUND;
    default:
      throw new Error(`${op.type} of ${op.entity} moves money and is no kind of movement`);
  }
}

/** The journal's key of a request, read back: `req/<caller>/<RPC>/<request id>`, none of which contains a slash. */
const requestKeyPattern = /^req\/([^/]+)\/([^/]+)\/([^/]+)$/;

function requestOf(key: string, { name, operator }: Reader) {
  const [, caller = '', rpc = '', requestId = ''] = requestKeyPattern.exec(key) ?? [];
  return caller === name || operator ? { caller, rpc, requestId } : {};
}

export function renderLedgerLine(line: LedgerLine): MessageInitShape<typeof LedgerLineSchema> {
  const { account: ledgerAccount, currency, debits, credits } = line;
  return { ledgerAccount, currency, debits: String(debits), credits: String(credits) };
}
