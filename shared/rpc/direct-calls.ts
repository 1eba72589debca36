// Unary binary calls over HTTP/2, served straight from the stream: the path that services and load take.
//
// Connect's handlers turn each call into async iterables and Fetch requests, so that one code serves every protocol.
// Here gRPC and Connect calls with one uncompressed message go from the stream to the same interceptors and the same
// implementation, and back. Whatever is not exactly that (JSON, GET, gRPC-Web, HTTP/1.1, compression, streaming) is
// left to Connect; both answer alike, and the same tests hold both.

import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { HandlerContext } from '@connectrpc/connect';
import { Code, ConnectError } from '@connectrpc/connect';
import type { Logger } from '../runtime/index.ts';
import { bodyOf, messageTooLarge } from './stream-body.ts';
import type { StreamWatch } from './stream-end.ts';
import type { TurnAway } from './turn-away.ts';
import type { UnaryCalls, UnarySpec } from './unary-calls.ts';
import { encodeRefusal, type WireProtocol, type WireRefusal, writeRefusal } from './wire-refusal.ts';

export interface DirectCallsOptions {
  readonly calls: UnaryCalls;
  /** Before anything is made for the call; returns the refusal to write. */
  readonly turnAway: TurnAway;
  readonly readBytesMax: number;
  readonly watch: StreamWatch['watch'];
  readonly log: Logger;
}

export interface DirectCalls {
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
  const { calls, turnAway, readBytesMax, watch, log } = options;

  async function serve(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    protocol: WireProtocol,
    spec: UnarySpec,
  ): Promise<void> {
    const { signal, release } = watch(stream);
    const context = calls.contextOf(spec, { protocolName: protocol.name, headers, signal });
    try {
      const message = () => messageOf(stream, protocol, readBytesMax);
      answer(stream, protocol, context, await calls.run(spec, context, message));
    } catch (error) {
      refuse(stream, protocol, context, ConnectError.from(error, Code.Internal));
    } finally {
      release();
    }
  }

  return {
    take(stream, headers) {
      const protocol = protocols[headers['content-type'] ?? ''];
      const spec = calls.specOf(headers[':path'] ?? '');
      if (!protocol || !spec || headers[':method'] !== 'POST' || isCompressed(headers)) return false;
      const refusal = turnAway(spec.method, headers);
      if (refusal) turnedAway(stream, protocol, refusal, log);
      else void serve(stream, headers, protocol, spec);
      return true;
    },
  };
}

function turnedAway(
  stream: ServerHttp2Stream,
  protocol: WireProtocol,
  refusal: WireRefusal,
  log: Logger,
): void {
  // Somebody who has left already; without a listener it would end the process.
  stream.on('error', (error) => log.debug({ err: error }, 'stream broken'));
  writeRefusal(stream, protocol, refusal);
}

function isCompressed(headers: IncomingHttpHeaders): boolean {
  const encoding = headers['content-encoding'] ?? headers['grpc-encoding'] ?? 'identity';
  return encoding !== 'identity';
}

async function messageOf(
  stream: ServerHttp2Stream,
  protocol: WireProtocol,
  readBytesMax: number,
): Promise<Uint8Array> {
  const tooLarge = messageTooLarge(readBytesMax);
  if (protocol.name === 'connect') return bodyOf(stream, readBytesMax, tooLarge);
  return grpcMessage(await bodyOf(stream, readBytesMax + grpcPrefixBytes, tooLarge));
}

function grpcMessage(body: Buffer): Uint8Array {
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
