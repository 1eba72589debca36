// Unary binary calls on the server, however they came: which RPCs there are, what a call knows of itself, and its run
// through gate, interceptors and handler. It knows neither streams nor batches.

import type { IncomingHttpHeaders } from 'node:http2';
import { create, type DescService, fromBinary, type Message, toBinary } from '@bufbuild/protobuf';
import {
  Code,
  ConnectError,
  type ConnectRouter,
  createContextValues,
  createServiceImplSpec,
  type HandlerContext,
  type Interceptor,
  type MethodImplSpec,
  type ServiceImpl,
  type UnaryRequest,
  type UnaryResponse,
} from '@connectrpc/connect';
import { parseTimeout as parseConnectTimeout } from '@connectrpc/connect/protocol-connect';
import { parseTimeout as parseGrpcTimeout } from '@connectrpc/connect/protocol-grpc';

export interface UnarySpec extends Pick<Extract<MethodImplSpec, { kind: 'unary' }>, 'method'> {
  /** The handler behind its interceptors. */
  readonly respond: (request: Request) => Promise<Message>;
}

/** As the interceptors see it, with what the handler gets of it. */
interface Request extends UnaryRequest {
  readonly context: HandlerContext;
}

export interface UnaryCallsOptions {
  readonly interceptors: Interceptor[];
  /** Before the message is looked at; throws to refuse. */
  readonly requestGate: (context: HandlerContext) => void;
}

export interface ArrivedCall {
  readonly protocolName: 'grpc' | 'connect';
  readonly headers: IncomingHttpHeaders;
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

export interface UnaryCalls {
  /** The same router, which also tells us of what is added to it. */
  alsoFor(router: ConnectRouter): ConnectRouter;
  specOf(path: string): UnarySpec | undefined;
  contextOf(spec: UnarySpec, call: ArrivedCall): HandlerContext;
  /** The answer's bytes. `body` is called only when the gate let the call in. Rejects with a ConnectError. */
  run(
    spec: UnarySpec,
    context: HandlerContext,
    body: () => Uint8Array | Promise<Uint8Array>,
  ): Promise<Uint8Array>;
}

/** How long is too long, the gate says, in our words. */
const anyTimeoutMs = Number.POSITIVE_INFINITY;

export function createUnaryCalls(options: UnaryCallsOptions): UnaryCalls {
  const { interceptors, requestGate } = options;
  const specs = new Map<string, UnarySpec>();

  function add<S extends DescService>(service: S, implementation: Partial<ServiceImpl<S>>): void {
    for (const { kind, method, impl } of Object.values(
      createServiceImplSpec(service, implementation).methods,
    )) {
      if (kind !== 'unary') continue;
      const respond = throughInterceptors({ kind, method, impl }, interceptors);
      specs.set(`/${service.typeName}/${method.name}`, { method, respond });
    }
  }

  return {
    alsoFor: (router) => ({
      ...router,
      service(service, implementation, serviceOptions) {
        add(service, implementation);
        router.service(service, implementation, serviceOptions);
        return this;
      },
    }),
    specOf: (path) => specs.get(path),
    contextOf,
    async run(spec, context, body) {
      try {
        requestGate(context);
        const bytes = body();
        // A message that is here already waits for no other call's turn.
        const message = parse(spec, bytes instanceof Uint8Array ? bytes : await bytes);
        return toBinary(spec.method.output, await spec.respond(requestOf(spec, context, message)));
      } catch (error) {
        throw ConnectError.from(error, Code.Internal);
      }
    },
  };
}

/** Put together once for each RPC. The interceptors are ours: the headers of an answer are its context's. */
function throughInterceptors(
  { method, impl }: Extract<MethodImplSpec, { kind: 'unary' }>,
  interceptors: readonly Interceptor[],
): UnarySpec['respond'] {
  async function handle(request: UnaryRequest): Promise<UnaryResponse> {
    const { context } = request as Request;
    const { signal, contextValues: values, header: requestHeader } = request;
    const message = create(
      method.output,
      await impl(request.message, { ...context, requestHeader, signal, values }),
    );
    const { responseHeader: header, responseTrailer: trailer } = context;
    return { stream: false, service: method.parent, method, message, header, trailer };
  }
  const chain = interceptors.reduceRight<ReturnType<Interceptor>>(
    (next, interceptor) => interceptor(next),
    handle as ReturnType<Interceptor>,
  );
  return async (request) => ((await chain(request)) as UnaryResponse).message;
}

function requestOf({ method }: UnarySpec, context: HandlerContext, message: Message): Request {
  return {
    stream: false,
    service: method.parent,
    method,
    requestMethod: context.requestMethod,
    url: context.url,
    signal: context.signal,
    header: context.requestHeader,
    contextValues: context.values,
    message,
    context,
  };
}

function contextOf(spec: UnarySpec, call: ArrivedCall): HandlerContext {
  const { protocolName, headers, signal } = call;
  const timeout =
    protocolName === 'grpc'
      ? parseGrpcTimeout(textOf(headers['grpc-timeout']), anyTimeoutMs)
      : parseConnectTimeout(textOf(headers['connect-timeout-ms']), anyTimeoutMs);
  return {
    method: spec.method,
    service: spec.method.parent,
    protocolName,
    requestMethod: 'POST',
    url: `http://${headers[':authority'] ?? 'localhost'}/${spec.method.parent.typeName}/${spec.method.name}`,
    signal,
    // The gate throws what is wrong with it, when it can be answered.
    timeoutMs() {
      if (timeout.error) throw timeout.error;
      return timeout.timeoutMs;
    },
    requestHeader: fetchHeaders(headers),
    responseHeader: new Headers(),
    responseTrailer: new Headers(),
    values: createContextValues(),
  };
}

function textOf(value: string | string[] | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

/** HTTP/2's own fields (`:path`) are left out. */
export function fetchHeaders(headers: IncomingHttpHeaders): Headers {
  const fetched = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(':') || value === undefined) continue;
    if (typeof value === 'string') fetched.append(name, value);
    else for (const each of value) fetched.append(name, each);
  }
  return fetched;
}

function parse(spec: UnarySpec, bytes: Uint8Array) {
  try {
    return fromBinary(spec.method.input, bytes);
  } catch (error) {
    throw new ConnectError(`not a ${spec.method.input.typeName}: ${String(error)}`, Code.InvalidArgument);
  }
}
