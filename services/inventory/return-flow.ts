// Takes back some units of a committed reservation. A first call, a retry and the sweeper call the same functions.
//
// Before a return is decided every sale is recorded, in the commit itself or behind it. From then on the units are sold for
// good: a release that comes later knows or finds that they are, and gives back what the returns have left. It knows how much
// that is, because no return is decided after a release. So the two never reach for the same unit, in whatever order their moves are recorded.
//
// RETURN REQUESTED. The intent is recorded in the reservation before any unit moves. Then each group of its lines, those whose
// stock is in one stream, moves under a key of its own, all in the intent's entry if they can be, and `return-settled` last.
//   Crash between: the reservation is open, and a retry or the sweeper moves the rest along the same keys, whether or not
//   a release has been recorded meanwhile.

import type { Journal, Submission } from '../../shared/journal/index.ts';
import { type Group, groupsOf, type StreamOf } from './domain/groups.ts';
import { returnKey, returnSettledKey } from './domain/names.ts';
import type { PendingReturn, ReservationState } from './domain/reservation-state.ts';
import { decideReturnSettled, pendingReturnsOf } from './domain/returns.ts';
import { decideTakeBack } from './domain/units.ts';
import { move, step } from './reservation-moves.ts';

export interface ReturnFlow {
  /** Moves the units of every return that is pending in this state. Moves that were made are found, not made again. */
  finish(scoped: string, reservation: ReservationState): Promise<void>;
}

type ReturnOfLines = Pick<PendingReturn, 'id' | 'lines' | 'backOnSale'>;

/** What `finish` submits for a return: it may go into the entry in which the return is recorded. */
export function returnOf(scoped: string, pending: ReturnOfLines, streamOf: StreamOf): readonly Submission[] {
  const groups = groupsOf(pending.lines, streamOf);
  return [...groups.map((group) => moveOf(scoped, pending, group)), settledOf(scoped, pending.id)];
}

function moveOf(scoped: string, { id, backOnSale }: ReturnOfLines, group: Group): Submission {
  const back = { id, lines: group.lines, backOnSale };
  return move(returnKey(scoped, id, group.stream), group, (stock) => decideTakeBack(stock, scoped, back));
}

const settledOf = (scoped: string, returnId: string): Submission =>
  step(returnSettledKey(scoped, returnId), scoped, (reservation) =>
    decideReturnSettled(reservation, scoped, returnId),
  );

export function createReturnFlow({ journal }: { journal: Pick<Journal, 'submit' | 'streamOf'> }): ReturnFlow {
  return {
    async finish(scoped, reservation) {
      for (const pending of pendingReturnsOf(reservation)) {
        const groups = groupsOf(pending.lines, journal.streamOf);
        await Promise.all(groups.map((group) => journal.submit(moveOf(scoped, pending, group))));
        await journal.submit(settledOf(scoped, pending.id));
      }
    },
  };
}
