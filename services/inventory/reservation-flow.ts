// Moves the units of a reservation to where its status wants them. A first call, a retry and the sweeper call the
// same functions; they know neither requests nor callers.
//
// A reservation and the stock of its lines live in different streams, so nothing here is one transaction. What keeps
// it right is that each move is recorded under a key of its own (domain/names.ts), that a key is recorded once, and
// that whoever wants to undo a move claims the key of that move first.
//
// REQUESTED. The intent is recorded before any hold, or in one entry with them. Then every line is held or refused. From the
// moment that all lines are recorded the answer is fixed for ever, and every retry finds it by submitting the same
// holds again. All held: nothing more is written, the holds are the record. One refused: the reservation can never be
// held, so the others are given back, and then it is recorded as refused.
//   Crash after the intent: some lines are recorded, some not. A retry, the sweeper, or a commit holds the rest.
//   Crash after a refused line: units may be held for nobody. The same three find the refusal and give them back; the
//   reservation stays open until that is done, because `refused` is recorded last.
//
// COMMITTED is recorded only by one who has seen every hold, and then each line is sold. Two commits sell under the
// same keys, which happens once.
//   Crash between: the reservation is open (not settled), and a retry or the sweeper sells the rest.
//
// RELEASED is recorded before anything is undone; from then on no commit can succeed. Then for each line, one after
// the other: claim `hold` with a tombstone. Recorded: the hold can never happen; done. Held before: claim `sell` and
// give the units back. Recorded: the sale can never happen; done. Sold before: give back under `unsell` what no return
// has taken back (return-flow.ts). How much that is was fixed by the release: no return is decided after it.
//   A reserve that still runs meets the tombstones and answers REQUEST_CANCELLED, or it was complete and answers HELD,
//   as it was taken; a retry of it answers the same, because it looks at the same keys.
//   A commit that still sells meets `sell` claimed, line by line, or sold first, and then `unsell` follows. Either way
//   each unit comes back once. Its own answer, COMMITTED, is what was recorded: the release came after it.
//   Crash between: the reservation is open, and a retry or the sweeper goes on along the same keys.
//
// SETTLED says that nothing remains to be done for the status, and takes the reservation from the open ones. It is
// off the reply's path: losing it costs the sweeper one look. It names the status it is for, so that a commit's late
// `settled` does not hide a release that is under way.

import type { Decision, Journal, Recorded, Refusal, Submission } from '../../shared/journal/index.ts';
import type { Background } from './background.ts';
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
import { decideExpire, decideRefused, decideSettled } from './domain/reservation.ts';
import type { Line, ReservationState } from './domain/reservation-state.ts';
import { unitsReturned } from './domain/returns.ts';
import { asReservation, asStock } from './domain/rules.ts';
import {
  decideCancelHold,
  decideFree,
  decideHold,
  decideSell,
  decideUnsell,
  type Price,
  type StockState,
} from './domain/stock.ts';

/** A line with the price of the moment when it was held; undefined when it never was. */
export interface PricedLine extends Line {
  readonly unitPrice: Price | undefined;
}

/** How long what nobody waits for may wait for an entry that is written anyway: about one busy flush. */
export const settlementPatienceMs = 20;

/** What became of the lines. With a refusal nothing is held any more. */
export interface Taking {
  readonly lines: readonly PricedLine[];
  readonly refusal: Refusal | undefined;
}

export interface ReservationFlow {
  /** Holds all lines or none. Says the same at every call, also after the reservation was settled. */
  take(scoped: string, lines: readonly Line[]): Promise<Taking>;
  /**
   * Moves the units to where this status wants them. A status that is no longer the newest does no harm: it meets
   * keys that are claimed. Returns the lines as they were held.
   */
  finish(scoped: string, reservation: ReservationState): Promise<readonly PricedLine[]>;
  /** Releases a reservation whose time is over, unless it was settled meanwhile. */
  expire(scoped: string): Promise<void>;
}

/** What `take` submits first: it may go into the entry of the intent. */
export function holdsOf(scoped: string, lines: readonly Line[]): readonly Submission[] {
  return lines.map((line) => holdOf(scoped, line));
}

/** What `finish` submits for a commit: it may go into the entry of the commit, when every hold was seen before. */
export function salesOf(scoped: string, lines: readonly Line[]): readonly Submission[] {
  return [...lines.map((line) => saleOf(scoped, line)), settledOf(scoped, 'committed')];
}

/** One move of one line's units. The key says all about it, so it needs no fingerprint. */
function move(key: string, sku: string, decide: (stock: StockState | undefined) => Decision): Submission {
  return {
    key,
    fingerprint: '',
    entities: [stockEntity(sku)],
    decide: ([stock]) => decide(asStock(stock)),
  };
}

