// The server: puts the parts together in their order, and starts and stops them. It knows no service by name.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { DescService } from '@bufbuild/protobuf';
import { MethodOptions_IdempotencyLevel as Level } from '@bufbuild/protobuf/wkt';
import type { ConnectRouter } from '@connectrpc/connect';
import { type ConnectNodeAdapterOptions, connectNodeAdapter } from '@connectrpc/connect-node';
import { Health } from '../gen/grpc/health/v1/health_pb.ts';
import { type Clock, createEventLoopDelay, type Failpoints, type Logger } from '../runtime/index.ts';
import type { ServiceLoad } from './admission.ts';
import type { AdmissionLimits } from './admission-limits.ts';
import type { Authentication } from './authentication.ts';
import { createBatchedCalls } from './batched-calls.ts';
import { createCallPath } from './call-path.ts';
import { stoppingError } from './deadline.ts';
import { createDirectCalls } from './direct-calls.ts';
import { createHealth } from './health.ts';
import { defaultServerLimits, type ServerLimits } from './limits.ts';
import { answerUnknownFormat, answerUnknownPath, answerUnusable, isUnknownFormat } from './not-a-call.ts';
import { openOnePort } from './one-port.ts';
import { createRefusals } from './overloaded.ts';
import { addReflection, reflectionServices } from './reflection.ts';
import { createStreamWatch } from './stream-end.ts';
import { createUnaryCalls } from './unary-calls.ts';

export interface RpcServer {
  readonly port: number;
  /** What health answers, for each service and for "". NOT_SERVING until the first call of this. */
  setServing(serving: boolean): void;
  /** Lets running calls end, up to a limit, and frees the port. A second call waits for the first. */
  stop(): Promise<void>;
}

export interface RpcServerOptions {
  /** For the log. */
  readonly name: string;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** The environment variable that sets the port, for the sentence when it is taken. */
  readonly portVariable?: string;
  /** The services that `routes` implements. Each of their RPCs declares IDEMPOTENT or NO_SIDE_EFFECTS. */
  readonly services: readonly DescService[];
  readonly authentication: Authentication;
  readonly limits?: Partial<ServerLimits>;
  readonly admissionLimits?: Partial<AdmissionLimits>;
  /** What the service tells of its load, besides the delay of the event loop, which the server measures. */
  readonly load?: ServiceLoad;
  readonly clock: Clock;
  readonly log: Logger;
  /** `rpc.before_handler` and `rpc.before_answer`, with the RPC's name as detail. */
  readonly failpoints?: Failpoints;
  routes(router: ConnectRouter): void;
  /** Answers a plain HTTP request that is no RPC, such as a webhook, and returns true; or returns false. */
  answerPlain?(request: IncomingMessage, response: ServerResponse): boolean;
}

/** The longest that Node's timers take. */
const timerMsMax = 2 ** 31 - 1;

/**
 * Serves gRPC, gRPC-Web and Connect on one cleartext port, over HTTP/1.1 and HTTP/2. Rejects when the port cannot be
 * had, and when an RPC declares no idempotency_level: nobody could know whether to repeat it.
 */
