// Admission: which calls get a place among those at work in this process. The others are refused before any work.
//
// A call is looked at twice. At the gate only its headers are there: a refusal there reads and parses nothing, so that
// refusing stays much cheaper than working. The place itself is taken inside, where it is certain to be given back.

import type { DescMethod } from '@bufbuild/protobuf';
import { createContextKey, type HandlerContext, type Interceptor } from '@connectrpc/connect';
import { requestKey } from '../idempotency/derive-id.ts';
import type { Clock, Logger } from '../runtime/index.ts';
import { type AdmissionLimits, defaultAdmissionLimits } from './admission-limits.ts';
import { type Caller, callerOf } from './caller.ts';
import type { ServerLimits } from './limits.ts';
import { createRefusalDelays, overloadedError } from './overloaded.ts';
import { createPlaces, type LoadSignals } from './places.ts';
import { noSagaRpcs, precedenceOf, type SagaRpcs } from './precedence.ts';

/** A call's place among those at work. It is free again when its handler ended and all work it holds has, too. */
interface Slot {
  holdUntil(work: Promise<unknown>): void;
  waitOutside(): boolean;
}

// Without a server (a unit test) nothing is counted.
const slotKey = createContextKey<Slot>(
  { holdUntil: () => undefined, waitOutside: () => true },
  { description: 'slot' },
);

/**
 * Keeps the call's place until `work` ends, also when the call itself was answered before (its deadline came). Without
 * this, callers that give up early could pile up work without limit behind a slow database.
 */
export function holdSlotUntil(context: Pick<HandlerContext, 'values'>, work: Promise<unknown>): void {
  context.values.get(slotKey).holdUntil(work);
}

/**
 * Gives the call's place back while it waits for the work of another call: else a storm of duplicates would take the
 * places of those who work. False, and nothing changed, when too many wait already.
 */
export function waitOutsideSlot(context: Pick<HandlerContext, 'values'>): boolean {
  return context.values.get(slotKey).waitOutside();
}

/** What a service tells admission of itself. Left out: only the fixed limits hold. */
export interface ServiceLoad extends Partial<LoadSignals> {
  readonly sagaRpcs?: SagaRpcs;
  /** Whether the request under this journal key is recorded or under way, by memory alone. */
  isKnown?(key: string): boolean;
}

export interface AdmissionDependencies {
  readonly limits: Pick<ServerLimits, 'callsInFlightMax' | 'streamsInFlightMax'>;
  readonly admissionLimits?: Partial<AdmissionLimits> | undefined;
  readonly load?: ServiceLoad | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A call as it is known at the gate, with its caller in `values`. */
export type CallAtGate = Pick<HandlerContext, 'values' | 'method' | 'requestHeader'>;

/** The same call, before a context was made for it. */
export interface CallAtDoor {
  readonly method: DescMethod;
  readonly caller: Caller;
  readonly requestId: string | undefined;
}

export interface Admission {
  /** Whether new work would be refused now. While it is not, nothing is. */
  isCrowded(): boolean;
  /** When the call is refused: after how long it may come back. Undefined: there is room for it. Takes nothing. */
  delayOfRefusal(call: CallAtDoor): number | undefined;
  /** Throws OVERLOADED (RESOURCE_EXHAUSTED + RetryInfo) when there is no room. Takes nothing. */
  checkRoom(call: CallAtGate): void;
  /** Takes the place, or throws the same. Nothing was done or recorded then. */
  readonly interceptor: Interceptor;
}

export function createAdmission(deps: AdmissionDependencies): Admission {
  const { clock, log, load = {} } = deps;
  const { callsInFlightMax, streamsInFlightMax } = deps.limits;
  const limits = { ...defaultAdmissionLimits, ...deps.admissionLimits };
  const signals = {
    delayMs: () => load.delayMs?.() ?? 0,
    wasPushedBack: () => load.wasPushedBack?.() ?? false,
  };
  const places = createPlaces({ limits, placesMax: callsInFlightMax, signals, clock, log });
  const nextDelayMs = createRefusalDelays({ clock, log });
  let waitingCount = 0;
  let streamCount = 0;

  function delayOfRefusal(call: CallAtDoor): number | undefined {
    // Streams wait far more than they work, and are counted apart, so that watchers cannot keep orders out.
    if (call.method.methodKind !== 'unary')
      return streamCount < streamsInFlightMax ? undefined : nextDelayMs();
    const precedence = precedenceOf(call.method, call.caller, load.sagaRpcs ?? noSagaRpcs);
    if (places.hasRoomFor(precedence)) return undefined;
    // Looked up only when it matters. A repeat that is answered from memory costs less than its next repeat.
    if (precedence === 'begin' && places.hasRoomFor('know') && isKnown(call)) return undefined;
    return nextDelayMs({ isNew: precedence === 'begin' || precedence === 'know' });
  }

  function isKnown({ caller, method, requestId }: CallAtDoor): boolean {
    if (requestId === undefined) return false;
    return load.isKnown?.(requestKey(caller.name, method.name, requestId)) ?? false;
  }

  function checkRoom(call: CallAtGate): void {
    const { method, requestHeader } = call;
    const requestId = requestHeader.get('request-id') ?? requestHeader.get('idempotency-key') ?? undefined;
    const delayMs = delayOfRefusal({ method, caller: callerOf(call), requestId });
    if (delayMs !== undefined) throw overloadedError(delayMs);
  }

  function takeSlot(): Slot & { leave(): void } {
    const place = places.take();
    let holderCount = 1;
    let isOutside = false;
    const letGo = () => {
      holderCount -= 1;
      if (holderCount === 0) place.leave({ worked: !isOutside });
    };
    return {
      holdUntil(work) {
        holderCount += 1;
        void work.then(letGo, letGo);
      },
      waitOutside() {
        if (waitingCount >= limits.waitingCallsMax) return false;
        isOutside = true;
        waitingCount += 1;
        letGo();
        return true;
      },
      leave() {
        if (isOutside) waitingCount -= 1;
        else letGo();
      },
    };
  }

  function takeStream(): { leave(): void } {
    streamCount += 1;
    return {
      leave() {
        streamCount -= 1;
      },
    };
  }

  return {
    isCrowded: () => !places.hasRoomFor('begin'),
    delayOfRefusal,
    checkRoom,
    interceptor: (next) => async (req) => {
      checkRoom({ values: req.contextValues, method: req.method, requestHeader: req.header });
      if (!req.stream) {
        const slot = takeSlot();
        req.contextValues.set(slotKey, slot);
        return next(req).finally(slot.leave);
      }
      const stream = takeStream();
      try {
        const response = await next(req);
        if (response.stream) return { ...response, message: thenDo(response.message, stream.leave) };
        stream.leave();
        return response;
      } catch (error) {
        stream.leave();
        throw error;
      }
    },
  };
}

async function* thenDo<T>(messages: AsyncIterable<T>, end: () => void): AsyncGenerator<T> {
  try {
    yield* messages;
  } finally {
    end();
  }
}
