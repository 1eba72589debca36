// What an order costs, pure: from the prices at which its stock was held.

import type { Refusal } from '../../../shared/journal/decision.ts';
import type { Money, OrderLine } from './order-state.ts';

/** The largest total in minor units: far above any order, far below int64, so that sums of totals still fit. */
const totalMinorUnitsMax = 1_000_000_000_000_000n;

/** The total, or why there is none. The same prices give the same answer on every attempt of every process. */
export function totalOf(
  lines: readonly OrderLine[],
  totalMax: Money | null,
): { readonly total: Money } | { readonly refusal: Refusal } {
  const currency = lines[0]?.unitPrice?.currency ?? '';
  let amountMinorUnits = 0n;
  for (const { sku, quantity, unitPrice } of lines) {
    if (!unitPrice) throw new Error(`line ${sku} has no price, though its stock is held`);
    if (unitPrice.currency !== currency) {
      return mismatch(
        `${sku} is priced in ${unitPrice.currency}, another line in ${currency}: order them apart`,
      );
    }
    amountMinorUnits += unitPrice.amountMinorUnits * BigInt(quantity);
  }
  if (totalMax && totalMax.currency !== currency) {
    return mismatch(`total_max is in ${totalMax.currency}, the items are priced in ${currency}`);
  }
  const asked = totalMax?.amountMinorUnits ?? totalMinorUnitsMax;
  const limit = asked < totalMinorUnitsMax ? asked : totalMinorUnitsMax;
  if (amountMinorUnits > limit) {
    return {
      refusal: {
        reason: 'TOTAL_ABOVE_MAX',
        message: `the order costs ${amountMinorUnits} minor units of ${currency}, more than ${limit}`,
        metadata: { total_minor_units: String(amountMinorUnits), currency },
      },
    };
  }
  return { total: { amountMinorUnits, currency } };
}

function mismatch(message: string): { refusal: Refusal } {
  return { refusal: { reason: 'CURRENCY_MISMATCH', message, metadata: {} } };
}
