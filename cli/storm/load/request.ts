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
import type { Sender } from './sender.ts';

/** A message under a request id, and whether it has its definite answer. */
export interface Message {
  readonly requestId: string;
  readonly caller: CallerIdentity;
  readonly call: Call;
  attempt: number;
  answered: boolean;
  /** What the last answer asked for; 0 when it asked for nothing. */
  retryDelayMs: number;
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
/**
 * The first retry comes at once, as bad clients do it. The last ones find a process that was killed meanwhile. Callers wait
 * longer when they are told to (RetryInfo), but for the hasty ones.
 */
const pauseMs = { second: 25, max: 1_000 };
/** Longer than any duplicate of a burst is delayed, shorter than any late one. */
const burstMsMax = 100;

const lookupAttemptsMax = 5;
const lookupPauseMs = 15;

/** When a request was meant to be sent, and after which moment its caller asks no more for now. */
export interface Times {
  readonly intendedAtMs: number;
  readonly givesUpAtMs: number;
}

/** One request under way. */
interface UnderWay extends Times {
  readonly planned: PlannedRequest;
  readonly caller: CallerIdentity;
  /** Empty for a read. */
  readonly requestId: string;
  readonly messages: Map<Asked, Message>;
  attempt: number;
  isAnswered: boolean;
  orderId: string | undefined;
  /** Resolves when the order was acknowledged, or when it is clear that it will not be. */
  readonly acknowledged: PromiseWithResolvers<void>;
}

/** Resolves when the request has a definite answer or was left; late duplicates come after that. */
export async function carryOut(
  planned: PlannedRequest,
  times: Times,
  deps: RequestDependencies,
): Promise<void> {
  const isRead = planned.asked.rpc === 'GetAccount' || planned.asked.rpc === 'GetItem';
  const request: UnderWay = {
    planned,
    ...times,
    caller: callerAt(deps, planned.caller),
    requestId: isRead ? '' : planned.requestId,
    messages: new Map(),
    attempt: 0,
    isAnswered: false,
    orderId: undefined,
    acknowledged: Promise.withResolvers(),
  };
  countBegun(planned, deps.counts());
  const reading = readBack(request, deps);
  const cancelling = cancel(request, deps);
  const soon = planned.sends.filter(({ delayMs }) => delayMs <= burstMsMax);
  await Promise.all(
    soon.map(async ({ asked, delayMs, ...send }: PlannedSend) => {
      if (delayMs > 0) await sleep(delayMs);
      await ask(request, asked, send, deps);
    }),
  );
  // A read has no id under which it could be asked again.
  if (!isRead) {
    await Promise.all([...request.messages.keys()].map((asked) => insist(request, asked, deps)));
  }
  request.acknowledged.resolve();
  await Promise.all([reading, cancelling]);
  for (const { asked, delayMs, ...send } of planned.sends) {
    if (delayMs <= burstMsMax) continue;
    deps.later(delayMs, async () => {
      deps.counts().lateDuplicates += 1;
      await ask(request, asked, send, deps);
      const message = messageOf(request, asked);
      if (!message.answered) deps.leave({ ...message, attempt: request.attempt });
    });
  }
}

function countBegun({ asked, mismatch }: PlannedRequest, counts: Counts): void {
  counts.requests += 1;
  if (asked.rpc === 'PlaceOrder') counts.orders += 1;
  if (mismatch) counts.mismatches += 1;
}

function messageOf({ messages, requestId, caller }: UnderWay, asked: Asked): Message {
  const message = messages.get(asked) ?? {
    requestId,
    caller,
    call: callOf(asked),
    attempt: 0,
    answered: false,
    retryDelayMs: 0,
  };
  messages.set(asked, message);
  return message;
}

/** One call. */
async function ask(request: UnderWay, asked: Asked, send: Send, deps: RequestDependencies): Promise<void> {
  const { planned, requestId, caller, intendedAtMs } = request;
  const message = messageOf(request, asked);
  request.attempt += 1;
  const { attempt } = request;
  const { call } = message;
  const { answer, told } = await deps.sender.send({ call, send, requestId, caller, attempt, phase: 'storm' });
  message.retryDelayMs = answer.outcome === 'unknown' ? answer.retryDelayMs : 0;
  if (answer.outcome === 'unknown') return;
  message.answered = true;
  request.orderId ??= told?.order;
  if (asked !== planned.asked || request.isAnswered) return;
  request.isAnswered = true;
  deps.counts().answered += 1;
  if (answer.outcome === 'done' && asked.rpc === 'PlaceOrder') {
    deps.counts().confirmed += 1;
    request.acknowledged.resolve();
  }
  deps.answered(deps.clock() - intendedAtMs);
}

/** Asks again until there is an answer or the caller's patience ends. */
async function insist(request: UnderWay, asked: Asked, deps: RequestDependencies): Promise<void> {
  const message = messageOf(request, asked);
  for (let retry = 1; !message.answered && retry <= retriesMax; retry += 1) {
    const toldMs = request.planned.isHasty ? 0 : message.retryDelayMs;
    const untilMs = Math.min(request.givesUpAtMs, deps.clock() + Math.max(toldMs, pauseBefore(retry)));
    if (untilMs > deps.clock()) await sleep(untilMs - deps.clock());
    if (deps.clock() >= request.givesUpAtMs) break;
    await ask(
      request,
      asked,
      planRetry(deps.plan, request.planned.number, message.call.request, retry),
      deps,
    );
  }
  if (!message.answered) deps.leave({ ...message, attempt: request.attempt });
}

function pauseBefore(retry: number): number {
  return retry < 2 ? 0 : Math.min(pauseMs.second * 2 ** (retry - 2), pauseMs.max);
}

/** Cancels the order while it is placed: finds it by its request id, as a client does that has no answer yet. */
async function cancel(request: UnderWay, deps: RequestDependencies): Promise<void> {
  const { planned, requestId, caller } = request;
  if (planned.cancelAfterMs === undefined) return;
  await sleep(planned.cancelAfterMs);
  const straight: Send = {
    path: 'direct',
    instance: planned.sends[0].instance,
    timeoutMs: 1_000,
    timedBy: 'server',
  };
  for (let look = 1; request.orderId === undefined && look <= lookupAttemptsMax; look += 1) {
    const looking = { call: lookupRequest(requestId), send: straight, requestId: '', caller };
    const { told } = await deps.sender.send({ ...looking, attempt: look, phase: 'storm' });
    request.orderId ??= told?.order;
    if (request.orderId === undefined) await sleep(lookupPauseMs);
  }
  const { orderId } = request;
  // It was never recorded, or nobody could say: a client that does not know its order cannot cancel it.
  if (orderId === undefined) return;
  deps.counts().cancels += 1;
  deps.cancelled(planned.number, orderId);
  const cancelling = { call: cancelOrder(orderId), requestId: cancelIdOf(requestId), caller };
  for (let attempt = 1; attempt <= retriesMax; attempt += 1) {
    await sleep(pauseBefore(attempt - 1));
    const send = planRetry(deps.plan, planned.number, 'cancel', attempt);
    const { answer } = await deps.sender.send({ ...cancelling, send, attempt, phase: 'storm' });
    if (answer.outcome !== 'unknown') return;
  }
  deps.leave({ ...cancelling, attempt: retriesMax, answered: false, retryDelayMs: 0 });
}

/** Reads the acknowledged order at another process than the one that answered, if there is one: it must not know less. */
async function readBack(request: UnderWay, deps: RequestDependencies): Promise<void> {
  const { planned, caller } = request;
  if (!planned.readsBack && !planned.isPeekedAt) return;
  await request.acknowledged.promise;
  if (request.orderId === undefined) return;
  const instance = (planned.sends[0].instance + 0.5) % 1;
  const send: Send = { path: 'direct', instance, timeoutMs: 1_000, timedBy: 'server' };
  const reading = {
    call: getOrder(request.orderId),
    send,
    requestId: '',
    attempt: 1,
    phase: 'storm' as const,
  };
  if (planned.readsBack) await deps.sender.send({ ...reading, caller });
  const other = callerAt(deps, (planned.caller + 1) % deps.callers.length);
  if (planned.isPeekedAt && other !== caller) await deps.sender.send({ ...reading, caller: other });
}

function callerAt({ callers }: RequestDependencies, index: number): CallerIdentity {
  const caller = callers[index];
  if (!caller) throw new Error(`the plan names caller ${index}, who does not exist`);
  return caller;
}

export function cancelIdOf(requestId: string): string {
  return `${requestId}:cancel`;
}
