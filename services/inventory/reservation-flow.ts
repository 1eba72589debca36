// Moves the units of a reservation to where its status wants them. A first call, a retry and the sweeper call the
// same functions; they know neither requests nor callers.
//
// A reservation and the stock of its lines may be in several streams, so nothing here is one transaction. The lines whose
// stock is in one stream are a group (domain/groups.ts), and a group moves as a whole: one submission over all its stock.
// What keeps it right is that each move of a group is recorded under a key of its own (domain/names.ts), that a key is
// recorded once, and that whoever wants to undo a move claims the key of that move first. With one stream there is one
// group, and what is said of groups below is said of it.
//
// REQUESTED. The intent is recorded before any hold, or in one entry with it. Then every group is held or refused, all of
// its lines or none. From the moment that all groups are recorded the answer is fixed for ever, and every retry finds it by
// submitting the same holds again. All held: nothing more is written, the holds are the record. One refused: the reservation
// can never be held, so the groups that are held are given back, and then it is recorded as refused.
//   Crash after the intent: some groups are recorded, some not. A retry, the sweeper, or a commit holds the rest.
//   Crash after a refused group: others may be held for nobody. The same three find the refusal and give them back; the
//   reservation stays open until that is done, because `refused` is recorded last. With one group nothing is held then.
//
// COMMITTED is recorded only by one who has seen every hold. Where the units go depends on where they are:
//   All in the reservation's own stream: the same decision sells them, and says that nothing remains. There is no moment
//   between the two, and no key of the sale. What it has seen held is held still while the status is `requested`: the only
//   group was not refused, and a release is recorded before it gives anything back. So a release comes before this decision,
//   which is refused then, or after it, and knows that everything is sold.
//   In other streams: then each group is sold under its key. Two commits sell under the same keys, which happens once.
//   Crash between: the reservation is open (not settled), and a retry or the sweeper sells the rest.
//
// RELEASED is recorded before anything is undone; from then on no commit can succeed. If it was committed and settled, all of
// it is sold, and the release says so (`wasSold`): what no return has taken back comes back under `unsell`. Otherwise for each
// group, one after the other: claim `hold` with a tombstone. Recorded: the hold can never happen; done. Held before: claim
// `sell` and give the units back. Recorded: the sale can never happen; done. Sold before: `unsell`. How much a return has left
// was fixed by the release: no return is decided after it (return-flow.ts).
//   In one stream nobody but a release claims `sell`, because a commit needs no key for its sale. So the claim always
//   succeeds there, and it may: a release without `wasSold` was decided on a reservation whose commit had not happened, and
//   never will.
//   A reserve that still runs meets the tombstones and answers REQUEST_CANCELLED, or it was complete and answers HELD,
//   as it was taken; a retry of it answers the same, because it looks at the same keys. Of several groups some may be held
//   and some cancelled: it gives back what is held, under the keys under which the release does.
//   A commit that still sells meets `sell` claimed, group by group, or sold first, and then `unsell` follows. Either way
//   each unit comes back once. Its own answer, COMMITTED, is what was recorded: the release came after it.
//   Crash between: the reservation is open, and a retry or the sweeper goes on along the same keys.
//
// SETTLED says that nothing remains to be done for the status, and takes the reservation from the open ones. The decision
// itself says it where it moves the units; otherwise it is recorded last, off the reply's path: losing it costs the sweeper
// one look. It names the status it is for, so that a commit's late `settled` neither hides a release that is under way nor
// makes it believe that everything was sold.

import type { Journal, Recorded, Refusal } from '../../shared/journal/index.ts';
import type { Background } from './background.ts';
import { type Group, groupsOf } from './domain/groups.ts';
import { reservationEntity } from './domain/names.ts';
import type { Line, ReservationState } from './domain/reservation-state.ts';
import { unitsLeft } from './domain/returns.ts';
import { asReservation } from './domain/rules.ts';
import { firstRefusal, type GroupHold, type PricedLine, pricedLines } from './held-lines.ts';
import {
  cancelHoldOf,
  expiryOf,
  freeOf,
  holdOf,
  refusalOf,
  saleOf,
  settledOf,
  unsellOf,
} from './reservation-moves.ts';

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

