// Unary binary calls over HTTP/2, served straight from the stream: the path that services and load take.
//
// Connect's handlers turn each call into async iterables and Fetch requests, so that one code serves every protocol.
// Here gRPC and Connect calls with one uncompressed message go from the stream to the same interceptors and the same
// implementation, and back. Whatever is not exactly that (JSON, GET, gRPC-Web, HTTP/1.1, compression, streaming) is
// left to Connect; both answer alike, and the same tests hold both.

import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { type DescService, fromBinary, toBinary } from '@bufbuild/protobuf';
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
} from '@connectrpc/connect';
import { invokeUnaryImplementation } from '@connectrpc/connect/protocol';
import { parseTimeout as parseConnectTimeout } from '@connectrpc/connect/protocol-connect';
import { parseTimeout as parseGrpcTimeout } from '@connectrpc/connect/protocol-grpc';
import type { Logger } from '../runtime/index.ts';
import type { TurnAway } from './turn-away.ts';
import { encodeRefusal, type WireProtocol, writeRefusal } from './wire-refusal.ts';

type UnarySpec = Extract<MethodImplSpec, { kind: 'unary' }>;

export interface DirectCallsOptions {
  readonly interceptors: Interceptor[];
  /** Before anything is made for the call; returns the refusal to write. */
  readonly turnAway: TurnAway;
  /** Before the body is read; throws to refuse. */
  readonly requestGate: (context: HandlerContext) => void;
  readonly readBytesMax: number;
  readonly timeoutMsMax: number;
  /** Aborts every call when the server has stopped waiting for them. */
  readonly stopping: AbortSignal;
  readonly log: Logger;
}

export interface DirectCalls {
  /** The same router, which also tells us of what is added to it. */
  alsoFor(router: ConnectRouter): ConnectRouter;
  /** Takes the call and returns true, or leaves it untouched and returns false. */
  take(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): boolean;
}

/** One flag byte, four bytes of length. */
const grpcPrefixBytes = 5;

const protocols: Readonly<Record<string, WireProtocol>> = {
  'application/proto': { name: 'connect', contentType: 'application/proto' },
  'application/grpc': { name: 'grpc', contentType: 'application/grpc' },
  'application/grpc+proto': { name: 'grpc', contentType: 'application/grpc+proto' },
};

export function createDirectCalls(options: DirectCallsOptions): DirectCalls {
  const specs = new Map<string, UnarySpec>();
  const onBroken = (error: Error) => options.log.debug({ err: error }, 'stream broken');

  async function serve(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    protocol: WireProtocol,
    spec: UnarySpec,
  ): Promise<void> {
    const ended = new AbortController();
    const stop = () => ended.abort(options.stopping.reason);
    const leave = () => ended.abort(new ConnectError('the caller has left', Code.Canceled));
    options.stopping.addEventListener('abort', stop);
    stream.once('aborted', leave);
    const context = contextOf(spec, headers, protocol, ended.signal, options.timeoutMsMax);
    try {
      options.requestGate(context);
      const body = await bodyOf(stream, protocol, options.readBytesMax);
      const request = parse(spec, messageBytes(body, protocol));
      const response = await invokeUnaryImplementation(spec, context, request, options.interceptors);
      answer(stream, protocol, context, toBinary(spec.method.output, response));
    } catch (error) {
      refuse(stream, protocol, context, ConnectError.from(error, Code.Internal));
    } finally {
      options.stopping.removeEventListener('abort', stop);
      stream.off('aborted', leave);
    }
  }

  function add<S extends DescService>(service: S, implementation: Partial<ServiceImpl<S>>): void {
    for (const { kind, method, impl } of Object.values(
      createServiceImplSpec(service, implementation).methods,
    )) {
      if (kind === 'unary') specs.set(`/${service.typeName}/${method.name}`, { kind, method, impl });
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
    take(stream, headers) {
      const protocol = protocols[headers['content-type'] ?? ''];
      const spec = specs.get(headers[':path'] ?? '');
      if (!protocol || !spec || headers[':method'] !== 'POST' || isCompressed(headers)) return false;
      // An answer to somebody who has left; without a listener it would end the process.
      stream.on('error', onBroken);
      const refusal = options.turnAway(spec.method, headers);
      if (refusal) writeRefusal(stream, protocol, refusal);
      else void serve(stream, headers, protocol, spec);
      return true;
    },
  };
}

function isCompressed(headers: IncomingHttpHeaders): boolean {
  const encoding = headers['content-encoding'] ?? headers['grpc-encoding'] ?? 'identity';
  return encoding !== 'identity';
}

function contextOf(
  spec: UnarySpec,
  headers: IncomingHttpHeaders,
  protocol: WireProtocol,
  signal: AbortSignal,
  timeoutMsMax: number,
): HandlerContext {
  const timeout =
    protocol.name === 'grpc'
      ? parseGrpcTimeout(textOf(headers['grpc-timeout']), timeoutMsMax)
      : parseConnectTimeout(textOf(headers['connect-timeout-ms']), timeoutMsMax);
  return {
    method: spec.method,
    service: spec.method.parent,
    protocolName: protocol.name,
    requestMethod: 'POST',
    url: `http://${headers[':authority'] ?? 'localhost'}${headers[':path']}`,
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

function fetchHeaders(headers: IncomingHttpHeaders): Headers {
  const fetched = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(':') || value === undefined) continue;
    if (typeof value === 'string') fetched.append(name, value);
    else for (const each of value) fetched.append(name, each);
  }
  return fetched;
}

function bodyOf(stream: ServerHttp2Stream, protocol: WireProtocol, readBytesMax: number): Promise<Buffer> {
  const bytesMax = readBytesMax + (protocol.name === 'grpc' ? grpcPrefixBytes : 0);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let byteCount = 0;
    let isWhole = false;
    stream.on('data', (chunk: Buffer) => {
      byteCount += chunk.byteLength;
      if (byteCount <= bytesMax) chunks.push(chunk);
      else reject(new ConnectError(`message is larger than ${readBytesMax} bytes`, Code.ResourceExhausted));
    });
    stream.on('end', () => {
      isWhole = true;
      resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks));
    });
    stream.on('aborted', () => reject(new ConnectError('the caller has left', Code.Canceled)));
    // Every stream closes: an error with its stack for each of them would cost more than the message did.
    stream.on('close', () => {
      if (!isWhole) reject(new ConnectError('the stream was closed', Code.Canceled));
    });
  });
}

