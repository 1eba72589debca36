// The client of a service: one call is a budget of time, a few attempts with one request id, and one of three answers.
// It is the only place that retries. It does not know what a call means.

import type { DescMethodUnary, DescService, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { MethodOptions_IdempotencyLevel as Level } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError } from '@connectrpc/connect';
import { isRequestId } from '../idempotency/request-id.ts';
import type { Refusal } from '../journal/decision.ts';
import { type Clock, type Failpoints, type Logger, noFailpoints, type Random } from '../runtime/index.ts';
import { outcomeOf, type Refused, type Unknown } from './call-outcome.ts';
import { clientLimits } from './client-limits.ts';
import { type Connections, createConnections } from './connection.ts';
import { createCutoff } from './cutoff.ts';
import type { Reply } from './direct-transport.ts';
import { replayedHeader } from './errors.ts';
import { createRetryBudget, type RetryBudget } from './retry-budget.ts';

/**
 * How a call ended. `done` and `refused` are what the server recorded, and for ever. `unknown`: nobody here knows
 * whether it happened; call again with the same request id.
 */
export type CallAnswer<T> =
  | { readonly answer: 'done'; readonly response: T; readonly replayed: boolean }
  | { readonly answer: 'refused'; readonly refusal: Refusal }
  | {
      readonly answer: 'unknown';
      readonly reason: string;
      readonly cause: unknown;
      /** When the server asked not to be called before; 0 when it did not ask. */
      readonly retryDelayMs: number;
    };

export interface CallOptions {
  /** Needed for an IDEMPOTENT RPC: the same for every call that means the same. Never made here. */
  readonly requestId?: string;
  /** The time for all attempts and the waits between them. */
  readonly budgetMs: number;
  /** Stops the waiting, not what was begun: the answer is `unknown`. */
  readonly signal?: AbortSignal;
  /** At most so many attempts, when fewer than the client's own limit. */
  readonly attempts?: number;
}

type UnaryMethodName<S extends DescService> = {
  [K in keyof S['method']]: S['method'][K]['methodKind'] extends 'unary' ? K : never;
}[keyof S['method']] &
  string;

export interface ServiceClient<S extends DescService> {
  /**
   * Resolves with one of the three answers; rejects only for a bug of the caller (no request id, a malformed one).
   * All attempts carry the same request id, so however often it is called, the effect happens once.
   */
  call<K extends UnaryMethodName<S>>(
    method: K,
    request: MessageInitShape<S['method'][K]['input']>,
    options: CallOptions,
  ): Promise<CallAnswer<MessageShape<S['method'][K]['output']>>>;
  /** Ends the connection; calls under way end `unknown`. */
  close(): void;
}

export interface ServiceClientDependencies {
  /** `http://127.0.0.1:7002` */
  readonly address: string;
  /** Another way to `address` than the network of this machine: the simulation's. */
  readonly connections?: Connections;
  /** The bearer token that makes us a caller. */
  readonly token?: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Default: one of its own. */
  readonly retryBudget?: RetryBudget;
  /** Called when the server refused an attempt as OVERLOADED: whoever sends it work should take less on. */
  onOverloaded?(): void;
  /** `rpc.before_attempt` and `rpc.after_attempt`, with the RPC's name as detail. */
  readonly failpoints?: Failpoints;
}

interface Call {
  readonly method: DescMethodUnary;
  readonly request: MessageInitShape<DescMethodUnary['input']>;
  readonly requestId: string | undefined;
  readonly signal: AbortSignal | undefined;
}

interface Done {
  readonly answer: 'done';
  readonly response: MessageShape<DescMethodUnary['output']>;
  readonly replayed: boolean;
}

