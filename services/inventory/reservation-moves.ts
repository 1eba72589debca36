// What is submitted to move the units of a reservation, each under the key that says it happened. It submits nothing
// itself: in which order, and why that is right, is in reservation-flow.ts.

import type { Decision, Submission } from '../../shared/journal/index.ts';
import { type Group, groupsOf, homeGroupOf, type StreamOf } from './domain/groups.ts';
import {
  expiryKey,
  holdKey,
  refusalKey,
  reservationEntity,
  sellKey,
  settledKey,
  stockEntity,
  unsellKey,
} from './domain/names.ts';
import { decideCommit, decideExpire, decideRefused, decideSettled } from './domain/reservation.ts';
import type { Line, ReservationState } from './domain/reservation-state.ts';
import { asReservation, asStock } from './domain/rules.ts';
import {
  decideCancelHold,
  decideFree,
  decideHold,
  decideSell,
  decideUnsell,
  type Stock,
} from './domain/units.ts';

/** How long what nobody waits for may wait for an entry that is written anyway: about one busy flush. */
export const settlementPatienceMs = 20;

/** A move of the units of a group. The key says all about it, so it needs no fingerprint. */
export function move(key: string, { lines }: Group, decide: (stock: Stock) => Decision): Submission {
  return {
    key,
    fingerprint: '',
    entities: lines.map(({ sku }) => stockEntity(sku)),
    decide: (stock) => decide(stock.map(asStock)),
  };
}

/** One step of the reservation itself. */
export function step(
  key: string,
  scoped: string,
  decide: (reservation: ReservationState | undefined) => Decision,
): Submission {
  return {
    key,
    fingerprint: '',
    entities: [reservationEntity(scoped)],
    decide: ([reservation]) => decide(asReservation(reservation)),
  };
}

export const holdOf = (scoped: string, group: Group): Submission =>
  move(holdKey(scoped, group.stream), group, (stock) => decideHold(stock, scoped, group.lines));

export const cancelHoldOf = (scoped: string, group: Group): Submission =>
  move(holdKey(scoped, group.stream), group, () => decideCancelHold(scoped, group.lines));

export const saleOf = (scoped: string, group: Group): Submission =>
  move(sellKey(scoped, group.stream), group, (stock) => decideSell(stock, scoped, group.lines));

export const freeOf = (scoped: string, group: Group): Submission =>
  move(sellKey(scoped, group.stream), group, (stock) => decideFree(stock, scoped, group.lines));

/** `left`: the group without the units that returns took back. */
export const unsellOf = (scoped: string, left: Group): Submission =>
  move(unsellKey(scoped, left.stream), left, (stock) => decideUnsell(stock, scoped, left.lines));

export const refusalOf = (scoped: string): Submission =>
  step(refusalKey(scoped), scoped, (reservation) => decideRefused(reservation, scoped));

export const expiryOf = (scoped: string): Submission =>
  step(expiryKey(scoped), scoped, (reservation) => decideExpire(reservation, scoped));

export const settledOf = (scoped: string, status: 'committed' | 'released'): Submission => ({
  ...step(settledKey(scoped, status), scoped, (reservation) => decideSettled(reservation, scoped, status)),
  patienceMs: settlementPatienceMs,
});

/** The hold that may go into the entry of the intent. */
export function holdAtHome(
  scoped: string,
  lines: readonly Line[],
  streamOf: StreamOf,
): readonly Submission[] {
  const home = homeGroupOf(scoped, groupsOf(lines, streamOf), streamOf);
  return home ? [holdOf(scoped, home)] : [];
}

/**
 * A commit, under whichever key. `lines`: those of the reservation as it was found, its holds seen; undefined when it was
 * not found. Stock that is all in the reservation's stream is sold by the decision itself; of other stock, what is there
 * may be sold in the same entry.
 */
export function commitOf(
  scoped: string,
  lines: readonly Line[] | undefined,
  streamOf: StreamOf,
): Pick<Submission, 'entities' | 'decide' | 'followedBy' | 'patienceMs'> {
  const groups = groupsOf(lines ?? [], streamOf);
  const home = homeGroupOf(scoped, groups, streamOf);
  const isAllHome = home !== undefined && groups.length === 1;
  const sold = isAllHome ? home.lines.map(({ sku }) => stockEntity(sku)) : [];
  return {
    entities: [reservationEntity(scoped), ...sold],
    followedBy: home && !isAllHome ? [saleOf(scoped, home)] : [],
    patienceMs: settlementPatienceMs,
    decide([reservation, ...states], at) {
      const stock = isAllHome ? states.map(asStock) : undefined;
      return decideCommit(asReservation(reservation), { scoped, holdsSeen: lines !== undefined, stock }, at);
    },
  };
}
