// The ledger: every movement is posted to the two accounts that it belongs to, in each currency debits equal credits, a
// customer's balance is what was posted to it, and the house's accounts are what the accounts and payments say. It has
// a table of its own and adds up by itself, because a wrong posting rule must not agree with itself.

import type { RecordedOp } from '../../../shared/journal/index.ts';
import type { AccountChange, AccountState } from '../domain/account.ts';
import type { LedgerLine } from '../domain/ledger.ts';
import { accountOfPayment, idOf, isAccount } from '../domain/names.ts';
import type { PaymentChange } from '../domain/payment-changes.ts';
import { isTombstone, type PaymentState } from '../domain/payment-state.ts';
import type { Find } from './finding.ts';
import { accountMovement, minorUnits, takenBy } from './movement.ts';

export interface LedgerAudit {
  take(op: RecordedOp): void;
  /** After the last op of the stream, with the last state of everything in it. Returns the stream's trial balance. */
  end(
    accounts: ReadonlyMap<string, AccountState>,
    payments: Iterable<readonly [entity: string, state: PaymentState]>,
  ): LedgerLine[];
  /** Postings that were judged. */
  readonly count: number;
}

/** `own`: the account whose movement it is. */
const belongs: Readonly<Record<string, { debit: string; credit: string }>> = {
  'account opened': { debit: 'opening', credit: 'own' },
  'account deposited': { debit: 'cash', credit: 'own' },
  'account withdrawn': { debit: 'own', credit: 'cash' },
  'account charged': { debit: 'own', credit: 'sales' },
  'account refunded': { debit: 'sales', credit: 'own' },
  'card card_captured': { debit: 'provider', credit: 'sales' },
  'card card_refunded': { debit: 'sales', credit: 'provider' },
};

interface Sums {
  debits: bigint;
  credits: bigint;
}

const nothing = (): Sums => ({ debits: 0n, credits: 0n });

export function createLedgerAudit(find: Find): LedgerAudit {
  const sums = new Map<string, Sums>();
  let count = 0;

  function post(account: string, side: keyof Sums, amount: bigint): void {
    const line = sums.get(account) ?? nothing();
    line[side] += amount;
    sums.set(account, line);
  }

  function judge(op: RecordedOp, kind: string, amount: bigint, isPosted: boolean): void {
    const currency = String(op.state?.['currency'] ?? '');
    const sides = belongs[`${kind} ${op.type}`];
    const nameOf = (side = '') => (side === 'own' ? op.entity : `${side}/${currency}`);
    const wanted = { debit: nameOf(sides?.debit), credit: nameOf(sides?.credit) };
    // What was recorded before there was a ledger is posted as it would be today.
    const debit = isPosted ? String(op.data['debit']) : wanted.debit;
    const credit = isPosted ? String(op.data['credit']) : wanted.credit;
    if (debit !== wanted.debit || credit !== wanted.credit) {
      const description = `${op.type} in entry ${op.seq} is posted from ${credit} to ${debit}, not from ${wanted.credit} to ${wanted.debit}`;
      find('ledger', op.entity, description);
    }
    post(debit, 'debits', amount);
    post(credit, 'credits', amount);
    count += 1;
  }

  function checkCustomers(accounts: ReadonlyMap<string, AccountState>): void {
    for (const entity of new Set([...accounts.keys(), ...[...sums.keys()].filter(isAccount)])) {
      const { debits, credits } = sums.get(entity) ?? nothing();
      const balance = accounts.get(entity)?.balance ?? 0n;
      if (credits - debits === balance) continue;
      find('ledger', entity, `its postings sum to ${credits - debits}, its balance is ${balance}`);
    }
  }

  function checkHouse(said: ReadonlyMap<string, bigint>): void {
    const posted = [...sums.keys()].filter((account) => !isAccount(account));
    for (const account of new Set([...said.keys(), ...posted])) {
      const { debits, credits } = sums.get(account) ?? nothing();
      const says = said.get(account) ?? 0n;
      if (debits - credits === says) continue;
      find('ledger', account, `its postings sum to ${debits - credits}, accounts and payments say ${says}`);
    }
  }

  function checkCurrencies(lines: readonly LedgerLine[]): void {
    for (const currency of new Set(lines.map((line) => line.currency))) {
      const inIt = lines.filter((line) => line.currency === currency);
      const debits = inIt.reduce((sum, line) => sum + line.debits, 0n);
      const credits = inIt.reduce((sum, line) => sum + line.credits, 0n);
      if (debits === credits) continue;
      find('ledger', `currency/${currency}`, `${debits} minor units are debited and ${credits} are credited`);
    }
  }

  /** All customers of a currency in one line. */
  function linesOf(accounts: ReadonlyMap<string, AccountState>): LedgerLine[] {
    const lines = new Map<string, { account: string; currency: string } & Sums>();
    for (const [name, { debits, credits }] of sums) {
      const currency = isAccount(name)
        ? (accounts.get(name)?.currency ?? 'unknown')
        : name.slice(name.indexOf('/') + 1);
      const account = isAccount(name) ? `customers/${currency}` : name;
      const line = lines.get(account) ?? { account, currency, ...nothing() };
      lines.set(account, {
        ...line,
        debits: line.debits + debits,
        credits: line.credits + credits,
      });
    }
    return [...lines.values()];
  }

  return {
    take(op) {
      const kind = isAccount(op.entity)
        ? 'account'
        : accountOfPayment(idOf(op.entity)) === undefined
          ? 'card'
          : 'payment';
      const moved = movedBy(op, kind);
      const isPosted = 'debit' in op.data || 'credit' in op.data;
      if (moved !== 0n) judge(op, kind, moved < 0n ? -moved : moved, isPosted);
      else if (isPosted)
        find('ledger', op.entity, `${op.type} in entry ${op.seq} is posted and moves nothing`);
    },
    end(accounts, payments) {
      checkCustomers(accounts);
      checkHouse(saidBy(accounts, payments));
      const lines = linesOf(accounts);
      checkCurrencies(lines);
      return lines;
    },
    get count() {
      return count;
    },
  };
}

/** What is posted with this op. A payment from an account moves nothing by itself: its account's half does. */
function movedBy(op: RecordedOp, kind: 'account' | 'card' | 'payment'): bigint {
  if (kind === 'account') return accountMovement(op as RecordedOp & AccountChange).balance;
  return kind === 'card' ? takenBy(op as RecordedOp & PaymentChange) : 0n;
}

/** What the house's accounts must hold, debits above zero, by the states alone. */
function saidBy(
  accounts: ReadonlyMap<string, AccountState>,
  payments: Iterable<readonly [entity: string, state: PaymentState]>,
): Map<string, bigint> {
  const said = new Map<string, bigint>();
  const add = (account: string, amount: bigint) => said.set(account, (said.get(account) ?? 0n) + amount);
  for (const { currency, opening, deposited, withdrawn } of accounts.values()) {
    add(`opening/${currency}`, minorUnits(opening));
    add(`cash/${currency}`, minorUnits(deposited) - minorUnits(withdrawn));
  }
  for (const [entity, payment] of payments) {
    if (isTombstone(payment)) continue;
    const isKept = payment.status === 'captured' || payment.status === 'refunded';
    const kept = isKept ? minorUnits(payment.amount) - minorUnits(payment.refunded) : 0n;
    add(`sales/${payment.currency}`, -kept);
    if (accountOfPayment(idOf(entity)) === undefined) add(`provider/${payment.currency}`, kept);
  }
  return said;
}
