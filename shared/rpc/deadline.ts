// Deadlines: the server answers when a call's time is up, whatever its handler does, and before the caller gives up.

import type { DescMethod } from '@bufbuild/protobuf';
import { MethodOptions_IdempotencyLevel as Level } from '@bufbuild/protobuf/wkt';
import {
  Code,
  ConnectError,
  createContextKey,
  type HandlerContext,
  type Interceptor,
} from '@connectrpc/connect';
import type { Clock } from '../runtime/index.ts';
import { type Cutoff, createCutoff } from './cutoff.ts';
import { commonError } from './errors.ts';
import { retryDelays, type ServerLimits } from './limits.ts';

export const deadlineKey = createContextKey<number | undefined>(undefined, { description: 'deadline' });

/** When this call must have answered, in the clock's milliseconds: a little before its caller gives up. */
export function deadlineOf(context: Pick<HandlerContext, 'values'>): number {
  const deadlineAtMs = context.values.get(deadlineKey);
  if (deadlineAtMs === undefined)
    throw new Error('the call has no deadline: it did not come through the server');
  return deadlineAtMs;
}

/** How long a call may take whose caller asked for `timeoutMs`. Something is left of the smallest timeout. */
export function durationMsFor(
  method: Pick<DescMethod, 'methodKind'>,
  timeoutMs: number | undefined,
  limits: Pick<ServerLimits, 'timeoutMsDefault' | 'timeoutMsMax' | 'answerMarginMs'>,
): number {
  if (timeoutMs === undefined)
    return method.methodKind === 'unary' ? limits.timeoutMsDefault : limits.timeoutMsMax;
  return Math.max(0, timeoutMs - Math.min(limits.answerMarginMs, timeoutMs / 4));
}

/**
 * Answers a call when its time is up: an IDEMPOTENT one with REQUEST_IN_FLIGHT, because its work goes on, a read with
 * DEADLINE_EXCEEDED. Connect itself lets a handler run past its deadline and then answers OK to nobody. `stopping` ends
 * streams when a stop begins, because they would hold it up until its limit.
 */
export function createDeadlineInterceptor(deps: { clock: Clock; stopping: AbortSignal }): Interceptor {
  return (next) => async (req) => {
    const leftMs = (req.contextValues.get(deadlineKey) ?? 0) - deps.clock.nowMs();
    if (leftMs <= 0)
      throw commonError('DEADLINE_EXCEEDED', 'the deadline came before any work: allow more time');
    const outer = req.stream ? [req.signal, deps.stopping] : [req.signal];
    const cutoff = createCutoff(deps.clock, leftMs, outer, () => lateError(req.method));
    try {
      const response = await cutoff.within(next({ ...req, signal: cutoff.signal }));
      if (response.stream) return { ...response, message: untilCut(response.message, cutoff) };
      cutoff.release();
      return response;
    } catch (error) {
      cutoff.release();
      throw ConnectError.from(error, Code.Canceled);
    }
  };
}

async function* untilCut<T>(messages: AsyncIterable<T>, cutoff: Cutoff): AsyncGenerator<T> {
  const iterator = messages[Symbol.asyncIterator]();
  try {
    for (;;) {
      const result = await cutoff.within(iterator.next());
      if (result.done) return;
      yield result.value;
    }
  } catch (error) {
    throw ConnectError.from(error, Code.Canceled);
  } finally {
    cutoff.release();
    // Not awaited: a handler that ignores its signal would hold the answer back.
    void iterator.return?.().catch(() => undefined);
  }
}

function lateError(method: DescMethod): ConnectError {
  return method.idempotency === Level.IDEMPOTENT
    ? inFlightError()
    : commonError(
        'DEADLINE_EXCEEDED',
        'the answer was not ready before the deadline: ask again with more time',
      );
}

/** The work is under way and goes on: the same request id finds its answer. */
export function inFlightError(): ConnectError {
  return commonError('REQUEST_IN_FLIGHT', 'still under way, and it goes on: send the same request id again', {
    retryDelayMs: retryDelays.inFlightMs,
  });
}

/** This process is going away; another one, or its next life, answers. What was begun may go on. */
export function stoppingError(): ConnectError {
  return commonError('DEPENDENCY_UNAVAILABLE', 'this server is stopping: send the same request again', {
    retryDelayMs: retryDelays.dependencyMs,
  });
}