function messageBytes(body: Buffer, protocol: WireProtocol): Uint8Array {
  if (protocol.name === 'connect') return body;
  if (body.byteLength < grpcPrefixBytes) {
    throw new ConnectError('protocol error: no message', Code.InvalidArgument);
  }
  if (body.readUInt8(0) !== 0) {
    throw new ConnectError('protocol error: a compressed message without grpc-encoding', Code.Internal);
  }
  const end = grpcPrefixBytes + body.readUInt32BE(1);
  if (body.byteLength < end)
    throw new ConnectError('protocol error: message cut short', Code.InvalidArgument);
  if (body.byteLength > end)
    throw new ConnectError('protocol error: more than one message', Code.Unimplemented);
  return body.subarray(grpcPrefixBytes, end);
}

function parse(spec: UnarySpec, bytes: Uint8Array) {
  try {
    return fromBinary(spec.method.input, bytes);
  } catch (error) {
    throw new ConnectError(`not a ${spec.method.input.typeName}: ${String(error)}`, Code.InvalidArgument);
  }
}

function answer(
  stream: ServerHttp2Stream,
  protocol: WireProtocol,
  context: HandlerContext,
  bytes: Uint8Array,
): void {
  if (stream.destroyed || stream.headersSent) return;
  const headers: OutgoingHttpHeaders = {
    ':status': 200,
    'content-type': protocol.contentType,
    ...Object.fromEntries(context.responseHeader),
  };
  if (protocol.name === 'connect') {
    for (const [name, value] of context.responseTrailer) headers[`trailer-${name}`] = value;
    stream.respond(headers);
    stream.end(bytes);
    return;
  }
  const message = Buffer.allocUnsafe(grpcPrefixBytes + bytes.byteLength);
  message.writeUInt8(0, 0);
  message.writeUInt32BE(bytes.byteLength, 1);
  message.set(bytes, grpcPrefixBytes);
  stream.respond(headers, { waitForTrailers: true });
  stream.once('wantTrailers', () => {
    stream.sendTrailers({ ...Object.fromEntries(context.responseTrailer), 'grpc-status': '0' });
  });
  stream.end(message);
}

function refuse(
  stream: ServerHttp2Stream,
  protocol: WireProtocol,
  context: HandlerContext,
  error: ConnectError,
): void {
  const { connect, grpc } = encodeRefusal(error);
  const headers = { ...Object.fromEntries(context.responseHeader), ...connect.headers };
  writeRefusal(stream, protocol, { connect: { ...connect, headers }, grpc });
}
