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

interface Waiting {
  readonly call: BatchedCall;
  readonly onAbort: () => void;
}

/** Room for an answer's head beside its body. */
const headBytesMax = 16 * 1024;

/** A call whose signal aborts leaves the others alone: only when nobody waits any more is the stream reset. */
export function createBatchInFlight(
  batch: readonly BatchedCall[],
  readBytesMax: number,
  events: BatchEvents,
): BatchInFlight {
  /** By their place in the batch; undefined: settled. */
  const waiting: (Waiting | undefined)[] = batch.map((call, index) => {
    const onAbort = () => {
      take(index)?.reject(call.call.signal?.reason);
      if (waitingCount === 0) stream?.close(constants.NGHTTP2_CANCEL);
    };
    call.call.signal?.addEventListener('abort', onAbort);
    return { call, onAbort };
  });
  let waitingCount = batch.length;
  let stream: ClientHttp2Stream | undefined;

  /** The call if it is not settled yet; from now on it is. */
  function take(index: number): BatchedCall | undefined {
    const found = waiting[index];
    if (found === undefined) return undefined;
    waiting[index] = undefined;
    waitingCount -= 1;
    found.call.call.signal?.removeEventListener('abort', found.onAbort);
    if (waitingCount === 0) events.onSettled();
    return found.call;
  }

  function fail(error: unknown): void {
    for (const index of waiting.keys()) take(index)?.reject(error);
  }

  function readAnswers(opened: ClientHttp2Stream): void {
    const reader = createFrameReader(readBytesMax + headBytesMax);
    opened.on('data', (chunk: Buffer) => {
      try {
        for (const { head, body } of reader.push(chunk)) {
          if (!isAnswerHead(head)) throw new Error('an answer without call, status and headers');
          take(head.call)?.resolve({ status: head.status, headers: head.headers, body });
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
        if (waitingCount > 0) fail(streamError());
      });
      if (waitingCount === 0) opened.close(constants.NGHTTP2_CANCEL);
    },
  };
}
