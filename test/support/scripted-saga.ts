// A saga without a shop: two steps, a finishing step, and the two steps of an amendment, whose answers a test writes down,
// and a log in memory that
// keeps the journal's promise (each decision once, on the newest state). What the steps did is kept as real services
// keep it, so that a test can ask in the end whether everything is done or everything is undone.

import { createLog, type Failpoints, noFailpoints } from '../../shared/runtime/index.ts';
import {
  amendmentsOf,
  amendSaga,
  askAttention,
  beginSaga,
  type Coordinator,
  completeSaga,
  confirmSaga,
  createCoordinator,
  finishAmendment,
  finishUndo,
  isStillAsked,
  openRound,
  type SagaDecision,
  type SagaDefinition,
  type SagaLimits,
  type SagaLog,
  type SagaReason,
  type SagaState,
  type StepAnswer,
  type StepCall,
  turnSaga,
} from '../../shared/saga/index.ts';
import { createHeldClock, evenRandom, type HeldClock } from './held-clock.ts';

export interface ScriptedState {
  readonly saga: SagaState;
}

export const sagaId = 'saga-1';
export const because = (reason: string): SagaReason => ({ reason, message: `${reason} it is`, metadata: {} });
export const cancelled = because('CANCELLED_BY_CALLER');
export const unknown: StepAnswer = { answer: 'unknown', reason: 'UNAVAILABLE' };
export const refused = (reason: string): StepAnswer => ({ answer: 'refused', reason: because(reason) });
const done: StepAnswer = { answer: 'done', data: {} };

export const allSteps = ['reserve', 'pay'] as const;
/** What an amendment does: something that an undo must know of, and something that it need not. */
export const amendingSteps = ['mark', 'give_back'] as const;
export const callNames = [...allSteps, 'ship', ...amendingSteps, 'undo_pay', 'undo_reserve'] as const;
export type CallName = (typeof callNames)[number];

/** The step with whose undo a call comes too late, where that is another one. */
const undoneWith: Partial<Record<CallName, string>> = { ship: 'reserve', mark: 'reserve', give_back: 'pay' };

export type World = ReturnType<typeof createWorld>;

/**
 * What the called services know: a step that ran, an undo that came first, the answer that each request id got. The
 * last lasts for ever, as a recorded answer does. `refuses` is the step that they say no to, whenever they are asked;
 * `refusesCalls` are request ids, without the saga's, that they say no to, and to no other of that step.
 */
export function createWorld({
  refuses,
  refusesCalls = [],
}: {
  refuses?: CallName;
  refusesCalls?: readonly string[];
} = {}) {
  const recorded = new Map<string, StepAnswer>();
  const undone = new Set<string>();
  const effects: string[] = [];

  function effect(name: CallName, call: string): StepAnswer {
    if (refusesCalls.includes(call)) return refused('NO');
    if (name === 'undo_pay' || name === 'undo_reserve') {
      const step = name.slice('undo_'.length);
      if (!undone.has(step)) effects.push(name);
      undone.add(step);
      return done;
    }
    // A late step meets the tombstone; what is to be shipped or marked was given back.
    if (undone.has(undoneWith[name] ?? name)) return refused('CAME_TOO_LATE');
    if (name === refuses) return refused('NO');
    // Those of an amendment are told apart by it.
    effects.push(name === 'mark' || name === 'give_back' ? call : name);
    return done;
  }

  return {
    /** What happened, each thing once, in order. */
    effects: effects as readonly string[],
    /** Calls a service: the first call under a request id has the effect, later ones get its answer. */
    call(requestId: string, name: CallName): StepAnswer {
      const answer = recorded.get(requestId) ?? effect(name, requestId.slice(sagaId.length + 1));
      recorded.set(requestId, answer);
      return answer;
    },
    /** What is done and not undone. */
    inEffect: () => allSteps.filter((step) => effects.includes(step) && !undone.has(step)),
  };
}

export type MemoryLog = ReturnType<typeof createMemoryLog>;

/** Any number of coordinators on one of these are processes on one database. */
export function createMemoryLog(deadlineAt: Date) {
  let saga = beginSaga(deadlineAt);
  const keys = new Set<string>();
  const decisions: string[] = [];

  function take(name: string, next: SagaState): ScriptedState {
    if (next !== saga) decisions.push(name);
    saga = next;
    return { saga };
  }

  function decided(decision: SagaDecision): SagaState {
    switch (decision.decision) {
      case 'confirmed':
        return confirmSaga(saga);
      case 'completed':
        return completeSaga(saga);
      case 'cancelled':
        return finishUndo(saga);
      case 'turned_round':
        return turnSaga(saga, decision.reason, decision.undo, ['running']);
      case 'amended':
        return finishAmendment(saga, decision.amendment);
      case 'needs_attention': {
        if (!isStillAsked(saga, decision)) return saga;
        const refusedStep = decision.answer === 'refused' ? { refusedStep: decision.step } : {};
        return askAttention(saga, { ...decision.reason, ...refusedStep }, decision.phase);
      }
    }
  }

  const log: SagaLog<ScriptedState> = {
    read: async () => ({ saga }),
    async decide(_id, decision) {
      const name = nameOf(decision);
      // A key that is recorded is answered by the newest state, whatever became of the decision.
      if (keys.has(name)) return { saga };
      keys.add(name);
      return take(name, decided(decision));
    },
  };
  return {
    log,
    /** Those that changed the saga, in order. */
    decisions: decisions as readonly string[],
    state: (): ScriptedState => ({ saga }),
    /** A caller's amendment, recorded by its own handler. */
    amend: (amendment: string) => take(`amend ${amendment}`, amendSaga(saga, amendment)),
    /** An operator's retry, recorded by its own handler. */
    retry: () => take('retry', openRound(saga)),
    /** A caller's cancel, recorded by its own handler. */
    cancel: () =>
      take(
        'cancel',
        turnSaga(saga, cancelled, [...allSteps].reverse(), ['running', 'confirmed', 'completed']),
      ),
  };
}

