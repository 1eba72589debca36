// A server of the simulation: the handlers of a service behind the path that every call of a real server goes through.

import {
  type DescMethod,
  type DescMethodUnary,
  type DescService,
  fromBinary,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import {
  Code,
  ConnectError,
  createContextKey,
  createHandlerContext,
  createServiceImplSpec,
  type HandlerContext,
  type Interceptor,
  type ServiceImpl,
} from '@connectrpc/connect';
import {
  createAsyncIterable,
  invokeUnaryImplementation,
  transformInvokeImplementation,
} from '@connectrpc/connect/protocol';
import { LRUCache } from 'lru-cache';
import { authenticationFrom, createCallPath, defaultServerLimits } from '../../shared/rpc/index.ts';
import { createValidationInterceptor } from '../../shared/rpc/validation.ts';
import type { Failpoints, Logger } from '../../shared/runtime/index.ts';
import type { SimulatedProcess } from './process.ts';

export interface Answer {
  readonly header: Headers;
  /** Empty with an error. */
  readonly message: Uint8Array;
  readonly error?: ConnectError;
  /** For the history. */
  readonly says: string;
}

export interface SimulatedServer {
  readonly process: SimulatedProcess;
  /** Never rejects: an error is an answer. */
  handle(
    method: DescMethodUnary,
    request: { readonly header: Headers; readonly message: Uint8Array },
    signal: AbortSignal,
  ): Promise<Answer>;
  /** The messages of a server stream. Throws what a client would be told. */
  stream(
    method: DescMethod,
    request: { readonly header: Headers; readonly message: Uint8Array },
    signal: AbortSignal,
  ): AsyncIterable<Uint8Array>;
}

/** A reason of its own: without one, each abort makes a DOMException with a stack. */
const isOver = Symbol('the call is over');

/** Rules are compiled once, for every server of every run. */
const validations = new Map<DescService, Interceptor>();

function validationOf(service: DescService): Interceptor {
  const validation = validations.get(service) ?? rememberingValidation(service);
  validations.set(service, validation);
  return validation;
}

/** Messages that keep their field rules. The same ones come again and again, and each time would cost as much. */
const keepsRules = new LRUCache<string, true>({ max: 2_000 });
/** The method and the bytes of a call's message. */
const messageKey = createContextKey('');

function rememberingValidation(service: DescService): Interceptor {
  const validation = createValidationInterceptor([service]);
  return (next) => {
    const checked = validation((req) => {
      keepsRules.set(req.contextValues.get(messageKey), true);
      return next(req);
    });
    return (req) => (keepsRules.has(req.contextValues.get(messageKey)) ? next(req) : checked(req));
  };
}

export function createServer<S extends DescService>(
  service: S,
  implementation: ServiceImpl<S>,
  deps: { process: SimulatedProcess; tokens: string; failpoints: Failpoints; log: Logger },
): SimulatedServer {
  const { process, failpoints, log } = deps;
  const spec = createServiceImplSpec(service, implementation);
  const path = createCallPath({
    services: [service],
    authentication: authenticationFrom({ tokens: deps.tokens }),
    limits: defaultServerLimits,
    stopping: new AbortController().signal,
    clock: process.clock,
    log,
    failpoints,
    validation: validationOf(service),
  });

  function contextOf(method: DescMethod, header: Headers, message: Uint8Array, signal: AbortSignal) {
    // Connect's own would read the machine's clock and start the machine's timer.
    const timeoutMs = header.get('connect-timeout-ms');
    const own = { timeoutMs: () => (timeoutMs === null ? undefined : Number(timeoutMs)) };
    const context = createHandlerContext({
      service,
      method,
      protocolName: 'connect',
      requestMethod: 'POST',
      url: `https://simulated/${service.typeName}/${method.name}`,
      requestHeader: header,
      requestSignal: signal,
    });
    const text = `${method.name} ${Buffer.from(message).toString('latin1')}`;
    context.values.set(messageKey, text);
    return Object.assign(context, own);
  }

  async function invoke(
    method: DescMethodUnary,
    bytes: Uint8Array,
    context: HandlerContext,
  ): Promise<MessageShape<DescMethodUnary['output']>> {
    path.identifyCaller(context);
    const methodSpec = spec.methods[method.localName];
    if (methodSpec?.kind !== 'unary') throw new Error(`${method.name} is no unary RPC`);
    return invokeUnaryImplementation(methodSpec, context, fromBinary(method.input, bytes), path.interceptors);
  }

  return {
    process,
    async *stream(method, { header, message }, signal) {
      const context = contextOf(method, header, message, signal);
      const methodSpec = spec.methods[method.localName];
      if (methodSpec?.kind !== 'server_streaming') throw new Error(`${method.name} is no server stream`);
      try {
        path.identifyCaller(context);
        const asked = createAsyncIterable([fromBinary(method.input, message)]);
        const told = transformInvokeImplementation(methodSpec, context, path.interceptors)(asked);
        for await (const part of told) yield toBinary(method.output, part);
      } catch (thrown) {
        throw ConnectError.from(thrown, Code.Internal);
      } finally {
        context.abort(isOver);
      }
    },
    async handle(method, { header, message }, signal) {
      const context = contextOf(method, header, message, signal);
      try {
        const response = await invoke(method, message, context);
        return {
          header: context.responseHeader,
          message: toBinary(method.output, response),
          says: context.responseHeader.has('idempotency-replayed') ? 'ok, replayed' : 'ok',
        };
      } catch (thrown) {
        const error = ConnectError.from(thrown, Code.Internal);
        return { header: error.metadata, message: new Uint8Array(), error, says: error.message };
      } finally {
        // As Connect does, also after a success.
        context.abort(isOver);
      }
    },
  };
}
