// Unary binary calls over HTTP/2, served straight from the stream: the path that services and load take.
//
// Connect's handlers turn each call into async iterables and Fetch requests, so that one code serves every protocol.
// Here gRPC and Connect calls with one uncompressed message go from the stream to the same interceptors and the same
// implementation, and back. Whatever is not exactly that (JSON, GET, gRPC-Web, HTTP/1.1, compression, streaming) is
// left to Connect; both answer alike, and the same tests hold both.

import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { Code, ConnectError, type HandlerContext } from '@connectrpc/connect';
import { codeToHttpStatus, errorToJsonBytes } from '@connectrpc/connect/protocol-connect';
import { setTrailerStatus } from '@connectrpc/connect/protocol-grpc';
import type { Logger } from '../runtime/index.ts';
import { encodeGrpcMessage } from './grpc-message.ts';
import { bodyOf, dropBody, messageTooLarge } from './stream-body.ts';
import { watchStream } from './stream-end.ts';
import type { UnaryCalls, UnarySpec } from './unary-calls.ts';

export interface DirectCallsOptions {
  readonly calls: UnaryCalls;
  readonly readBytesMax: number;
  /** Aborts every call when the server has stopped waiting for them. */
  readonly stopping: AbortSignal;
  readonly log: Logger;
}

export interface DirectCalls {
  /** Takes the call and returns true, or leaves it untouched and returns false. */
  take(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): boolean;
}

/** One flag byte, four bytes of length. */
const grpcPrefixBytes = 5;

interface Protocol {
  readonly name: 'grpc' | 'connect';
  readonly contentType: string;
}

const protocols: Readonly<Record<string, Protocol>> = {
  'application/proto': { name: 'connect', contentType: 'application/proto' },
  'application/grpc': { name: 'grpc', contentType: 'application/grpc' },
  'application/grpc+proto': { name: 'grpc', contentType: 'application/grpc+proto' },
};

export function createDirectCalls(options: DirectCallsOptions): DirectCalls {
  const { calls, readBytesMax, stopping, log } = options;

  async function serve(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    protocol: Protocol,
    spec: UnarySpec,
  ): Promise<void> {
    const { signal, release } = watchStream(stream, stopping, log);
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
      void serve(stream, headers, protocol, spec);
      return true;
    },
  };
}

function isCompressed(headers: IncomingHttpHeaders): boolean {
  const encoding = headers['content-encoding'] ?? headers['grpc-encoding'] ?? 'identity';
  return encoding !== 'identity';
}

async function messageOf(
  stream: ServerHttp2Stream,
  protocol: Protocol,
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
  protocol: Protocol,
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
  protocol: Protocol,
  context: HandlerContext,
  error: ConnectError,
): void {
  if (stream.destroyed || stream.headersSent) return;
  if (protocol.name === 'connect') {
    const headers = { ...Object.fromEntries(context.responseHeader), ...Object.fromEntries(error.metadata) };
    stream.respond({
      ':status': codeToHttpStatus(error.code),
      'content-type': 'application/json',
      ...headers,
    });
    stream.end(errorToJsonBytes(error, undefined));
  } else {
    const trailers = Object.fromEntries(setTrailerStatus(new Headers(), error));
    const message = { 'grpc-message': encodeGrpcMessage(error.rawMessage) };
    stream.respond(
      { ':status': 200, 'content-type': protocol.contentType, ...trailers, ...message },
      { endStream: true },
    );
  }
  dropBody(stream);
}
