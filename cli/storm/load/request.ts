// Carries out one planned request with everything that the plan does to it: its duplicates, its retries, its cancel and
// the reads after it. It judges nothing.

import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Asked,
  type PlannedRequest,
  type PlannedSend,
  type PlanOptions,
  planRetry,
  type Send,
} from '../plan.ts';
import { type Call, callOf, cancelOrder, getOrder, lookupRequest } from './calls.ts';
import type { StormClock } from './clock.ts';
import type { CallerIdentity, Counts } from './messages.ts';
import type { Sender, Sent } from './sender.ts';

/** A message under a request id, and whether it has its definite answer. */
export interface Message {
  readonly requestId: string;
  readonly caller: CallerIdentity;
  readonly call: Call;
  attempt: number;
  answered: boolean;
}

export interface RequestDependencies {
  readonly plan: PlanOptions;
  readonly callers: readonly CallerIdentity[];
  readonly sender: Sender;
  readonly clock: StormClock;
  readonly counts: () => Counts;
  /** A duplicate that comes long after the others; whoever ends the load decides whether it is still sent. */
  later(delayMs: number, send: () => Promise<unknown>): void;
  /** The first definite answer, this long after the request was meant to be sent. */
  answered(latencyMs: number): void;
  /** Still without a definite answer after all its retries: to be asked at the end. */
  leave(message: Message): void;
  /** Which order was cancelled by this request, to be asked again at the end. */
  cancelled(number: number, orderId: string): void;
}

/** After these, some four seconds, a caller gives up for now; the end of the storm asks again until there is an answer. */
const retriesMax = 9;
/** The first retry comes at once, as bad clients do it. The last ones find a process that was killed meanwhile. */
const pauseMs = { second: 25, max: 1_000 };
/** Longer than any duplicate of a burst is delayed, shorter than any late one. */
const burstMsMax = 100;

const lookupAttemptsMax = 5;
const lookupPauseMs = 15;

