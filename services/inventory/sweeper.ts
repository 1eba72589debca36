// The sweeper: finds reservations that a crash left unfinished or whose time is over, and calls the normal code.
//
// It only makes sure that somebody goes on. Whatever it does at the same moment as a caller, or as the sweeper of
// another process, meets the same keys, so it needs no lock and its grace period is courtesy, not safety.

import type { Journal, State } from '../../shared/journal/index.ts';
import type { Clock, Logger, Random } from '../../shared/runtime/index.ts';
import { scopedOf } from './domain/names.ts';
import { isExpired } from './domain/reservation.ts';
import type { ReservationState } from './domain/reservation-state.ts';
import { pendingReturnsOf } from './domain/returns.ts';
import { asReservation } from './domain/rules.ts';
import type { ReservationFlow } from './reservation-flow.ts';
import type { ReturnFlow } from './return-flow.ts';

export interface SweeperLimits {
  /** Between two turns. An expired reservation keeps its units that much longer. */
  readonly turnEveryMs: number;
  /** So much of a turn's delay is random: the sweepers of several processes should not come at the same time. */
  readonly jitterFraction: number;
  /** How long a reservation may be under way before somebody else looks: longer than a call's usual deadline. */
  readonly graceMs: number;
  /** Reservations in one turn, so that a restart after a long stop does not starve the callers. */
  readonly reservationsMax: number;
  /** Reservations at once: they share their flushes. */
  readonly parallelMax: number;
}

export const sweeperLimits: SweeperLimits = {
  turnEveryMs: 3_000,
  jitterFraction: 0.3,
  graceMs: 10_000,
  reservationsMax: 500,
  parallelMax: 32,
};

export interface Sweeper {
  /** One turn: reads what is new and finishes what is due. Rejects only when the database does not answer. */
  turn(): Promise<void>;
  /** Turns from now on until `signal` aborts; resolves after the last one. */
  run(signal: AbortSignal): Promise<void>;
}

export function createSweeper(deps: {
  journal: Journal;
  flow: ReservationFlow;
  returns: ReturnFlow;
  clock: Clock;
  random: Random;
  log: Logger;
  limits?: Partial<SweeperLimits>;
}): Sweeper {
  const { journal, flow, returns, clock, random, log } = deps;
  const limits = { ...sweeperLimits, ...deps.limits };
  /** Open reservations that were seen with all lines held: they wait for their caller. Forgotten with the process. */
  const held = new Set<string>();

  function isDue(entity: string, state: State): boolean {
    const reservation = asReservation(state);
    if (!reservation) return false;
    if (reservation.status === 'requested' && isExpired(reservation, clock.now())) return true;
    const isOld = clock.nowMs() - movedAt(reservation).getTime() >= limits.graceMs;
    return isOld && !(reservation.status === 'requested' && held.has(entity));
  }

  async function finish(entity: string, reservation: ReservationState): Promise<void> {
    const scoped = scopedOf(entity);
    try {
      if (reservation.status === 'requested' && isExpired(reservation, clock.now())) {
        await flow.expire(scoped);
      } else {
        await flow.finish(scoped, reservation);
        await returns.finish(scoped, reservation);
        if (reservation.status === 'requested') held.add(entity);
      }
    } catch (error) {
      // One that cannot go on must not keep the others waiting; it stays open and comes up again.
      log.warn({ err: error, entity }, 'could not finish a reservation');
    }
  }

  async function turn(): Promise<void> {
    await journal.follow();
    const open = journal.openEntities();
    for (const entity of held) if (!open.has(entity)) held.delete(entity);
    const due = [...open].flatMap(([entity, { state }]) => {
      const reservation = isDue(entity, state) ? asReservation(state) : undefined;
      return reservation ? [{ entity, reservation }] : [];
    });
    // From a random place on: those that cannot be finished must not always fill the turn.
    const start = Math.floor(random.fraction() * due.length);
    const work = [...due.slice(start), ...due.slice(0, start)].slice(0, limits.reservationsMax);
    for (let from = 0; from < work.length; from += limits.parallelMax) {
      const part = work.slice(from, from + limits.parallelMax);
      await Promise.all(part.map(({ entity, reservation }) => finish(entity, reservation)));
    }
  }

  return {
    turn,
    async run(signal) {
      while (!signal.aborted) {
        await turn().catch((error: unknown) => log.warn({ err: error }, 'the sweeper could not read'));
        const jitterMs = random.fraction() * limits.jitterFraction * limits.turnEveryMs;
        await clock.sleep(limits.turnEveryMs + jitterMs, signal);
      }
    },
  };
}

/** When somebody last set out to move its units: the one who did is probably still at it. */
function movedAt(reservation: ReservationState): Date {
  return pendingReturnsOf(reservation).at(-1)?.requestedAt ?? reservation.changedAt;
}
