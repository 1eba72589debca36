// The moves of a reservation's units: all lines whose stock is in one stream, together. Pure. Each is given the stock of
// its lines, in their order, and changes all of it or none.

import { type Change, type Decision, refuse, succeed } from '../../../shared/journal/decision.ts';
import { reservationIdOf, stockEntity } from './names.ts';
import { insufficientStock, itemNotFound, requestCancelled, reservationReleased } from './refusals.ts';
import type { Line } from './reservation-state.ts';
import { isForSale, type StockChange, type StockState } from './stock.ts';

/** The stock of some lines, in their order; undefined where there never was such an item. */
export type Stock = readonly (StockState | undefined)[];

type Changes = [Change, ...Change[]];

/** Sets the units of all lines aside for a reservation, or refuses for ever, for the first that cannot be. Recorded under `holdKey`. */
export function decideHold(stock: Stock, scoped: string, lines: readonly Line[]): Decision {
  for (const [index, { sku, quantity }] of lines.entries()) {
    const there = stock[index];
    if (!isForSale(there)) return refuseHold(sku, scoped, itemNotFound(sku));
    if (there.onHand < quantity) {
      return refuseHold(sku, scoped, insufficientStock(sku, there.onHand, quantity));
    }
  }
  return succeed(...moves('units-held', scoped, lines));
}

/**
 * The undo of a hold that is not there yet: a tombstone under `holdKey`, so that the hold can never happen. When the
 * hold was first, the journal answers that instead, and `decideFree` follows.
 */
export function decideCancelHold(scoped: string, [first]: readonly Line[]): Decision {
  if (!first) throw new Error(`${scoped} has no line whose hold could be cancelled`);
  return refuseHold(first.sku, scoped, requestCancelled(reservationIdOf(scoped)));
}

/** Sells what is held: only when the hold is recorded and the reservation is committed, before or in the same decision. */
export function sell(stock: Stock, scoped: string, lines: readonly Line[]): Changes {
  expectUnits(stock, scoped, lines, 'held');
  return moves('units-sold', scoped, lines);
}

/** The sale on its own. Recorded under `sellKey`. */
export function decideSell(stock: Stock, scoped: string, lines: readonly Line[]): Decision {
  return succeed(...sell(stock, scoped, lines));
}

/**
 * Gives held units back and, because it takes the key of the sale, makes the sale impossible for ever. When the sale
 * was first, the journal answers that instead, and `decideUnsell` follows. Only when the hold is recorded.
 */
export function decideFree(stock: Stock, scoped: string, lines: readonly Line[]): Decision {
  expectUnits(stock, scoped, lines, 'held');
  return {
    outcome: { succeeded: false, refusal: reservationReleased(reservationIdOf(scoped)) },
    changes: moves('units-freed', scoped, lines),
  };
}

/** Takes back what is still sold. Recorded under `unsellKey`, only when the sale is recorded. */
export function decideUnsell(stock: Stock, scoped: string, lines: readonly Line[]): Decision {
  expectUnits(stock, scoped, lines, 'sold');
  return succeed(...moves('units-returned', scoped, lines));
}

/** Takes back units that a return names, to be sold again or to be written off. Recorded under `returnKey`, after the sale. */
export function decideTakeBack(
  stock: Stock,
  scoped: string,
  back: { readonly id: string; readonly lines: readonly Line[]; readonly backOnSale: boolean },
): Decision {
  expectUnits(stock, scoped, back.lines, 'sold');
  const type = back.backOnSale ? 'units-taken-back' : 'units-written-off';
  return succeed(...moves(type, scoped, back.lines, { return: back.id }));
}

/** Of a refusal only the line that is to blame tells: the key speaks for the others. */
function refuseHold(sku: string, scoped: string, refusal: ReturnType<typeof itemNotFound>): Decision {
  const { outcome } = refuse(stockEntity(sku), refusal);
  const data = { reservation: scoped, reason: refusal.reason };
  return { outcome, changes: [{ entity: stockEntity(sku), type: 'hold-refused', data }] };
}

function moves(
  type: StockChange['type'],
  scoped: string,
  lines: readonly Line[],
  also: Readonly<Record<string, string>> = {},
): Changes {
  const [first, ...others] = lines.map(({ sku, quantity }) => ({
    entity: stockEntity(sku),
    type,
    data: { reservation: scoped, quantity, ...also },
  }));
  if (!first) throw new Error(`${scoped} has no line to move`);
  return [first, ...others];
}

/** The chain of keys makes it impossible. If it happens all the same, a bug must not become a wrong number. */
function expectUnits(stock: Stock, scoped: string, lines: readonly Line[], where: 'held' | 'sold'): void {
  for (const [index, { sku, quantity }] of lines.entries()) {
    const there = stock[index]?.[where] ?? 0;
    if (there < quantity) {
      throw new Error(`${scoped} moves ${quantity} ${where} units of ${sku}, but there are ${there}`);
    }
  }
}
