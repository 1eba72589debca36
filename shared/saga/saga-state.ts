// The saga's own rules, pure: which decisions there are and what each one does. Shop words stay outside.
//
//     running ──confirmed──▶ confirmed ──completed──▶ completed (at rest)
//        │ turned round          │ turned round           │ turned round
//        └────────▶ compensating ◀────────────────────────┘
//                        │ cancelled
//                        ▼
//                   cancelled (at rest)
//
// A decision that comes too late changes nothing: whoever made it reads the newer state and adopts it. So two
// coordinators on one saga race for each decision and both end with the winner's.

export type SagaPhase = 'running' | 'confirmed' | 'completed' | 'compensating' | 'cancelled';

/** Why a saga turned round: what the caller gets to hear. */
export interface SagaReason {
  readonly reason: string;
  readonly message: string;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface SagaState {
  readonly phase: SagaPhase;
  /** Not confirmed by then: it turns round. */
  readonly deadlineAt: Date;
  /** The steps to undo, in that order; empty until it turned round. */
  readonly undo: readonly string[];
  /** Why it turned round; null until then. */
  readonly reason: SagaReason | null;
  /** Why it cannot go on without a person; null when it can. */
  readonly attention: SagaReason | null;
}

export function beginSaga(deadlineAt: Date): SagaState {
  return { phase: 'running', deadlineAt, undo: [], reason: null, attention: null };
}

/** Past the pivot: every step was taken. */
export function confirmSaga(saga: SagaState): SagaState {
  return saga.phase === 'running' ? { ...saga, phase: 'confirmed', attention: null } : saga;
}

/** Nothing remains to be done. */
export function completeSaga(saga: SagaState): SagaState {
  return saga.phase === 'confirmed' ? { ...saga, phase: 'completed', attention: null } : saga;
}

/**
 * Turns round: `undo` names the steps that may have run, the last one first. With nothing to undo it is cancelled at
 * once. `from` says whose decision it is: a coordinator may turn only a running saga, a cancel also a confirmed one.
 */
export function turnSaga(
  saga: SagaState,
  reason: SagaReason,
  undo: readonly string[],
  from: readonly SagaPhase[],
): SagaState {
  if (!from.includes(saga.phase)) return saga;
  return { ...saga, phase: undo.length === 0 ? 'cancelled' : 'compensating', undo, reason, attention: null };
}

/** Every step is undone. */
export function finishUndo(saga: SagaState): SagaState {
  return saga.phase === 'compensating' ? { ...saga, phase: 'cancelled', attention: null } : saga;
}

/**
 * Cannot go on without a person. It stays where it is, is listed, and is tried again slowly. `during` is the phase in
 * which it got stuck: a step that is refused because the saga has turned round meanwhile is no reason to call anybody.
 */
export function askAttention(saga: SagaState, reason: SagaReason, during: SagaPhase): SagaState {
  return atRest(saga) || saga.phase !== during ? saga : { ...saga, attention: reason };
}

/** Nothing will happen to it by itself any more. */
export function atRest(saga: SagaState): boolean {
  return saga.phase === 'completed' || saga.phase === 'cancelled';
}

/** How far a phase is along; a saga only goes up. So of two states, read at different times, the further one is newer. */
const rank: Record<SagaPhase, number> = {
  running: 0,
  confirmed: 1,
  completed: 2,
  compensating: 3,
  cancelled: 4,
};

export function isFurther(saga: SagaState, than: SagaState): boolean {
  return rank[saga.phase] > rank[than.phase];
}