/** One step of the reservation itself. */
function step(
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

function holdOf(scoped: string, { sku, quantity }: Line): Submission {
  const units = { reservation: scoped, quantity };
  return move(holdKey(scoped, sku), sku, (stock) => decideHold(stock, sku, units));
}

function saleOf(scoped: string, { sku, quantity }: Line): Submission {
  const units = { reservation: scoped, quantity };
  return move(sellKey(scoped, sku), sku, (stock) => decideSell(stock, sku, units));
}

function settledOf(scoped: string, status: 'committed' | 'released'): Submission {
  const settled = step(settledKey(scoped, status), scoped, (reservation) =>
    decideSettled(reservation, scoped, status),
  );
  return { ...settled, patienceMs: settlementPatienceMs };
}

export function createReservationFlow(deps: {
  journal: Pick<Journal, 'submit'>;
  background: Background;
}): ReservationFlow {
  const { journal, background } = deps;

  const hold = (scoped: string, line: Line) => journal.submit(holdOf(scoped, line));
  const sell = (scoped: string, line: Line) => journal.submit(saleOf(scoped, line));

  /** Returns what became of the hold. `returned`: units that returns take back, none unless they were sold. */
  async function giveBack(scoped: string, { sku, quantity }: Line, returned = 0): Promise<Recorded> {
    const units = { reservation: scoped, quantity };
    const held = await journal.submit(move(holdKey(scoped, sku), sku, () => decideCancelHold(sku, scoped)));
    if (!held.outcome.succeeded) return held;
    const sold = await journal.submit(
      move(sellKey(scoped, sku), sku, (stock) => decideFree(stock, sku, units)),
    );
    if (sold.outcome.succeeded) {
      const left = { reservation: scoped, quantity: quantity - returned };
      // The rest: what returns took back, or are about to, was decided before the release and is not its business.
      if (left.quantity > 0) {
        await journal.submit(move(unsellKey(scoped, sku), sku, (stock) => decideUnsell(stock, sku, left)));
      }
    }
    return held;
  }

  async function take(scoped: string, lines: readonly Line[]): Promise<Taking> {
    const holds = await Promise.all(lines.map((line) => hold(scoped, line)));
    const refusal = firstRefusal(holds);
    if (refusal) {
      // Before the answer: a definite refusal leaves nothing held.
      await Promise.all(lines.map((line) => giveBack(scoped, line)));
      await journal.submit(
        step(refusalKey(scoped), scoped, (reservation) => decideRefused(reservation, scoped)),
      );
    }
    return { lines: priced(lines, holds), refusal };
  }

  async function sellAll(scoped: string, lines: readonly Line[]): Promise<readonly PricedLine[]> {
    // Replays: the proof that what is sold now was held, and the prices.
    const holds = await Promise.all(lines.map((line) => hold(scoped, line)));
    if (firstRefusal(holds)) throw new Error(`reservation ${scoped} is committed, but a line is not held`);
    await Promise.all(lines.map((line) => sell(scoped, line)));
    settled(scoped, 'committed');
    return priced(lines, holds);
  }

  async function giveBackAll(scoped: string, reservation: ReservationState): Promise<readonly PricedLine[]> {
    const { lines } = reservation;
    const holds = await Promise.all(
      lines.map((line) => giveBack(scoped, line, unitsReturned(reservation, line.sku))),
    );
    // A tombstone is settled from the beginning.
    if (lines.length > 0) settled(scoped, 'released');
    return priced(lines, holds);
  }

  function settled(scoped: string, status: 'committed' | 'released'): void {
    background.run('settled', () => journal.submit(settledOf(scoped, status)));
  }

  async function finish(scoped: string, reservation: ReservationState): Promise<readonly PricedLine[]> {
    const { status, lines } = reservation;
    switch (status) {
      case 'requested':
      case 'refused':
        return (await take(scoped, lines)).lines;
      case 'committed':
        return sellAll(scoped, lines);
      case 'released':
        return giveBackAll(scoped, reservation);
    }
  }

  return {
    take,
    finish,
    async expire(scoped) {
      const expired = await journal.submit(
        step(expiryKey(scoped), scoped, (reservation) => decideExpire(reservation, scoped)),
      );
      const reservation = asReservation(expired.states.get(reservationEntity(scoped)));
      if (reservation) await finish(scoped, reservation);
    },
  };
}

/** The price is in the stock's state right after the hold, where no later PutItem can change it. */
export function heldPrice(sku: string, hold: Recorded | undefined): Price | undefined {
  return hold?.outcome.succeeded ? asStock(hold.states.get(stockEntity(sku)))?.price : undefined;
}

/** The refusal of the first refused line, in the order of the request: the same at every call. */
function firstRefusal(holds: readonly Recorded[]): Refusal | undefined {
  return holds.flatMap(({ outcome }) => (outcome.succeeded ? [] : [outcome.refusal]))[0];
}

function priced(lines: readonly Line[], holds: readonly Recorded[]): PricedLine[] {
  return lines.map((line, index) => ({ ...line, unitPrice: heldPrice(line.sku, holds[index]) }));
}
