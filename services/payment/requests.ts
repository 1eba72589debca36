// From a request's fields to the domain's words, with the checks that the proto's own rules cannot express.

import type { Money as MoneyMessage } from '../../shared/gen/twicesafe/money/v1/money_pb.ts';
import { fieldInvalid } from '../../shared/rpc/index.ts';
import { amountMinorUnitsMax, type Money } from './domain/money.ts';
import { cardPlace } from './domain/names.ts';

/** Pages of a caller that names no size. */
const pageSizeDefault = 50;

export const pageSizeOf = (asked: number): number => (asked === 0 ? pageSizeDefault : asked);

/** An amount from `atLeastMinorUnits` to the limit. `field` is the money's field, for the violation. */
export function moneyOf(field: string, message: MoneyMessage | undefined, atLeastMinorUnits: bigint): Money {
  if (!message) throw fieldInvalid(field, 'is required');
  const { amountMinorUnits, currency } = message;
  if (amountMinorUnits < atLeastMinorUnits || amountMinorUnits > amountMinorUnitsMax) {
    const range = `must be from ${atLeastMinorUnits} to ${amountMinorUnitsMax}`;
    throw fieldInvalid(`${field}.amount_minor_units`, range);
  }
  return { amountMinorUnits, currency };
}

/** An account id that can be an account's: `card` begins the ids of card payments. */
export function accountIdFrom(accountId: string): string {
  if (accountId === cardPlace)
    throw fieldInvalid('account_id', `"${cardPlace}" is reserved for card payments`);
  return accountId;
}

/** A payment id that the caller chose must begin with its place, an account's id or `card`; see domain/names.ts. */
export function requirePlace(paymentId: string, place: string): void {
  if (paymentId === '' || paymentId.startsWith(`${place}.`)) return;
  throw fieldInvalid('payment_id', `must begin with "${place}.", the place its money comes from`);
}
