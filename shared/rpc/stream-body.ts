// The body of an HTTP/2 request: read whole up to a limit, or let in and forgotten.

import type { ServerHttp2Stream } from 'node:http2';
import { constants } from 'node:http2';
import { Code, ConnectError } from '@connectrpc/connect';

/** Bytes of a refused body that are let in and forgotten: more than any that would have been taken. */
const droppedBytesMax = 1024 * 1024;

/** Rejects with a ConnectError when the body is larger (with the sentence `tooLarge`), or when its sender leaves. */
export function bodyOf(stream: ServerHttp2Stream, bytesMax: number, tooLarge: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let byteCount = 0;
    let isWhole = false;
    stream.on('data', (chunk: Buffer) => {
      byteCount += chunk.byteLength;
      if (byteCount <= bytesMax) chunks.push(chunk);
      else reject(new ConnectError(tooLarge, Code.ResourceExhausted));
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

/**
 * Lets the rest of a body come and forgets it. A reset would spare that, but thousands of resets on a connection whose
 * peer does not read were once seen to keep Node busy for ever; so only a body without end is cut off.
 */
export function dropBody(stream: ServerHttp2Stream): void {
  if (stream.readableEnded) return;
  let byteCount = 0;
  stream.removeAllListeners('data');
  stream.on('data', (chunk: Buffer) => {
    byteCount += chunk.byteLength;
    if (byteCount > droppedBytesMax) stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  });
}

export function messageTooLarge(readBytesMax: number): string {
  return `message is larger than ${readBytesMax} bytes`;
}
