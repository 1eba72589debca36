// Admission: how many calls may run at once in this process. What is above is refused before any work.

import { createContextKey, type HandlerContext, type Interceptor } from '@connectrpc/connect';
import { commonError } from './errors.ts';
import { retryDelays, type ServerLimits } from './limits.ts';

/** A place among the calls in flight. It is free again when its handler ended and all work it holds has, too. */
interface Slot {
  holdUntil(work: Promise<unknown>): void;
}

// Without a server (a unit test) nothing is counted.
const slotKey = createContextKey<Slot>({ holdUntil: () => undefined }, { description: 'slot' });

/**
 * Keeps the call's place until `work` ends, also when the call itself was answered before (its deadline came). Without
 * this, callers that give up early could pile up work without limit behind a slow database.
 */
export function holdSlotUntil(context: Pick<HandlerContext, 'values'>, work: Promise<unknown>): void {
  context.values.get(slotKey).holdUntil(work);
}

/** Refuses with OVERLOADED (RESOURCE_EXHAUSTED + RetryInfo) above the limit. Nothing was done or recorded then. */
export function createAdmissionInterceptor(
  limits: Pick<ServerLimits, 'callsInFlightMax' | 'streamsInFlightMax'>,
): Interceptor {
  const calls = createPlaces(limits.callsInFlightMax);
  const streams = createPlaces(limits.streamsInFlightMax);
  return (next) => async (req) => {
    const release = (req.stream ? streams : calls).take();
    if (release === undefined) {
      throw commonError(
        'OVERLOADED',
        'too many calls at once: nothing was done, send the same request again',
        {
          retryDelayMs: retryDelays.overloadedMs,
        },
      );
    }
    let holderCount = 1;
    const letGo = () => {
      holderCount -= 1;
      if (holderCount === 0) release();
    };
    req.contextValues.set(slotKey, {
      holdUntil(work) {
        holderCount += 1;
        void work.then(letGo, letGo);
      },
    });
    let streaming = false;
    try {
      const response = await next(req);
      if (!response.stream) return response;
      streaming = true;
      return { ...response, message: thenDo(response.message, letGo) };
    } finally {
      if (!streaming) letGo();
    }
  };
}

function createPlaces(placesMax: number): { take(): (() => void) | undefined } {
  let takenCount = 0;
  return {
    take() {
      if (takenCount >= placesMax) return undefined;
      takenCount += 1;
      return () => {
        takenCount -= 1;
      };
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
