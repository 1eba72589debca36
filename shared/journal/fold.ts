// The fold: runs an entity's changes through its rules again and compares with the states that the ops carry.

import { isDeepStrictEqual } from 'node:util';
import type { State } from './decision.ts';
import type { EntityRules, RecordedOp } from './journal.ts';

export interface Fold {
  /**
   * Takes in the next op of its stream. Returns the carried state, and whether it is what the changes so far give:
   * false means that a rule changed its meaning, a writer decided on a state that was not the newest, or the
   * journal was edited.
   */
  take(op: RecordedOp): { state: State | undefined; equal: boolean };
}

/** Keeps the newest state of every entity that it met: use it in an audit, not in a service's life. */
export function createFold(rules: EntityRules): Fold {
  const states = new Map<string, State | undefined>();
  return {
    take(op) {
      const folded = rules.evolve(op.entity, states.get(op.entity), { type: op.type, data: op.data }, op.at);
      states.set(op.entity, op.state);
      return { state: op.state, equal: isDeepStrictEqual(folded, op.state) };
    },
  };
}
