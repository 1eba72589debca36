// The double-entry ledger beneath the balances: each movement of money debits one account and credits another by the
// same amount of the same currency. Pure; it knows no payment's or account's state.
//
//     what happens                        debit             credit
//     opened with a balance               opening/EUR       account/alice
//     deposited                           cash/EUR          account/alice
//     withdrawn                           account/alice     cash/EUR
//     charged                             account/alice     sales/EUR
//     refunded, also by a cancel          sales/EUR         account/alice
//     card captured                       provider/EUR      sales/EUR
//     card refunded, also by a cancel     sales/EUR         provider/EUR
//
// A customer's account is a liability: what the house owes, so a balance is credits less debits. The other four are the
// house's own, one of each for each currency: `cash` (an asset: money that came in and went out), `provider` (an asset:
// what the card provider owes the house), `sales` (income), and `opening` (equity: balances brought in from elsewhere).
//
// The posting stands in the op that makes the movement. The house's accounts are no entities and have no state: nothing
// would be decided on their balance, and one that every charge changed would make all charges of a currency wait for one
// stream. Their balances are the fold of the postings, which the audit and GetTrialBalance take.

import { isAccount } from './names.ts';

/** Which account gives and which one gets. The amount stands beside it, once: so both sides are equal. */
export type Posting = Readonly<{ debit: string; credit: string }>;

type HouseAccount = 'cash' | 'provider' | 'sales' | 'opening';
type Side = HouseAccount | 'customer';

/** The two sides of each change that moves money. `customer` is the account whose change it is. */
const sides = {
  opened: { debit: 'opening', credit: 'customer' },
  deposited: { debit: 'cash', credit: 'customer' },
  withdrawn: { debit: 'customer', credit: 'cash' },
  charged: { debit: 'customer', credit: 'sales' },
  refunded: { debit: 'sales', credit: 'customer' },
  card_captured: { debit: 'provider', credit: 'sales' },
  card_refunded: { debit: 'sales', credit: 'provider' },
} as const satisfies Record<string, { debit: Side; credit: Side }>;

export type MovementType = keyof typeof sides;

/** The posting of a movement of `entity`, an account or, for a card, a payment. */
export function postingOf(type: MovementType, entity: string, currency: string): Posting {
  const nameOf = (side: Side): string => (side === 'customer' ? entity : `${side}/${currency}`);
  const { debit, credit } = sides[type];
  return { debit: nameOf(debit), credit: nameOf(credit) };
}

/** A movement as the ledger has it. */
export type Posted = Posting & Readonly<{ amount: bigint; currency: string }>;

interface RecordedChange {
  readonly entity: string;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly state: Readonly<Record<string, unknown>> | undefined;
}

/**
 * How the op is posted; undefined when it moves nothing. An op from before the ledger carries no posting: it has the one
 * that follows from its type.
 */
export function postedBy({ entity, type, data, state }: RecordedChange): Posted | undefined {
  const amount = type === 'opened' ? data['opening'] : data['amount'];
  const currency = state?.['currency'];
  if (!isMovement(entity, type) || typeof amount !== 'bigint' || amount === 0n) return undefined;
  if (typeof currency !== 'string') return undefined;
  const { debit, credit } = data;
  const isPosted = typeof debit === 'string' && typeof credit === 'string';
  const posting = isPosted ? { debit, credit } : postingOf(type, entity, currency);
  return { ...posting, amount, currency };
}

/** A payment from an account says `refunded` too; its money is in its account's half. */
function isMovement(entity: string, type: string): type is MovementType {
  const isOfCard = type === 'card_captured' || type === 'card_refunded';
  return Object.hasOwn(sides, type) && isAccount(entity) !== isOfCard;
}

/** A line of a trial balance: everything that was posted to an account of the ledger. */
export type LedgerLine = Readonly<{ account: string; currency: string; debits: bigint; credits: bigint }>;

/** All customers' accounts of a currency stand in one line. */
const lineOf = (account: string, currency: string): string =>
  isAccount(account) ? `customers/${currency}` : account;

/** A posting as two lines. */
export function linesOf({ debit, credit, amount, currency }: Posted): LedgerLine[] {
  return [
    { account: lineOf(debit, currency), currency, debits: amount, credits: 0n },
    { account: lineOf(credit, currency), currency, debits: 0n, credits: amount },
  ];
}

export interface LedgerSum {
  add(lines: readonly LedgerLine[]): void;
  /** By currency, then by name. */
  lines(): LedgerLine[];
}

/** Remembers one line for each account of the house and currency, however much is added. */
export function createLedgerSum(): LedgerSum {
  const sums = new Map<string, LedgerLine>();
  return {
    add(lines) {
      for (const line of lines) {
        const { debits = 0n, credits = 0n } = sums.get(line.account) ?? {};
        sums.set(line.account, {
          ...line,
          debits: debits + line.debits,
          credits: credits + line.credits,
        });
      }
    },
    lines: () =>
      [...sums.values()].sort((a, b) => compare(a.currency, b.currency) || compare(a.account, b.account)),
  };
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
