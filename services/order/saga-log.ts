// Records the coordinator's decisions in the order's journal: each moves the saga's phase at most once.

import type { Journal, State } from '../../shared/journal/index.ts';
import type { SagaDecision, SagaLog } from '../../shared/saga/index.ts';
import {
  decideAttention,
  decideCancelled,
  decideCompleted,
  decideConfirm,
  decideTurnRound,
} from './domain/order.ts';
import { asOrder, type OrderState, orderEntity } from './domain/order-state.ts';
import { decideRefunded } from './domain/refund.ts';
import { pricedOrder } from './place-order.ts';

/** Nobody waits for `completed`: it may go with an entry that is written anyway, within about one busy flush. */
const completedPatienceMs = 20;

export function createSagaLog(journal: Journal): SagaLog<OrderState> {
  async function read(orderId: string): Promise<OrderState | undefined> {
    return asOrder(await journal.readState(orderEntity(orderId)));
  }

  return {
    read,
    async decide(orderId, decision) {
      const entity = orderEntity(orderId);
      const recorded = await journal.submit({
        key: `saga/${orderId}/${decisionName(decision)}`,
        // The coordinator's own command: two coordinators that decide the same mean the same.
        fingerprint: '',
        entities: [entity],
        provenBy: proofOf(decision),
        ...(decision.decision === 'completed' ? { patienceMs: completedPatienceMs } : {}),
        decide: ([state]) => decide(orderId, existing(orderId, state), decision),
      });
      // Another coordinator's record may be old by now.
      const newest = recorded.replayed ? await read(orderId) : asOrder(recorded.states.get(entity));
      return existing(orderId, newest);
    },
  };
}

/**
 * A phase is left once, so the saga's state shows whether it was: a coordinator that comes later is recorded as overtaken. What
 * does not move the phase needs its key.
 */
function proofOf({ decision }: SagaDecision): 'key' | 'state' {
  switch (decision) {
    case 'confirmed':
    case 'turned_round':
    case 'cancelled':
    case 'completed':
      return 'state';
    case 'amended':
    case 'needs_attention':
      return 'key';
  }
}

/**
 * A person is asked once for each cause in each round of a step, and a step of a refund may be asked in two phases; an
 * amendment ends once; the other decisions are made once in a saga's life.
 */
function decisionName(decision: SagaDecision): string {
  switch (decision.decision) {
    case 'amended':
      return `amended/${decision.amendment}`;
    case 'needs_attention': {
      const { step, reason, round, phase, amendment } = decision;
      const parts = ['needs_attention', step, reason.reason];
      if (amendment !== undefined) parts.push(phase);
      if (round > 0) parts.push(String(round));
      return parts.join('/');
    }
    default:
      return decision.decision;
  }
}

function decide(orderId: string, order: OrderState, decision: SagaDecision) {
  switch (decision.decision) {
    case 'confirmed': {
      const { lines, total } = pricedOrder(decision.data);
      return decideConfirm(orderId, order, lines, total);
    }
    case 'turned_round':
      return decideTurnRound(orderId, order, decision.reason, decision.undo);
    case 'cancelled':
      return decideCancelled(orderId, order);
    case 'completed':
      return decideCompleted(orderId, order);
    case 'amended':
      return decideRefunded(orderId, order, decision.amendment);
    case 'needs_attention':
      return decideAttention(orderId, order, decision.reason, decision, decision.answer);
  }
}

function existing(orderId: string, state: State | undefined): OrderState {
  const order = asOrder(state);
  if (!order) throw new Error(`order ${orderId} is driven but not recorded`);
  return order;
}
