// The card provider's books against what callers were told: at most one charge of each payment, exactly one of what is
// kept, and nothing left of what was cancelled or refused. It knows no rule of the payment service.

import type { Books } from '../../provider-simulator/books.ts';
import { type Account, isReused } from './ledger.ts';
import { cards } from './plan.ts';

/** What the books must say of one payment. */
export interface CardExpectation {
  /** As the provider is told it: `payment/<caller>/<payment id>`. */
  readonly entity: string;
  /** `kept`: taken once. `given back`: taken once or never, and nothing is left. `never taken`: nothing was ever taken. */
  readonly money: 'kept' | 'given back' | 'never taken';
  readonly amount: bigint;
  /** Of what is kept. */
  readonly refunded: bigint;
}

/** The payments by card that callers made themselves. */
export function ownCardPayments(accounts: readonly Account[]): CardExpectation[] {
  const isDone = ({ request, definite }: Account, method: string, about: string) =>
    request.method.name === method && request.about === about && definite?.answer === 'done';
  return accounts.flatMap((account): CardExpectation[] => {
    const { method, about, message } = account.request;
    if (method.name !== 'CreatePayment' || !paidByCard(account) || isReused(account)) return [];
    const amount = minorUnitsOf(message);
    const refunded = accounts
      .filter((other) => isDone(other, 'RefundPayment', about))
      .reduce((sum, { request }) => sum + minorUnitsOf(request.message), 0n);
    const isCancelled = accounts.some((other) => isDone(other, 'CancelPayment', about));
    const isKept = account.definite?.answer === 'done' && !isCancelled;
    return [{ entity: about, money: isKept ? 'kept' : moneyOfRefused(account), amount, refunded }];
  });
}

/** Of a payment or an order that is not kept. */
export function moneyOfRefused({ definite }: Account): 'given back' | 'never taken' {
  const isDeclined = definite?.answer === 'refused' && definite.refusal.reason === 'PAYMENT_DECLINED';
  return isDeclined ? 'never taken' : 'given back';
}

export function cardLies(books: Books, expectations: readonly CardExpectation[]): string[] {
  const charges = Map.groupBy(
    books.intents().filter(({ status }) => status === 'succeeded'),
    ({ metadata }) => metadata['payment'] ?? '',
  );
  const lies: string[] = [];
  for (const { entity, money, amount, refunded } of expectations) {
    const made = charges.get(entity) ?? [];
    charges.delete(entity);
    const taken = made.reduce((sum, { amount_received }) => sum + BigInt(amount_received), 0n);
    const back = made
      .flatMap(({ id }) => books.refundsOf(id))
      .filter(({ status }) => status === 'succeeded')
      .reduce((sum, each) => sum + BigInt(each.amount), 0n);
    const says = `I2 ${entity} is ${money}, but the provider took ${taken} in ${made.length} charges and gave ${back} back`;
    if (made.length > 1) lies.push(says);
    else if (money === 'kept' && (taken !== amount || back !== refunded))
      lies.push(`${says}, not ${amount} and ${refunded}`);
    else if (money === 'given back' && taken !== back) lies.push(says);
    else if (money === 'never taken' && taken !== 0n) lies.push(says);
  }
  for (const entity of charges.keys())
    lies.push(`I6 the provider took money for ${entity}, which nobody asked for`);
  return lies;
}

/**
 * What a provider's refusal is given for must be true: a good card is declined only when nobody can take the money any
 * more, and a refund is refused only by the card that refuses one, or when nobody can make it any more.
 */
export function refusalLies(accounts: readonly Account[]): string[] {
  return accounts.flatMap(({ request, definite }) => {
    if (definite?.answer !== 'refused') return [];
    const { reason, metadata } = definite.refusal;
    const card = methodOf(request.message) ?? methodOf(creationOf(request.about, accounts));
    const code = metadata[codeNames[reason] ?? ''];
    if (code === undefined || (card && reasonsOf[card]?.includes(code)) || outdated.includes(code)) return [];
    return [`I8 ${request.about} was refused with ${reason} for ${code}, but its card is ${card}`];
  });
}

/** Where a refusal has the provider's word. */
const codeNames: Readonly<Record<string, string>> = {
  PAYMENT_DECLINED: 'decline_code',
  REFUND_REFUSED: 'provider_code',
};

/** Given when the provider knows nothing of it and may be asked no more. */
const outdated: readonly string[] = ['never_taken', 'never_made'];

const reasonsOf: Readonly<Record<string, readonly string[]>> = {
  [cards.declined]: ['generic_decline'],
  [cards.unknown]: ['resource_missing'],
  [cards.refundFailsFirst]: ['expired_or_canceled_card'],
};

const creationOf = (about: string, accounts: readonly Account[]) =>
  accounts.find(({ request }) => request.method.name === 'CreatePayment' && request.about === about)?.request
    .message ?? {};

const paidByCard = ({ request }: Account): boolean => methodOf(request.message) !== undefined;

function methodOf(message: Readonly<Record<string, unknown>>): string | undefined {
  const source = (message['source'] ?? message['paymentSource']) as
    | { readonly case: string; readonly value: { readonly paymentMethod?: string } }
    | undefined;
  return source?.case === 'card' ? source.value.paymentMethod : undefined;
}

function minorUnitsOf(message: Readonly<Record<string, unknown>>): bigint {
  return (message['amount'] as { amountMinorUnits: bigint }).amountMinorUnits;
}
