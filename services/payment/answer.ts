// From what the journal recorded to an RPC's answer: the same for the first call and for every replay.

import type { Answer } from '../../shared/idempotency/index.ts';
import type { Recorded, State } from '../../shared/journal/index.ts';

/**
 * The answer of a recorded command about `entity`. It is rendered from the state right after that op, never from
 * today's, so that a replay says what the first answer said.
 */
export function answerOf<S extends State, T>(
  recorded: Recorded,
  entity: string,
  render: (state: S) => T,
): Answer<T> {
  const { replayed, outcome } = recorded;
  if (!outcome.succeeded) return { replayed, refusal: outcome.refusal };
  const state = recorded.states.get(entity);
  if (!state) throw new Error(`a success is recorded for ${entity}, but not its state`);
  return { replayed, response: render(state as S) };
}