function nameOf(decision: SagaDecision): string {
  switch (decision.decision) {
    case 'amended':
      return `amended ${decision.amendment}`;
    case 'needs_attention': {
      const { step, reason, round, phase, amendment } = decision;
      const name = `needs_attention ${step} ${reason.reason}`;
      return name + (amendment === undefined ? '' : ` ${phase}`) + (round === 0 ? '' : ` ${round}`);
    }
    default:
      return decision.decision;
  }
}

/** How a call ends instead of as the world says. Each entry is used once. A lost answer is one that had its effect. */
export type Script = Partial<Record<CallName, (StepAnswer | 'lost-answer' | 'throws')[]>>;

/** Stands around every call: a test sees it there and holds it back. `reach` makes it. */
export type Gate = (name: CallName, reach: () => StepAnswer, call: StepCall) => Promise<StepAnswer>;
const open: Gate = async (_name, reach) => reach();

export function scriptedDefinition(
  world: World,
  script: Script = {},
  gate: Gate = open,
): SagaDefinition<ScriptedState> {
  function reach(name: CallName, requestId: string): StepAnswer {
    const next = script[name]?.shift() ?? world.call(requestId, name);
    if (next === 'throws') throw new Error(`${name} has a bug`);
    if (next !== 'lost-answer') return next;
    world.call(requestId, name);
    return unknown;
  }
  const take = (name: CallName, call: StepCall) => gate(name, () => reach(name, call.requestId), call);
  return {
    sagaOf: (state) => state.saga,
    tooLate: because('TOO_LATE'),
    steps: allSteps.map((name) => ({
      name,
      run: (_state, _before, call) => take(name, call),
      undo: (_state, call) => take(`undo_${name}`, call),
    })),
    finishing: [{ name: 'ship', run: (_state, call) => take('ship', call) }],
    amending: amendingSteps.map((name) => ({
      name,
      beforeUndo: name === 'mark',
      run: (_state, _amendment, call) => take(name, call),
    })),
  };
}

export interface ScriptedCoordinator {
  readonly coordinator: Coordinator<ScriptedState>;
  /** Names of the calls made, in order. */
  readonly calls: CallName[];
}

/** One process. */
export function scriptedCoordinator(options: {
  clock: HeldClock;
  world: World;
  log: SagaLog<ScriptedState>;
  script?: Script;
  gate?: Gate;
  failpoints?: Failpoints;
  limits?: Partial<SagaLimits>;
}): ScriptedCoordinator {
  const calls: CallName[] = [];
  const coordinator = createCoordinator({
    definition: scriptedDefinition(options.world, options.script, (name, reach, call) => {
      calls.push(name);
      return (options.gate ?? open)(name, reach, call);
    }),
    sagaLog: options.log,
    clock: options.clock,
    random: evenRandom,
    log: createLog('test', 'silent'),
    failpoints: options.failpoints ?? noFailpoints,
    ...(options.limits ? { limits: options.limits } : {}),
  });
  return { coordinator, calls };
}

export const isAtRest = ({ saga }: ScriptedState) =>
  saga.phase === 'cancelled' || (saga.phase === 'completed' && amendmentsOf(saga).length === 0);

/** A saga that was placed just now and has ten seconds, and a process to drive it. */
export function placedSaga(
  script: Script = {},
  options: { clock?: HeldClock; world?: World; gate?: Gate; held?: boolean } = {},
) {
  // Unless it is held, waiting costs no time, but time passes by it.
  const clock = options.clock ?? createHeldClock({ skipping: !options.held });
  const log = createMemoryLog(new Date(clock.nowMs() + 10_000));
  const world = options.world ?? createWorld();
  const { gate } = options;
  const made = scriptedCoordinator({ clock, world, log: log.log, script, ...(gate ? { gate } : {}) });
  return { ...made, clock, log, world, run: () => made.coordinator.advance(sagaId, log.state(), isAtRest) };
}

/** Holds one call back until `until`. */
export const heldAt =
  (held: CallName, until: Promise<void>): Gate =>
  async (name, reach) => {
    if (name === held) await until;
    return reach();
  };
