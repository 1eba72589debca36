// A batch that was sent: its calls are settled one by one, each with its own answer, when its caller gives up, or as
// unknown when the stream is lost. It settles every one of them once.

import type { ClientHttp2Stream } from 'node:http2';
import { constants } from 'node:http2';
import { Code, ConnectError } from '@connectrpc/connect';
import { batchType, createFrameReader, isAnswerHead, unknownBatchStatuses } from './batch-frames.ts';
import { errorOf, type Incoming, type Outgoing, streamError } from './exchange.ts';

export interface BatchedCall {
  readonly call: Pick<Outgoing, 'signal'>;
  resolve(answer: Incoming): void;
  reject(error: unknown): void;
}

export interface BatchInFlight {
  /** Reads the answers of `stream`. */
  readFrom(stream: ClientHttp2Stream): void;
  /** Every call that is not settled yet is unknown. */
  fail(error: unknown): void;
}

export interface BatchEvents {
  /** Every call is settled. */
  onSettled(): void;
  /** The server does not know what a batch is. */
  onUnknownFormat(): void;
}

/** Room for an answer's head beside its body. */
const headBytesMax = 16 * 1024;

/** A call whose signal aborts leaves the others alone: only when nobody waits any more is the stream reset. */
export function createBatchInFlight(
  batch: readonly BatchedCall[],
  readBytesMax: number,
  events: BatchEvents,
): BatchInFlight {
  const waiting = new Map(batch.entries());
  const stopListening = batch.map(({ call: { signal } }, index) => {
    const onAbort = () => {
      settle(index, ({ reject }) => reject(signal?.reason));
      if (waiting.size === 0) stream?.close(constants.NGHTTP2_CANCEL);
    };
    signal?.addEventListener('abort', onAbort);
    return () => signal?.removeEventListener('abort', onAbort);
  });
  let stream: ClientHttp2Stream | undefined;

  function settle(index: number, how: (call: BatchedCall) => void): void {
    const call = waiting.get(index);
    if (call === undefined) return;
    waiting.delete(index);
    stopListening[index]?.();
    how(call);
    if (waiting.size === 0) events.onSettled();
  }

  function fail(error: unknown): void {
    for (const index of [...waiting.keys()]) settle(index, ({ reject }) => reject(error));
  }

  function readAnswers(opened: ClientHttp2Stream): void {
    const reader = createFrameReader(readBytesMax + headBytesMax);
    opened.on('data', (chunk: Buffer) => {
      try {
        for (const { head, body } of reader.push(chunk)) {
          if (!isAnswerHead(head)) throw new Error('an answer without call, status and headers');
          settle(head.call, ({ resolve }) => resolve({ status: head.status, headers: head.headers, body }));
        }
      } catch (error) {
        const message = 'the answers of a batch cannot be read';
        fail(new ConnectError(message, Code.Internal, undefined, undefined, error));
        opened.close(constants.NGHTTP2_CANCEL);
      }
    });
  }

  /** No call of the batch ran, if it is our server that says so; each is unknown all the same. */
  function readRefusal(opened: ClientHttp2Stream, status: number, headers: Incoming['headers']): void {
    if (unknownBatchStatuses.has(status)) {
      events.onUnknownFormat();
      fail(new ConnectError('the server takes no batches of calls', Code.Unavailable));
    }
    const chunks: Buffer[] = [];
    let byteCount = 0;
    opened.on('data', (chunk: Buffer) => {
      byteCount += chunk.byteLength;
      if (byteCount <= readBytesMax) chunks.push(chunk);
    });
    opened.on('end', () => fail(errorOf({ status, headers, body: Buffer.concat(chunks) })));
  }

  return {
    fail,
    readFrom(opened) {
      stream = opened;
      opened.on('response', (headers) => {
        const status = headers[':status'] ?? 0;
        if (status === 200 && headers['content-type'] === batchType) readAnswers(opened);
        else readRefusal(opened, status, headers);
      });
      opened.on('error', (error) => fail(streamError(error)));
      opened.on('close', () => {
        if (waiting.size > 0) fail(streamError());
      });
      if (waiting.size === 0) opened.close(constants.NGHTTP2_CANCEL);
    },
  };
}