/** Resolves when the request has a definite answer or was left; late duplicates come after that. */
export async function carryOut(
  planned: PlannedRequest,
  intendedAtMs: number,
  deps: RequestDependencies,
): Promise<void> {
  const { sender, clock, counts } = deps;
  const caller = callerAt(deps, planned.caller);
  const messages = new Map<Asked, Message>();
  const isRead = planned.asked.rpc === 'GetAccount' || planned.asked.rpc === 'GetItem';
  const requestId = isRead ? '' : planned.requestId;
  let attempt = 0;
  let isAnswered = false;
  let orderId: string | undefined;
  const acknowledged = Promise.withResolvers<void>();

  const messageOf = (asked: Asked): Message => {
    const message = messages.get(asked) ?? {
      requestId,
      caller,
      call: callOf(asked),
      attempt: 0,
      answered: false,
    };
    messages.set(asked, message);
    return message;
  };

  async function ask(asked: Asked, send: Send): Promise<void> {
    const message = messageOf(asked);
    attempt += 1;
    message.attempt = attempt;
    const { answer, told } = await sender.send({
      call: message.call,
      send,
      requestId,
      caller,
      attempt,
      phase: 'storm',
    });
    if (answer.outcome === 'unknown') return;
    message.answered = true;
    orderId ??= told?.order;
    if (asked !== planned.asked || isAnswered) return;
    isAnswered = true;
    counts().answered += 1;
    if (answer.outcome === 'done' && planned.asked.rpc === 'PlaceOrder') {
      counts().confirmed += 1;
      acknowledged.resolve();
    }
    deps.answered(clock() - intendedAtMs);
  }

  async function insist(message: Message, asked: Asked): Promise<void> {
    for (let retry = 1; !message.answered && retry <= retriesMax; retry += 1) {
      if (retry > 1) await sleep(Math.min(pauseMs.second * 2 ** (retry - 2), pauseMs.max));
      await ask(asked, planRetry(deps.plan, planned.number, message.call.request, retry));
    }
    if (!message.answered) deps.leave({ ...message, attempt });
  }

  async function cancel(): Promise<void> {
    await sleep(planned.cancelAfterMs);
    const send: Send = {
      path: 'direct',
      instance: planned.sends[0].instance,
      timeoutMs: 1_000,
      timedBy: 'server',
    };
    for (let look = 1; orderId === undefined && look <= lookupAttemptsMax; look += 1) {
      const call = lookupRequest(requestId);
      const { told } = await sender.send({
        call,
        send,
        requestId: '',
        caller,
        attempt: look,
        phase: 'storm',
      });
      orderId ??= told?.order;
      if (orderId === undefined) await sleep(lookupPauseMs);
    }
    // It was never recorded, or nobody could say: a client that does not know its order cannot cancel it.
    if (orderId === undefined) return;
    counts().cancels += 1;
    deps.cancelled(planned.number, orderId);
    const call = cancelOrder(orderId);
    const cancelId = cancelIdOf(requestId);
    let sent: Sent | undefined;
    for (let retry = 0; (sent?.answer.outcome ?? 'unknown') === 'unknown'; retry += 1) {
      if (retry > retriesMax) {
        deps.leave({ requestId: cancelId, caller, call, attempt: retry, answered: false });
        return;
      }
      if (retry > 1) await sleep(Math.min(pauseMs.second * 2 ** (retry - 2), pauseMs.max));
      const how = planRetry(deps.plan, planned.number, 'cancel', retry);
      sent = await sender.send({
        call,
        send: how,
        requestId: cancelId,
        caller,
        attempt: retry + 1,
        phase: 'storm',
      });
    }
  }

  async function read(): Promise<void> {
    await acknowledged.promise;
    if (orderId === undefined) return;
    const call = getOrder(orderId);
    const reading = { call, requestId: '', attempt: 1, phase: 'storm' as const };
    // At another process than the one that answered, if there is one: it must not know less.
    const instance = (planned.sends[0].instance + 0.5) % 1;
    const send: Send = { path: 'direct', instance, timeoutMs: 1_000, timedBy: 'server' };
    if (planned.readsBack) await sender.send({ ...reading, send, caller });
    const other = deps.callers[(planned.caller + 1) % deps.callers.length];
    if (planned.isPeekedAt && other && other !== caller)
      await sender.send({ ...reading, send, caller: other });
  }

  const total = counts();
  total.requests += 1;
  if (planned.asked.rpc === 'PlaceOrder') total.orders += 1;
  if (planned.mismatch) total.mismatches += 1;
  const late = planned.sends.filter(({ delayMs }) => delayMs > burstMsMax);
  const soon = planned.sends.filter(({ delayMs }) => delayMs <= burstMsMax);
  const askAfter = async ({ asked, delayMs, ...send }: PlannedSend) => {
    if (delayMs > 0) await sleep(delayMs);
    await ask(asked, send);
  };
  const reading = planned.readsBack || planned.isPeekedAt ? read() : undefined;
  const cancelling = planned.cancelAfterMs === undefined ? undefined : cancel();
  await Promise.all(soon.map(askAfter));
  if (!isRead) await Promise.all([...messages].map(([asked, message]) => insist(message, asked)));
  // Refused or left: there is nothing to read back.
  acknowledged.resolve();
  await Promise.all([reading, cancelling]);
  for (const { asked, delayMs, ...send } of late) {
    deps.later(delayMs, async () => {
      counts().lateDuplicates += 1;
      await ask(asked, send);
      const message = messageOf(asked);
      if (!message.answered) deps.leave({ ...message });
    });
  }
}

function callerAt({ callers }: RequestDependencies, index: number): CallerIdentity {
  const caller = callers[index];
  if (!caller) throw new Error(`the plan names caller ${index}, who does not exist`);
  return caller;
}

export function cancelIdOf(requestId: string): string {
  return `${requestId}:cancel`;
}
