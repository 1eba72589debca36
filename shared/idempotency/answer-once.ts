// Answering once: calls with the same request id share one piece of work in this process. It knows no journal; across
// processes and restarts the journal's unique key does the same.

import type { HandlerContext } from '@connectrpc/connect';
import type { Refusal } from '../journal/decision.ts';
import { holdSlotUntil, waitOutsideSlot } from '../rpc/admission.ts';
import { inFlightError } from '../rpc/deadline.ts';
import { journalError } from '../rpc/error-boundary.ts';
import { markReplayed, type ReasonCatalogue, refusalError } from '../rpc/errors.ts';
import { type Clock, createPassing, type Logger } from '../runtime/index.ts';
import { type IdempotentCall, idempotentCallOf } from './request-id.ts';

/** What work found or did. `replayed`: it was recorded before. */
export type Answer<T> = { readonly replayed: boolean } & (
  | { readonly response: T }
  | { readonly refusal: Refusal }
);

export interface Answering {
  /**
   * Runs `work` once at a time for each request in this process; duplicates join it. The work does not depend on its
   * caller: when the deadline comes first, or the caller leaves, the answer is REQUEST_IN_FLIGHT (UNAVAILABLE +
   * RetryInfo) and the work goes on. Replays and joined duplicates carry `idempotency-replayed: true`. KeyReusedError
   * becomes REQUEST_ID_REUSED, JournalUnavailableError DEPENDENCY_UNAVAILABLE.
   */
  answerOnce<T>(context: HandlerContext, work: (call: IdempotentCall) => Promise<Answer<T>>): Promise<T>;
}

interface Flight<T> {
  readonly landed: Promise<Answer<T>>;
  waiterCount: number;
}

export function createAnswering(deps: { reasons: ReasonCatalogue; clock: Clock; log: Logger }): Answering {
  const { reasons, clock, log } = deps;
  // Bounded by the server's admission: each flight holds its first caller's slot until it lands.
  const flights = createPassing<string, Flight<unknown>>();

  function start<T>(id: string, call: IdempotentCall, work: () => Promise<Answer<T>>): Flight<T> {
    const startedAtMs = clock.nowMs();
    const landed = Promise.resolve()
      .then(work)
      .finally(() => flights.delete(id));
    const flight: Flight<T> = { landed, waiterCount: 0 };
    flights.set(id, flight);
    landed.catch((error: unknown) => {
      // With a waiter, the caller is told. Without one this is the only trace; the retry that comes tries again.
      if (flight.waiterCount > 0) return;
      log.debug(
        { err: error, ...call, tookMs: clock.nowMs() - startedAtMs },
        'failed after its callers had left',
      );
    });
    return flight;
  }

  return {
    async answerOnce<T>(context: HandlerContext, work: (call: IdempotentCall) => Promise<Answer<T>>) {
      const call = idempotentCallOf(context);
      // Another message under the same id does not join: it runs, and the journal judges it.
      const id = `${call.key} ${call.fingerprint}`;
      const running = flights.get(id) as Flight<T> | undefined;
      const flight = running ?? start(id, call, () => work(call));
      if (running === undefined) holdSlotUntil(context, flight.landed);
      else if (!waitOutsideSlot(context)) throw inFlightError();

      const answer = await landedBefore(context.signal, flight);
      const replayed = answer.replayed || running !== undefined;
      if ('refusal' in answer) throw refusalError(reasons, answer.refusal, replayed);
      if (replayed) markReplayed(context);
      return answer.response;
    },
  };
}

/** The flight's answer, or REQUEST_IN_FLIGHT when the signal aborts first: deadline, caller gone, or server stopping. */
function landedBefore<T>(signal: AbortSignal, flight: Flight<T>): Promise<Answer<T>> {
  return new Promise((resolve, reject) => {
    let isWaiting = true;
    const leave = () => {
      if (isWaiting) flight.waiterCount -= 1;
      isWaiting = false;
      signal.removeEventListener('abort', onAbort);
    };
    const onAbort = () => {
      leave();
      reject(inFlightError());
    };
    flight.waiterCount += 1;
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort);
    flight.landed.then(
      (answer) => {
        leave();
        resolve(answer);
      },
      (error: unknown) => {
        leave();
        reject(journalError(error) ?? error);
      },
    );
  });
}