export function createReservationFlow(deps: {
  journal: Pick<Journal, 'submit' | 'streamOf'>;
  background: Background;
}): ReservationFlow {
  const { journal, background } = deps;

  /** Does the same for every group, all at once, and says what is recorded of their holds. */
  function eachGroup(
    lines: readonly Line[],
    work: (group: Group) => Promise<Recorded>,
  ): Promise<GroupHold<Recorded>[]> {
    const groups = groupsOf(lines, journal.streamOf);
    return Promise.all(groups.map(async (group) => ({ group, hold: await work(group) })));
  }

  const holdAll = (scoped: string, lines: readonly Line[]) =>
    eachGroup(lines, (group) => journal.submit(holdOf(scoped, group)));

  /** Gives back what is held or sold, and returns what became of the hold. `left`: what no return has taken back. */
  async function giveBack(scoped: string, group: Group, left: Group, wasSold = false): Promise<Recorded> {
    const held = await journal.submit(cancelHoldOf(scoped, group));
    if (!held.outcome.succeeded) return held;
    const isSold = wasSold || (await journal.submit(freeOf(scoped, group))).outcome.succeeded;
    // What returns took back, or are about to, was decided before the release and is not its business.
    if (isSold && left.lines.length > 0) await journal.submit(unsellOf(scoped, left));
    return held;
  }

  async function take(scoped: string, lines: readonly Line[]): Promise<Taking> {
    const holds = await holdAll(scoped, lines);
    const refusal = firstRefusal(lines, holds);
    if (refusal) {
      // Before the answer: a definite refusal leaves nothing held.
      await eachGroup(lines, (group) => giveBack(scoped, group, group));
      await journal.submit(refusalOf(scoped));
    }
    return { lines: pricedLines(lines, holds), refusal };
  }

  async function sellAll(
    scoped: string,
    { lines, settled }: ReservationState,
  ): Promise<readonly PricedLine[]> {
    // Replays: the proof that what is sold now was held, and the prices.
    const holds = await holdAll(scoped, lines);
    if (firstRefusal(lines, holds))
      throw new Error(`reservation ${scoped} is committed, but a line is not held`);
    if (!settled) {
      await eachGroup(lines, (group) => journal.submit(saleOf(scoped, group)));
      settle(scoped, 'committed');
    }
    return pricedLines(lines, holds);
  }

  async function giveBackAll(scoped: string, reservation: ReservationState): Promise<readonly PricedLine[]> {
    const { lines, wasSold } = reservation;
    const holds = await eachGroup(lines, (group) =>
      giveBack(scoped, group, leftOf(reservation, group), wasSold),
    );
    // A tombstone is settled from the beginning.
    if (lines.length > 0) settle(scoped, 'released');
    return pricedLines(lines, holds);
  }

  function settle(scoped: string, status: 'committed' | 'released'): void {
    background.run('settled', () => journal.submit(settledOf(scoped, status)));
  }

  async function finish(scoped: string, reservation: ReservationState): Promise<readonly PricedLine[]> {
    switch (reservation.status) {
      case 'requested':
      case 'refused':
        return (await take(scoped, reservation.lines)).lines;
      case 'committed':
        return sellAll(scoped, reservation);
      case 'released':
        return giveBackAll(scoped, reservation);
    }
  }

  return {
    take,
    finish,
    async expire(scoped) {
      const expired = await journal.submit(expiryOf(scoped));
      const reservation = asReservation(expired.states.get(reservationEntity(scoped)));
      if (reservation) await finish(scoped, reservation);
    },
  };
}

function leftOf(reservation: ReservationState, { stream, lines }: Group): Group {
  const left = lines.map(({ sku }) => ({ sku, quantity: unitsLeft(reservation, sku) }));
  return { stream, lines: left.filter(({ quantity }) => quantity > 0) };
}
