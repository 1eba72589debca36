// What is done in each phase of a saga: which steps are asked, in which order, and what is decided then. How a step is asked
// until its answer is definite: asking.ts. Who drives a saga, and for whom: coordinator.ts.

import type { Asking, Drive } from './asking.ts';
import {
  amendingCall,
  type SagaDefinition,
  type SagaLog,
  type Step,
  type StepCall,
  type StepData,
} from './definition.ts';
import { type Asked, amendmentsOf, roundOf, type SagaPhase } from './saga-state.ts';

export interface Phases<S> {
  /** Takes the saga out of this phase, or to its next amendment, and returns a state that is further. */
  goOn(id: string, drive: Drive<S>, phase: SagaPhase): Promise<S>;
}

export function createPhases<S>(deps: {
  definition: SagaDefinition<S>;
  sagaLog: SagaLog<S>;
  asking: Asking<S>;
}): Phases<S> {
  const { definition, sagaLog } = deps;
  const { askUntil, insist } = deps.asking;
  const undoAll = definition.steps.map(({ name }) => name).reverse();

  async function takeSteps(id: string, drive: Drive<S>): Promise<S> {
    const data = new Map<string, StepData>();
    const deadlineMs = definition.sagaOf(drive.state).deadlineAt.getTime();
    for (const [index, step] of definition.steps.entries()) {
      const asked: Asked = { phase: 'running', step: step.name, round: 0 };
      const answer = await askUntil(id, drive, asked, deadlineMs, (call) =>
        step.run(drive.state, data, call),
      );
      if (answer === 'moved') return drive.state;
      if (answer === 'late')
        return sagaLog.decide(id, { decision: 'turned_round', reason: definition.tooLate, undo: undoAll });
      if (answer.answer === 'refused') {
        const earlier = definition.steps.slice(0, index).map(({ name }) => name);
        return sagaLog.decide(id, {
          decision: 'turned_round',
          reason: answer.reason,
          undo: earlier.reverse(),
        });
      }
      data.set(step.name, answer.data);
    }
    return sagaLog.decide(id, { decision: 'confirmed', data });
  }

  async function finish(id: string, drive: Drive<S>): Promise<S> {
    for (const step of definition.finishing) {
      const asked = askedOf(drive, 'confirmed', step.name);
      const done = await insist(id, drive, asked, (call) => step.run(drive.state, call));
      if (done === 'moved') return drive.state;
    }
    return sagaLog.decide(id, { decision: 'completed' });
  }

  async function amend(id: string, drive: Drive<S>): Promise<S> {
    const [amendment] = amendmentsOf(definition.sagaOf(drive.state));
    if (amendment === undefined) return drive.state;
    // What it says of the amendment never changes; a newer state may have it no more.
    const { state } = drive;
    for (const { name, run } of definition.amending) {
      const asked = askedOf(drive, 'completed', amendingCall(name, amendment), amendment);
      const done = await insist(id, drive, asked, (call) => run(state, amendment, call));
      if (done === 'moved') return drive.state;
    }
    return sagaLog.decide(id, { decision: 'amended', amendment });
  }

  async function undo(id: string, drive: Drive<S>): Promise<S> {
    const { state } = drive;
    // No amendment begins any more, and none ends before the saga does.
    for (const amendment of amendmentsOf(definition.sagaOf(state))) {
      for (const { name, run } of definition.amending.filter(({ beforeUndo }) => beforeUndo)) {
        const asked = askedOf(drive, 'compensating', amendingCall(name, amendment), amendment);
        const take = (call: StepCall) => run(state, amendment, call);
        // Refused: nothing of it is there, and nothing will be, so the undo gives back all.
        if ((await insist(id, drive, asked, take, 'or refused')) === 'moved') return drive.state;
      }
    }
    for (const name of definition.sagaOf(state).undo) {
      const asked = askedOf(drive, 'compensating', `undo_${name}`);
      const done = await insist(id, drive, asked, (call) => stepNamed(name).undo(drive.state, call));
      if (done === 'moved') return drive.state;
    }
    return sagaLog.decide(id, { decision: 'cancelled' });
  }

  function askedOf(drive: Drive<S>, phase: SagaPhase, step: string, amendment?: string): Asked {
    return { phase, step, amendment, round: roundOf(definition.sagaOf(drive.state), step) };
  }

  function stepNamed(name: string): Step<S> {
    const step = definition.steps.find((candidate) => candidate.name === name);
    if (!step) throw new Error(`${name} is no step of this version`);
    return step;
  }

  return {
    goOn(id, drive, phase) {
      switch (phase) {
        case 'running':
          return takeSteps(id, drive);
        case 'confirmed':
          return finish(id, drive);
        case 'completed':
          return amend(id, drive);
        case 'compensating':
          return undo(id, drive);
        case 'cancelled':
          throw new Error(`saga ${id} is at rest`);
      }
    },
  };
}
