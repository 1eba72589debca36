// What the journal must know of orders.

import type { State } from '../../../shared/journal/decision.ts';
import { atRest } from '../../../shared/saga/saga-state.ts';
import { evolveOrder } from './order.ts';
import { asOrder } from './order-state.ts';

export const orderRules = {
  evolve: (
    _entity: string,
    state: State | undefined,
    change: { type: string; data: Readonly<Record<string, unknown>> },
    at: Date,
  ): State | undefined => evolveOrder(asOrder(state), change, at),

  /** Open until its saga is at rest: the sweeper goes on with it after a restart. */
  isOpen: (_entity: string, state: State): boolean => {
    const order = asOrder(state);
    return order !== undefined && !atRest(order.saga);
  },
};