export async function startRpcServer(options: RpcServerOptions): Promise<RpcServer> {
  assertRepeatable(options.services);
  const { clock, log, services, authentication } = options;
  const limits = { ...defaultServerLimits, ...options.limits };
  /** Ends what would not end by itself: streams, health watches. Then, when draining took too long, everything. */
  const stopping = new AbortController();
  const aborting = new AbortController();
  const served = [...services, Health, ...reflectionServices];
  const health = createHealth(served.map((service) => service.typeName));

  const eventLoopDelay = createEventLoopDelay();
  const { turnAway, identifyCaller, interceptors } = createCallPath({
    services,
    authentication,
    limits,
    admissionLimits: options.admissionLimits,
    load: {
      ...options.load,
      delayMs: () => Math.max(eventLoopDelay.medianMs(), options.load?.delayMs?.() ?? 0),
    },
    stopping: stopping.signal,
    clock,
    log,
    failpoints: options.failpoints,
  });

  const calls = createUnaryCalls({
    interceptors,
    requestGate: identifyCaller,
  });
  const streams = createStreamWatch(log);
  const ways = { calls, readBytesMax: limits.readMaxBytes, watch: streams.watch };
  const direct = createDirectCalls({ ...ways, turnAway, log });
  const batched = createBatchedCalls({
    ...ways,
    authenticate: authentication.authenticate,
    refusal: createRefusals({ clock, log }),
  });
  const serve = connectNodeAdapter({
    readMaxBytes: limits.readMaxBytes,
    // The gate refuses what is above our limit, in our words; above a timer's there is no call to refuse.
    maxTimeoutMs: timerMsMax,
    shutdownSignal: aborting.signal,
    requestGate: identifyCaller,
    interceptors,
    fallback: answerUnknownPath as NonNullable<ConnectNodeAdapterOptions['fallback']>,
    routes(router) {
      options.routes(calls.alsoFor(router));
      // Probes and tools come without a token, and must get through when everything else is refused.
      const open = { interceptors: [], requestGate: () => undefined, shutdownSignal: stopping.signal };
      router.service(Health, health.implementation, open);
      addReflection(router, served, open);
    },
  });

  let openRequestCount = 0;
  let drained = Promise.withResolvers<void>();

  function noteOpen(request: ServerResponse | ServerHttp2Stream): void {
    openRequestCount += 1;
    eventLoopDelay.noteWork();
    request.once('close', () => {
      openRequestCount -= 1;
      eventLoopDelay.noteWork();
      if (!stopping.signal.aborted) return;
      onePort.closeIdle();
      if (openRequestCount === 0) drained.resolve();
    });
  }

  function takeStream(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): boolean {
    const isTaken = direct.take(stream, headers) || batched.take(stream, headers);
    if (isTaken) noteOpen(stream);
    return isTaken;
  }

  function handle(request: IncomingMessage, response: ServerResponse): void {
    noteOpen(response);
    try {
      if (options.answerPlain?.(request, response)) return;
      if (isUnknownFormat(request)) answerUnknownFormat(response);
      else serve(request, response);
    } catch (error) {
      // Connect throws for a request without a usable host, before there is a call. Uncaught, it would end the process.
      log.debug({ err: error }, 'not a usable request');
      answerUnusable(response);
    }
  }

  const onePort = await openOnePort({
    host: options.host,
    port: options.port,
    portVariable: options.portVariable,
    limits,
    handle,
    takeStream,
  });

  async function waitUntilDrained(durationMs: number): Promise<void> {
    if (openRequestCount === 0) return;
    drained = Promise.withResolvers();
    const waiting = new AbortController();
    await Promise.race([drained.promise, clock.sleep(durationMs, waiting.signal)]);
    waiting.abort();
  }

  async function stop(): Promise<void> {
    health.setServing(false);
    stopping.abort(stoppingError());
    onePort.stopAccepting();
    await waitUntilDrained(limits.drainMsMax);
    // What still runs is told so: its callers ask again, and what they began is found by its request id.
    aborting.abort(stoppingError());
    streams.endAll(stoppingError());
    await waitUntilDrained(limits.lastAnswersMsMax);
    await onePort.destroy();
    eventLoopDelay.stop();
    log.debug({ server: options.name }, 'stopped');
  }

  let stopped: Promise<void> | undefined;
  return {
    port: onePort.port,
    setServing: health.setServing,
    stop() {
      stopped ??= stop();
      return stopped;
    },
  };
}

/** Throws an Error that names every RPC which does not say whether it may be repeated. */
function assertRepeatable(services: readonly DescService[]): void {
  const methods = services.flatMap((service) => service.methods);
  const unclear = methods.filter(
    (method) =>
      method.idempotency !== Level.NO_SIDE_EFFECTS &&
      // A stream has no one answer to replay.
      (method.idempotency !== Level.IDEMPOTENT || method.methodKind !== 'unary'),
  );
  if (unclear.length === 0) return;
  const names = unclear.map((method) => `${method.parent.typeName}/${method.name}`).join(', ');
  throw new Error(
    `these RPCs must declare idempotency_level NO_SIDE_EFFECTS, or IDEMPOTENT and be unary: ${names}`,
  );
}
