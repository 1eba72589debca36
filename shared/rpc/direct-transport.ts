// Unary calls in Connect's protocol over HTTP/2, written straight to the stream: the calls between our own services.
//
// Connect's client transport does the same and much more (streaming, compression, JSON, GET), and pays for it on each
// call. What is left out here is never used between the services; the wire is the same, so the server cannot tell.

import type {
  ClientHttp2Stream,
  IncomingHttpHeaders,
  IncomingHttpStatusHeader,
  OutgoingHttpHeaders,
} from 'node:http2';
import { constants } from 'node:http2';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { Code, ConnectError, type Transport } from '@connectrpc/connect';
import { codeFromHttpStatus, errorFromJsonBytes } from '@connectrpc/connect/protocol-connect';
import type { Http2SessionManager } from '@connectrpc/connect-node';

const protoType = 'application/proto';
const jsonType = 'application/json';

/**
 * A transport for unary calls. It rejects with what the server said (a ConnectError with its details), or with the
 * connection's error, which says nothing of what the server did. Aborting resets the stream. The timeout for the server
 * is the caller's to put into the headers.
 */
export function createDirectTransport(session: Http2SessionManager, readBytesMax: number): Transport {
  return {
    async unary(method, signal, _timeoutMs, header, input) {
      signal?.throwIfAborted();
      const stream = await session.request(
        'POST',
        `/${method.parent.typeName}/${method.name}`,
        sent(header),
        {},
      );
      const answered = answerOf(stream, signal, readBytesMax);
      stream.end(toBinary(method.input, create(method.input, input)));
      const { headers, body } = await answered;
      const status = headers[':status'] ?? 0;
      const contentType = headers['content-type'];
      if (status === 200 && contentType === protoType) {
        const message = fromBinary(method.output, body);
        const response = { stream: false as const, service: method.parent, method, message };
        return { ...response, header: received(headers), trailer: new Headers() };
      }
      const fallback = new ConnectError(`HTTP ${status}`, codeFromHttpStatus(status));
      throw contentType === jsonType ? errorFromJsonBytes(body, undefined, fallback) : fallback;
    },
    stream() {
      throw new Error('our services do not stream to each other');
    },
  };
}

function sent(header: ConstructorParameters<typeof Headers>[0]): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = { 'content-type': protoType, 'connect-protocol-version': '1' };
  for (const [name, value] of new Headers(header)) headers[name] = value;
  return headers;
}

function received(headers: IncomingHttpHeaders): Headers {
  const fetched = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    if (!name.startsWith(':') && typeof value === 'string') fetched.set(name, value);
  }
  return fetched;
}

function answerOf(stream: ClientHttp2Stream, signal: AbortSignal | undefined, readBytesMax: number) {
  return new Promise<{ headers: IncomingHttpHeaders & IncomingHttpStatusHeader; body: Buffer }>(
    (resolve, reject) => {
      let headers: IncomingHttpHeaders & IncomingHttpStatusHeader = {};
      let byteCount = 0;
      let isAnswered = false;
      const chunks: Buffer[] = [];
      const give = (error: unknown) => {
        signal?.removeEventListener('abort', onAbort);
        reject(error);
      };
      const onAbort = () => {
        give(signal?.reason);
        stream.close(constants.NGHTTP2_CANCEL);
      };
      signal?.addEventListener('abort', onAbort);
      stream.on('response', (received) => {
        headers = received;
      });
      stream.on('data', (chunk: Buffer) => {
        byteCount += chunk.byteLength;
        chunks.push(chunk);
        if (byteCount <= readBytesMax) return;
        give(new ConnectError(`the answer is larger than ${readBytesMax} bytes`, Code.ResourceExhausted));
        stream.close(constants.NGHTTP2_CANCEL);
      });
      stream.on('end', () => {
        signal?.removeEventListener('abort', onAbort);
        // A stream that the server reset ends too, but its answer never began or is cut short.
        if (stream.rstCode === constants.NGHTTP2_NO_ERROR && headers[':status'] !== undefined) {
          isAnswered = true;
          resolve({ headers, body: chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks) });
        }
      });
      // Whatever came before wins: after an answer these reject a promise that is settled already.
      stream.on('error', (error) =>
        give(new ConnectError(error.message, Code.Unavailable, undefined, undefined, error)),
      );
      // Every stream closes: an error with its stack for each of them would cost more than the message did.
      stream.on('close', () => {
        if (!isAnswered)
          give(new ConnectError('the connection was lost before the answer', Code.Unavailable));
      });
    },
  );
}
