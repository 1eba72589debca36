// ReturnStock: records that units of a committed reservation come back, and lets the flow move them.

import type { ServiceImpl } from '@connectrpc/connect';
import type { InventoryService } from '../../shared/gen/twicesafe/inventory/v1/inventory_pb.ts';
import { type Answering, deriveId } from '../../shared/idempotency/index.ts';
import type { Journal } from '../../shared/journal/index.ts';
import { reservationEntity, scopedReservation } from './domain/names.ts';
import { decideReturn } from './domain/returns.ts';
import { asReservation } from './domain/rules.ts';
import { pricedLines, readHolds } from './held-lines.ts';
import { renderReservation } from './render.ts';
import type { ReservationFlow } from './reservation-flow.ts';
import { checkedLines } from './reservation-lines.ts';
import { type ReturnFlow, returnOf } from './return-flow.ts';

export function createReturnHandler(deps: {
  journal: Journal;
  flow: ReservationFlow;
  returns: ReturnFlow;
  answering: Answering;
}): Pick<ServiceImpl<typeof InventoryService>, 'returnStock'> {
  const { journal, flow, returns, answering } = deps;

  /** Whether every sale of the reservation is recorded. Read, not remembered: a commit may be another process's. */
  async function seeSales(scoped: string): Promise<boolean> {
    const reservation = asReservation(await journal.readState(reservationEntity(scoped)));
    if (reservation?.status !== 'committed') return false;
    // A crash may have left some of them to be made.
    if (!reservation.settled) await flow.finish(scoped, reservation);
    return true;
  }

  return {
    returnStock({ reservationId, lines: asked, backOnSale = false }, context) {
      const lines = checkedLines(asked);
      return answering.answerOnce(context, async (call) => {
        const scoped = scopedReservation(call.caller, reservationId);
        const entity = reservationEntity(scoped);
        const returnId = deriveId(call.caller, call.rpc, call.requestId);
        const salesSeen = await seeSales(scoped);
        const { replayed, outcome, states } = await journal.submit({
          key: call.key,
          fingerprint: call.fingerprint,
          entities: [entity],
          followedBy: returnOf(scoped, { id: returnId, lines, backOnSale }, journal.streamOf),
          decide: ([reservation]) =>
            decideReturn(asReservation(reservation), { scoped, returnId, lines, backOnSale }, salesSeen),
        });
        if (!outcome.succeeded) return { replayed, refusal: outcome.refusal };
        const state = asReservation(states.get(entity));
        if (!state) throw new Error(`a return left no state of reservation ${scoped}`);
        await returns.finish(scoped, state);
        const priced = pricedLines(state.lines, await readHolds(journal, scoped, state.lines));
        return {
          replayed,
          response: { reservation: renderReservation(reservationId, state, state.status, priced) },
        };
      });
    },
  };
}
