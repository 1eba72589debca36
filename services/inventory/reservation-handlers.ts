// The RPCs of reservations: each records its decision under the request's key and lets the flow move the units.
// What a crash or another call in between can do is reasoned out in reservation-flow.ts.

import { durationMs } from '@bufbuild/protobuf/wkt';
import type { ServiceImpl } from '@connectrpc/connect';
import type { InventoryService } from '../../shared/gen/twicesafe/inventory/v1/inventory_pb.ts';
import { type Answering, deriveId, type IdempotentCall } from '../../shared/idempotency/index.ts';
import type { Decision, Journal, Recorded, Submission } from '../../shared/journal/index.ts';
import { callerOf, refusalError } from '../../shared/rpc/index.ts';
import { reservationEntity, scopedReservation } from './domain/names.ts';
import { reservationNotFound } from './domain/refusals.ts';
import { decideRelease, decideReserve } from './domain/reservation.ts';
import type { ReservationState } from './domain/reservation-state.ts';
import { asReservation } from './domain/rules.ts';
import { pricedLines, readHolds } from './held-lines.ts';
import { inventoryReasons } from './inventory-errors.ts';
import { renderReservation } from './render.ts';
import type { ReservationFlow } from './reservation-flow.ts';
import { checkedLines } from './reservation-lines.ts';
import { commitOf, holdAtHome } from './reservation-moves.ts';

export type ReservationRpc = 'reserveStock' | 'commitReservation' | 'releaseReservation' | 'getReservation';

export function createReservationHandlers(deps: {
  journal: Journal;
  flow: ReservationFlow;
  answering: Answering;
}): Pick<ServiceImpl<typeof InventoryService>, ReservationRpc> {
  const { journal, flow, answering } = deps;

  /** The decision of a request on its reservation. */
  async function submit(
    call: IdempotentCall,
    scoped: string,
    decide: (reservation: ReservationState | undefined) => Decision,
    hints: Pick<Submission, 'likelyNew' | 'followedBy'> = {},
  ): Promise<Recorded & { reservation: ReservationState | undefined }> {
    const entity = reservationEntity(scoped);
    const recorded = await journal.submit({
      key: call.key,
      fingerprint: call.fingerprint,
      entities: [entity],
      ...hints,
      decide: ([reservation]) => decide(asReservation(reservation)),
    });
    return { ...recorded, reservation: asReservation(recorded.states.get(entity)) };
  }

  /**
   * The reservation as it is, or was a moment ago: what this process knows of the open ones saves a read. An old
   * state is safe, because every decision is taken again on the newest one, and `requested` never comes back.
   */
  async function look(scoped: string): Promise<ReservationState | undefined> {
    const entity = reservationEntity(scoped);
    return asReservation(journal.openEntities().get(entity)?.state ?? (await journal.readState(entity)));
  }

  return {
    async reserveStock(request, context) {
      const lines = checkedLines(request.lines);
      const { reference } = request;
      const ttl = request.ttl ? { ttlMs: durationMs(request.ttl) } : {};
      return answering.answerOnce(context, async (call) => {
        const reservationId = request.reservationId || deriveId(call.caller, call.rpc, call.requestId);
        const scoped = scopedReservation(call.caller, reservationId);
        const intent = await submit(
          call,
          scoped,
          (reservation) => decideReserve(reservation, scoped, { lines, reference, ...ttl }),
          {
            likelyNew: [reservationEntity(scoped)],
            followedBy: holdAtHome(scoped, lines, journal.streamOf),
          },
        );
        const { replayed, outcome, reservation } = intent;
        if (!outcome.succeeded) return { replayed, refusal: outcome.refusal };
        const taking = await flow.take(scoped, lines);
        if (taking.refusal) return { replayed, refusal: taking.refusal };
        const state = expectState(reservation, scoped);
        return {
          replayed,
          response: {
            reservation: renderReservation(reservationId, state, 'held', taking.lines),
          },
        };
      });
    },

    commitReservation({ reservationId }, context) {
      return answering.answerOnce(context, async (call) => {
        const scoped = scopedReservation(call.caller, reservationId);
        const before = await look(scoped);
        // A reserve that a crash interrupted is completed, or refused, before anything is decided about it.
        const taken = before?.status === 'requested' ? await flow.take(scoped, before.lines) : undefined;
        const { key, fingerprint } = call;
        const { replayed, outcome, states } = await journal.submit({
          key,
          fingerprint,
          ...commitOf(scoped, before?.lines, journal.streamOf),
        });
        const reservation = asReservation(states.get(reservationEntity(scoped)));
        if (!outcome.succeeded) {
          // It expired in this very decision, or a release that came first may have been interrupted.
          if (reservation?.status === 'released') await flow.finish(scoped, reservation);
          return { replayed, refusal: outcome.refusal };
        }
        const state = expectState(reservation, scoped);
        // Sold by the decision: nothing remains to be moved, and what was held a moment ago is what was sold.
        const isSold = state.settled && taken !== undefined && !taken.refusal;
        const lines = isSold ? taken.lines : await flow.finish(scoped, state);
        return {
          replayed,
          response: { reservation: renderReservation(reservationId, state, state.status, lines) },
        };
      });
    },

    releaseReservation({ reservationId }, context) {
      return answering.answerOnce(context, async (call) => {
        const scoped = scopedReservation(call.caller, reservationId);
        const { replayed, reservation } = await submit(call, scoped, (state) => decideRelease(state, scoped));
        const state = expectState(reservation, scoped);
        const lines = await flow.finish(scoped, state);
        return {
          replayed,
          response: { reservation: renderReservation(reservationId, state, state.status, lines) },
        };
      });
    },

    async getReservation({ reservationId }, context) {
      const scoped = scopedReservation(callerOf(context).name, reservationId);
      const entity = reservationEntity(scoped);
      const first = asReservation(await journal.readState(entity));
      if (!first) throw refusalError(inventoryReasons, reservationNotFound(reservationId), false);
      const holds = await readHolds(journal, scoped, first.lines);
      // Read again after the holds: only if it is still requested now, all of them were there at one time.
      const isOpen = first.status === 'requested';
      const reservation = (isOpen && asReservation(await journal.readState(entity))) || first;
      const isHeld = reservation.status === 'requested' && holds.every(({ hold }) => hold?.outcome.succeeded);
      const status = isHeld ? 'held' : reservation.status;
      const lines = pricedLines(reservation.lines, holds);
      return { reservation: renderReservation(reservationId, reservation, status, lines) };
    },
  };
}

function expectState(reservation: ReservationState | undefined, scoped: string): ReservationState {
  if (!reservation) throw new Error(`a successful op left no state of reservation ${scoped}`);
  return reservation;
}
