// Attempts: what this process saw of each step, for operators. Memory only: nothing is decided by it.

import { LRUCache } from 'lru-cache';
import type { StepAnswer } from './definition.ts';

export interface StepAttempts {
  readonly count: number;
  readonly lastAnswer: StepAnswer['answer'];
  /** Empty when the last attempt was done. */
  readonly lastReason: string;
}

export interface Attempts {
  note(sagaId: string, step: string, answer: StepAnswer): void;
  of(sagaId: string): ReadonlyMap<string, StepAttempts>;
}

export function createAttempts(rememberedSagasMax: number): Attempts {
  const sagas = new LRUCache<string, Map<string, StepAttempts>>({ max: rememberedSagasMax });
  return {
    note(sagaId, step, answer) {
      const steps = sagas.get(sagaId) ?? new Map<string, StepAttempts>();
      const lastReason =
        answer.answer === 'done' ? '' : answer.answer === 'refused' ? answer.reason.reason : answer.reason;
      steps.set(step, { count: (steps.get(step)?.count ?? 0) + 1, lastAnswer: answer.answer, lastReason });
      sagas.set(sagaId, steps);
    },
    of: (sagaId) => sagas.get(sagaId) ?? new Map(),
  };
}
