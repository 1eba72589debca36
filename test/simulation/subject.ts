// What the commands of a plan are about: orders, payments, reservations, items and accounts, with the names and ids that their
// callers can know before they ask.

import type { DescMethodUnary } from '@bufbuild/protobuf';
import { deriveId } from '../../shared/idempotency/index.ts';
import { type Command, cards, type Plan, type Wish } from './plan.ts';
import type { ServiceName } from './suite.ts';

export interface Request {
  readonly service: ServiceName;
  readonly method: DescMethodUnary;
  readonly caller: 'alice' | 'bob' | 'operator';
  readonly requestId: string;
  readonly message: Readonly<Record<string, unknown>>;
  /** What it is about: `order/<id>`, `payment/<id>`, `reservation/<caller>/<id>`, `account/a0`, `item/sku-0`. */
  readonly about: string;
  /** Refusals that this request may get, whatever went wrong meanwhile. Any other would be a lie. */
  readonly refusals: readonly string[];
  /** Refusals that are not recorded: asked again, it may be answered otherwise. */
  readonly passing?: readonly string[];
}

export const currency = 'EUR';
export const placeIdOf = (index: number) => `place-order-${index}`;
export const skuOf = (index: number) => `sku-${index}`;
export const accountOf = (index: number) => `a${index}`;

export const money = (minorUnits: number) => ({ amountMinorUnits: BigInt(minorUnits), currency });

/** The order's id, which its caller can know before it asked. */
export function orderIdOf(caller: string, placeId: string): string {
  return deriveId('order', caller, 'PlaceOrder', placeId);
}

export function linesOf(plan: Plan, wish: Wish): { sku: string; quantity: number }[] {
  const lines = new Map<string, number>();
  for (const { sku, quantity } of wish.lines) {
    const name = skuOf(sku % plan.items.length);
    lines.set(name, (lines.get(name) ?? 0) + quantity);
  }
  return [...lines].map(([sku, quantity]) => ({ sku, quantity }));
}

export type PaymentSource =
  | { readonly case: 'accountId'; readonly value: string }
  | { readonly case: 'card'; readonly value: { readonly paymentMethod: string } };

/** What a command is about, named once for all kinds. */
export interface Subject {
  readonly command: Command;
  readonly wish: Wish;
  readonly caller: 'alice' | 'bob';
  readonly requestId: string;
  readonly index: number;
  readonly orderId: string;
  readonly accountId: string;
  readonly source: PaymentSource;
  /** Refusals of whoever pays. */
  readonly payerRefusals: readonly string[];
  readonly paymentId: string;
  readonly reservationId: string;
  readonly sku: string;
  readonly lines: { sku: string; quantity: number }[];
  readonly amount: ReturnType<typeof money>;
  /** A part of the lines: one unit of the first, or all of them. */
  readonly someLines: { sku: string; quantity: number }[];
  /** ITEM_NOT_FOUND where some command deletes items. */
  readonly whenDeleted: readonly string[];
  /** The like where some command freezes or closes accounts. */
  readonly whenFrozen: readonly string[];
  readonly whenClosed: readonly string[];
}

export function subjectOf(plan: Plan, command: Command): Subject {
  const { kind, variant, isAltered, isStranger } = command;
  const index = command.target % plan.wishes.length;
  const wish = plan.wishes[index];
  if (!wish) throw new Error('a plan has at least one wish');
  const other = wish.caller === 'alice' ? 'bob' : 'alice';
  const caller = isStranger ? other : wish.caller;
  const accountId = accountOf(wish.account % plan.accounts.length);
  const more = isAltered ? 1 : 0;
  const card = wish.card && cards[wish.card];
  const lines = linesOf(plan, wish).map(({ sku, quantity }) => ({ sku, quantity: quantity + more }));
  const when = (other: Command['kind'], reason: string) =>
    plan.commands.some((each) => each.kind === other) ? [reason] : [];
  const whenFrozen = when('freeze', 'ACCOUNT_FROZEN');
  const whenClosed = when('close', 'ACCOUNT_CLOSED');
  return {
    command,
    wish,
    caller,
    requestId: `${kind}-${index}-number-${variant}`,
    index,
    orderId: orderIdOf(caller, placeIdOf(index)),
    accountId,
    source: card ? { case: 'card', value: { paymentMethod: card } } : { case: 'accountId', value: accountId },
    // Also of a good card: a charge that nobody knows of can become one that may never be made any more.
    payerRefusals: card ? ['PAYMENT_DECLINED'] : ['INSUFFICIENT_FUNDS', ...whenFrozen, ...whenClosed],
    paymentId: `${card ? 'card' : accountId}.pay-${index}`,
    reservationId: `own-${index}`,
    sku: skuOf(command.target % plan.items.length),
    lines,
    someLines: variant === 0 ? lines.slice(0, 1).map(({ sku }) => ({ sku, quantity: 1 + more })) : lines,
    amount: money(wish.amount + more),
    whenDeleted: when('delete', 'ITEM_NOT_FOUND'),
    whenFrozen,
    whenClosed,
  };
}