export function createServiceClient<S extends DescService>(
  service: S,
  deps: ServiceClientDependencies,
): ServiceClient<S> {
  const { clock, random, log, failpoints = noFailpoints, retryBudget = createRetryBudget() } = deps;
  const connections = deps.connections ?? createConnections(deps.address);

  function headersFor({ requestId }: Call, timeoutMs: number): Record<string, string> {
    const headers: Record<string, string> = { 'connect-timeout-ms': String(serverTimeoutMs(timeoutMs)) };
    if (requestId !== undefined) headers['request-id'] = requestId;
    if (deps.token !== undefined) headers['authorization'] = `Bearer ${deps.token}`;
    return headers;
  }

  function attemptOnce(call: Call, leftMs: number): Promise<Done | Refused | Unknown> {
    const { name } = call.method;
    return failpoints === noFailpoints
      ? exchange(call, leftMs)
      : betweenFailpoints(name, () => exchange(call, leftMs));
  }

  function exchange(call: Call, leftMs: number): Promise<Done | Refused | Unknown> {
    const { method, request, signal } = call;
    const timeoutMs = Math.min(leftMs, clientLimits.timeoutMsMax + clientLimits.timerMarginMs);
    const connection = connections.current();
    const cutoff = createCutoff(clock, timeoutMs, signal === undefined ? [] : [signal], () => {
      connections.suspect(connection);
      return new ConnectError('the server did not answer in time', Code.DeadlineExceeded);
    });
    return connection.transport.unary(method, request, headersFor(call, timeoutMs), cutoff).then(
      (reply) => {
        cutoff.release();
        return doneWith(reply);
      },
      (error: unknown) => {
        cutoff.release();
        return outcomeOf(error);
      },
    );
  }

  async function betweenFailpoints<T>(rpc: string, exchange: () => Promise<T>): Promise<T> {
    await failpoints.reach('rpc.before_attempt', [rpc]);
    const outcome = await exchange();
    await failpoints.reach('rpc.after_attempt', [rpc]);
    return outcome;
  }

  async function callUntilKnown(
    method: DescMethodUnary,
    request: Call['request'],
    options: CallOptions,
  ): Promise<Done | Refused | Unknown> {
    const call = { method, request, requestId: requestIdFor(method, options), signal: options.signal };
    const endsAtMs = clock.nowMs() + options.budgetMs;
    const attemptsMax = Math.min(options.attempts ?? clientLimits.attemptsMax, clientLimits.attemptsMax);
    let outcome: Done | Refused | Unknown = nothingTried;
    retryBudget.earn();
    for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
      const leftMs = endsAtMs - clock.nowMs();
      if (leftMs <= 0 || call.signal?.aborted) break;
      outcome = await attemptOnce(call, leftMs);
      if (outcome.answer === 'unknown' && outcome.reason === 'OVERLOADED') deps.onOverloaded?.();
      if (outcome.answer !== 'unknown' || !outcome.retryable || attempt === attemptsMax) break;
      const waitMs = outcome.retryDelayMs + random.fraction() * backoffMs(attempt);
      log.debug({ rpc: call.method.name, attempt, reason: outcome.reason, waitMs }, 'outcome unknown');
      if (clock.nowMs() + waitMs >= endsAtMs || !retryBudget.spend()) break;
      await clock.sleep(waitMs, call.signal);
    }
    return outcome;
  }

  return {
    call(name, request, options) {
      const method = service.method[name] as DescMethodUnary;
      // The transport parsed the response by this method's own descriptor.
      return callUntilKnown(method, request, options) as Promise<CallAnswer<never>>;
    },
    close: () => connections.close(),
  };
}

function doneWith({ message, headers }: Reply): Done {
  return { answer: 'done', response: message, replayed: headers[replayedHeader] === 'true' };
}

/** The answer of a call without time or with an aborted signal. Nothing was sent, but an earlier call may have been. */
const nothingTried: Unknown = {
  answer: 'unknown',
  reason: 'DEADLINE_EXCEEDED',
  cause: new Error('no time was left for an attempt'),
  retryable: false,
  retryDelayMs: 0,
};

/** None for a read. Throws for what the server would refuse: a bug of the caller. */
function requestIdFor(method: DescMethodUnary, { requestId }: CallOptions): string | undefined {
  if (method.idempotency !== Level.IDEMPOTENT) return undefined;
  if (requestId !== undefined && isRequestId(requestId)) return requestId;
  throw new Error(`${method.name} needs a request id of 8 to 128 of A-Z a-z 0-9 . _ : -, not ${requestId}`);
}

/** The deadline that the server is given, so that its answer is here before our own timer fires. */
export function serverTimeoutMs(timeoutMs: number): number {
  return Math.max(1, Math.floor(Math.max(timeoutMs - clientLimits.timerMarginMs, timeoutMs / 2)));
}

/** The longest wait after an attempt. The wait itself is a random part of it, so that callers do not return together. */
export function backoffMs(attempt: number): number {
  return Math.min(clientLimits.backoffMsMax, clientLimits.backoffMsFirst * 2 ** (attempt - 1));
}
