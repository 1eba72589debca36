// What a saga is made of: its steps, how each is taken and undone, and where its decisions are recorded.

import type { SagaPhase, SagaReason, SagaState } from './saga-state.ts';

/**
 * How a call of a step ended. Refused: it is known that nothing happened, and it stays so for this request id.
 * Unknown: it may have happened or may still happen; only asking again, with the same id, tells.
 */
export type StepAnswer =
  | { readonly answer: 'done'; readonly data: StepData }
  | { readonly answer: 'refused'; readonly reason: SagaReason }
  | {
      readonly answer: 'unknown';
      readonly reason: string;
      /** The other service asked not to be called before. Left out: it did not ask. */
      readonly retryDelayMs?: number;
    };

/** What later steps need of an earlier one. Running the step again gives the same. */
export type StepData = Readonly<Record<string, unknown>>;

export interface StepCall {
  /** The saga's id with the step's name and what is recorded of its round: the same on every attempt of every process. */
  readonly requestId: string;
  /** The attempt gives up after this, with `unknown`. */
  readonly budgetMs: number;
}

/** A step and its undo, both idempotent under their request ids. */
export interface Step<S> {
  readonly name: string;
  run(state: S, before: ReadonlyMap<string, StepData>, call: StepCall): Promise<StepAnswer>;
  /** Also right when the step never ran: it then leaves a tombstone, so that a late step is refused. */
  undo(state: S, call: StepCall): Promise<StepAnswer>;
}

/** What remains after the pivot. It can only succeed or be tried again. */
export interface FinishingStep<S> {
  readonly name: string;
  run(state: S, call: StepCall): Promise<StepAnswer>;
}

/** A step of an amendment. It can only succeed or be tried again. */
export interface AmendingStep<S> {
  readonly name: string;
  /**
   * Taken also by a saga that turned round, before the first undo: for what an undo must know of the amendment. Refused
   * then means that there is nothing to know.
   */
  readonly beforeUndo: boolean;
  run(state: S, amendment: string, call: StepCall): Promise<StepAnswer>;
}

export interface SagaDefinition<S> {
  /** In the order in which they are taken. The last one is the pivot: once it is done, the saga only goes forward. */
  readonly steps: readonly Step<S>[];
  readonly finishing: readonly FinishingStep<S>[];
  /** The steps of every amendment. */
  readonly amending: readonly AmendingStep<S>[];
  /** Why a saga turns round that is not confirmed by its deadline. */
  readonly tooLate: SagaReason;
  sagaOf(state: S): SagaState;
}

/** What a coordinator decides. Each is recorded at most once by any coordinator, whatever their number. */
export type SagaDecision =
  | { readonly decision: 'confirmed'; readonly data: ReadonlyMap<string, StepData> }
  | { readonly decision: 'turned_round'; readonly reason: SagaReason; readonly undo: readonly string[] }
  | { readonly decision: 'cancelled' }
  | { readonly decision: 'completed' }
  | { readonly decision: 'amended'; readonly amendment: string }
  | {
      readonly decision: 'needs_attention';
      /** In which the step was taken. Overtaken when the saga has left it. */
      readonly phase: SagaPhase;
      readonly reason: SagaReason;
      readonly step: string;
      /** The amendment that the step is of; overtaken when that is done. */
      readonly amendment?: string | undefined;
      /** The round in which the step was taken; overtaken when another one was opened. */
      readonly round: number;
      /** Refused, or without a definite answer for too long. */
      readonly answer: 'refused' | 'unknown';
    };

/** How a step of an amendment is called, so that its calls differ from those of every other amendment. */
export const amendingCall = (step: string, amendment: string): string => `${step}:${amendment}`;

/** The request id of a step's call. Rounds are counted by what is recorded, never by attempts. */
export function stepRequestId(sagaId: string, step: string, round: number): string {
  return round === 0 ? `${sagaId}:${step}` : `${sagaId}:${step}:${round}`;
}

export interface SagaLog<S> {
  /** Records the decision unless the saga has moved on, and returns its newest state: ours, or the winner's. */
  decide(id: string, decision: SagaDecision): Promise<S>;
  /** The newest state; undefined when there is no such saga. */
  read(id: string): Promise<S | undefined>;
}
