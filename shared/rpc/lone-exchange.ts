// A call alone on an HTTP/2 stream of its own, in Connect's protocol: any server of Connect understands it.

import type { ClientHttp2Stream, IncomingHttpHeaders, IncomingHttpStatusHeader } from 'node:http2';
import { constants } from 'node:http2';
import { Code, ConnectError } from '@connectrpc/connect';
import type { Http2SessionManager } from '@connectrpc/connect-node';
import { type Exchange, type Incoming, streamError } from './exchange.ts';

const loneHeaders = { 'content-type': 'application/proto', 'connect-protocol-version': '1' };

/** Aborting resets the stream, so the server hears of it. */
export function createLoneExchange(
  session: Pick<Http2SessionManager, 'request'>,
  readBytesMax: number,
): Exchange {
  return ({ path, headers, body, signal }) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) throw signal.reason;
      let stream: ClientHttp2Stream | undefined;
      const leave = () => signal?.removeEventListener('abort', onAbort);
      const onAbort = () => {
        leave();
        reject(signal?.reason);
        stream?.close(constants.NGHTTP2_CANCEL);
      };
      // Before there is a stream: to a host that vanished, opening a connection alone takes minutes.
      signal?.addEventListener('abort', onAbort);
      const fail = (error: unknown) => {
        leave();
        reject(error);
      };
      session.request('POST', path, { ...loneHeaders, ...headers }, {}).then((opened) => {
        stream = opened;
        readAnswer(opened, readBytesMax, { fail, answer: resolve, whole: leave });
        if (signal?.aborted) opened.close(constants.NGHTTP2_CANCEL);
        else opened.end(body);
      }, fail);
    });
}

interface Reading {
  answer(answer: Incoming): void;
  fail(error: unknown): void;
  /** Nothing more will come, whether it was an answer or not. */
  whole(): void;
}

/** Whatever comes first wins: after an answer the others find a promise that is settled already. */
function readAnswer(stream: ClientHttp2Stream, readBytesMax: number, { answer, fail, whole }: Reading): void {
  let headers: IncomingHttpHeaders & IncomingHttpStatusHeader = {};
  let byteCount = 0;
  let isAnswered = false;
  const chunks: Buffer[] = [];
  stream.on('response', (received) => {
    headers = received;
  });
  stream.on('data', (chunk: Buffer) => {
    byteCount += chunk.byteLength;
    chunks.push(chunk);
    if (byteCount <= readBytesMax) return;
    fail(new ConnectError(`the answer is larger than ${readBytesMax} bytes`, Code.ResourceExhausted));
    stream.close(constants.NGHTTP2_CANCEL);
  });
  stream.on('end', () => {
    whole();
    const status = headers[':status'];
    // A stream that the server reset ends too, but its answer never began or is cut short.
    if (stream.rstCode !== constants.NGHTTP2_NO_ERROR || status === undefined) return;
    isAnswered = true;
    answer({ status, headers, body: joined(chunks) });
  });
  stream.on('error', (error) => fail(streamError(error)));
  // Every stream closes: an error with its stack for each of them would cost more than the message did.
  stream.on('close', () => {
    if (!isAnswered) fail(streamError());
  });
}

function joined(chunks: readonly Buffer[]): Buffer {
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
}
