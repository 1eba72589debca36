// The saga's own rules, pure: which decisions there are and what each one does. Shop words stay outside.
//
//     running ──confirmed──▶ confirmed ──completed──▶ completed (at rest, unless amendments are open)
//        │ turned round          │ turned round           │ turned round
//        └────────▶ compensating ◀────────────────────────┘
//                        │ cancelled
//                        ▼
//                   cancelled (at rest)
//
// A decision that comes too late changes nothing: whoever made it reads the newer state and adopts it. So two
// coordinators on one saga race for each decision and both end with the winner's.
//
// An amendment is work that is decided when the saga is completed, such as giving a part of it back. Amendments are taken
// one after the other, and can only succeed or be tried again. A saga that turns round has everything undone, so what an
// amendment had still to do is done then.
//
// A step that was refused stays so under its request id. When an operator has mended the cause, a new round of the step
// is recorded, and it is asked for under an id of that round. Only a refusal opens a round, and only one at a time: a
// step whose outcome is unknown may have happened, and would happen twice.

export type SagaPhase = 'running' | 'confirmed' | 'completed' | 'compensating' | 'cancelled';

/** Why a saga turned round: what the caller gets to hear. */
export interface SagaReason {
  readonly reason: string;
  readonly message: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Why a saga needs a person. */
export interface SagaAttention extends SagaReason {
  /** The step that was refused, for which an operator may open a round; absent when its outcome is unknown. */
  readonly refusedStep?: string;
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
  readonly attention: SagaAttention | null;
  /** Amendments that are not done, the oldest first. Absent: there never was one. */
  readonly amendments?: readonly string[];
  /** How many rounds were opened for a step. Absent: none for any. */
  readonly rounds?: Readonly<Record<string, number>>;
  /** Grows with each amendment that begins or ends and each round: of two states of one phase the higher is the newer. */
  readonly revision?: number;
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

/** Every step is undone, and with them whatever was amended. */
export function finishUndo(saga: SagaState): SagaState {
  if (saga.phase !== 'compensating') return saga;
  const amendments = saga.amendments ? { amendments: [] } : {};
  return { ...saga, ...amendments, phase: 'cancelled', attention: null };
}

/** Begins an amendment. Only of a completed saga: what is amended must be there, and a saga that turned round undoes all. */
export function amendSaga(saga: SagaState, amendment: string): SagaState {
  if (saga.phase !== 'completed') return saga;
  return revised(saga, { amendments: [...amendmentsOf(saga), amendment] });
}

/** The amendment is done. */
export function finishAmendment(saga: SagaState, amendment: string): SagaState {
  if (saga.phase !== 'completed' || !amendmentsOf(saga).includes(amendment)) return saga;
  const amendments = amendmentsOf(saga).filter((open) => open !== amendment);
  return revised(saga, { amendments, attention: null });
}

export const amendmentsOf = ({ amendments = [] }: SagaState): readonly string[] => amendments;

/** Opens a round for the step that was refused, if that is why the saga needs attention. */
export function openRound(saga: SagaState): SagaState {
  const step = saga.attention?.refusedStep;
  if (step === undefined) return saga;
  return revised(saga, { rounds: { ...saga.rounds, [step]: roundOf(saga, step) + 1 }, attention: null });
}

export const roundOf = ({ rounds = {} }: SagaState, step: string): number =>
  Object.hasOwn(rounds, step) ? (rounds[step] ?? 0) : 0;

/** What a coordinator asks of a step, and found out or is about to. */
export interface Asked {
  readonly phase: SagaPhase;
  readonly step: string;
  readonly round: number;
  /** The amendment that the step is of. */
  readonly amendment?: string | undefined;
}

/** Whether it still concerns the saga: nobody has moved it on meanwhile. */
export function isStillAsked(saga: SagaState, { phase, step, round, amendment }: Asked): boolean {
  const isOpen = amendment === undefined || amendmentsOf(saga).includes(amendment);
  return saga.phase === phase && isOpen && roundOf(saga, step) === round;
}

function revised(saga: SagaState, change: Partial<SagaState>): SagaState {
  return { ...saga, ...change, revision: (saga.revision ?? 0) + 1 };
}

/**
 * Cannot go on without a person. It stays where it is, is listed, and is tried again slowly. `during` is the phase in
 * which it got stuck: a step that is refused because the saga has turned round meanwhile is no reason to call anybody.
 * A refusal stays the reason until a round is opened: that a later attempt gets no answer says nothing new, and without
 * the refused step no operator could open one.
 */
export function askAttention(saga: SagaState, reason: SagaAttention, during: SagaPhase): SagaState {
  if (atRest(saga) || saga.phase !== during) return saga;
  const isKnownRefused = saga.attention?.refusedStep !== undefined && reason.refusedStep === undefined;
  return isKnownRefused ? saga : { ...saga, attention: reason };
}

/** Nothing will happen to it by itself any more. */
export function atRest(saga: SagaState): boolean {
  return saga.phase === 'cancelled' || (saga.phase === 'completed' && amendmentsOf(saga).length === 0);
}

/**
 * How far a phase is along; a saga only goes up, and within a phase its revision does. So of two states, read at
 * different times, the further one is newer.
 */
const rank: Record<SagaPhase, number> = {
  running: 0,
  confirmed: 1,
  completed: 2,
  compensating: 3,
  cancelled: 4,
};

export function isFurther(saga: SagaState, than: SagaState): boolean {
  if (saga.phase !== than.phase) return rank[saga.phase] > rank[than.phase];
  return (saga.revision ?? 0) > (than.revision ?? 0);
}
