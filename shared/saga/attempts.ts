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
  const sagas = new LRUCache<string, { step: string; seen: StepAttempts }[]>({ max: rememberedSagasMax });
  return {
    note(sagaId, step, answer) {
      let steps = sagas.get(sagaId);
      if (!steps) {
        steps = [];
        sagas.set(sagaId, steps);
      }
      const known = steps.find((each) => each.step === step);
      if (known) known.seen = seenAfter(known.seen.count, answer);
      else steps.push({ step, seen: answer.answer === 'done' ? doneAtOnce : seenAfter(0, answer) });
    },
    of: (sagaId) => new Map(sagas.get(sagaId)?.map(({ step, seen }) => [step, seen])),
  };
}

/** One for all: nearly every step of nearly every saga. */
const doneAtOnce: StepAttempts = { count: 1, lastAnswer: 'done', lastReason: '' };

function seenAfter(count: number, answer: StepAnswer): StepAttempts {
  const lastReason =
    answer.answer === 'done' ? '' : answer.answer === 'refused' ? answer.reason.reason : answer.reason;
  return { count: count + 1, lastAnswer: answer.answer, lastReason };
}
