// Precedence: which calls go first when there is not room for all. Decided by the RPC and by who calls, never by what
// a request says of itself.

import type { DescMethod } from '@bufbuild/protobuf';
import { MethodOptions_IdempotencyLevel as Level } from '@bufbuild/protobuf/wkt';
import type { Caller } from './caller.ts';

/**
 * From what is shed first to what is shed last.
 *
 * begin     Something new. Refused, it costs nobody anything but a wait.
 * know      Reads, and repeats of a request that this process remembers: cheap, and each one ends somebody's retries.
 *           Also the undo of a caller that runs no sagas.
 * continue  A step of a saga: its order was accepted, and is turned round if it waits too long.
 * settle    Finishes or undoes a saga. Until it is done, stock is held or money is taken for nobody.
 */
export type Precedence = 'begin' | 'know' | 'continue' | 'settle';

/**
 * How far above the adaptive limit each may go. Three times for `continue`: the order service sheds at its own limit
 * long before that, and right after cuts more calls are at work than the limit says. `settle` knows the fixed limit only.
 */
export const shareOfLimit: Readonly<Record<Exclude<Precedence, 'settle'>, number>> = {
  begin: 1,
  know: 1.25,
  continue: 3,
};

/** The RPCs of a service that belong to sagas. What is in neither list begins something new, or reads. */
export interface SagaRpcs {
  /** Steps, such as ReserveStock. */
  readonly steps: readonly DescMethod[];
  /** What finishes or undoes, such as CommitReservation. */
  readonly settling: readonly DescMethod[];
}

export const noSagaRpcs: SagaRpcs = { steps: [], settling: [] };

/**
 * The precedence of a call that is not known as a repeat. A step or an undo counts as a saga's only from a caller that
 * runs sagas (`:saga` in AUTH_TOKENS): anybody could name a request id like a saga's, or claim it in metadata.
 */
export function precedenceOf(
  method: DescMethod,
  caller: Pick<Caller, 'runsSagas' | 'operator'>,
  sagaRpcs: SagaRpcs,
): Precedence {
  if (sagaRpcs.settling.includes(method)) return caller.runsSagas || caller.operator ? 'settle' : 'know';
  if (sagaRpcs.steps.includes(method) && caller.runsSagas) return 'continue';
  return method.idempotency === Level.NO_SIDE_EFFECTS ? 'know' : 'begin';
}
