// Batches of calls on the server: many calls on one HTTP/2 stream, each run and answered as if it had come alone.
//
// A batch is read whole and looked through before any of its calls runs, so what is malformed changes nothing. Then each
// call goes through gate, interceptors and handler by itself, with its own headers, deadline and place; its answer leaves
// as soon as it is ready, and none waits for a slower one.

import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { Code, ConnectError } from '@connectrpc/connect';
import { codeToHttpStatus, errorToJsonBytes } from '@connectrpc/connect/protocol-connect';
import { type BatchAnswer, createBatchAnswers } from './batch-answers.ts';
import { batchType, type CallHead, createFrameReader, isCallHead, malformed } from './batch-frames.ts';
import { batchLimits } from './batch-limits.ts';
import { unknownPathMessage } from './not-a-call.ts';
import { bodyOf, dropBody, messageTooLarge } from './stream-body.ts';
import type { StreamWatch } from './stream-end.ts';
import { fetchHeaders, type UnaryCalls } from './unary-calls.ts';

export interface BatchedCallsOptions {
  readonly calls: UnaryCalls;
  /** Throws when the stream's token is nobody's: nothing more is read then. Each call passes its own gate besides. */
  readonly authenticate: (headers: Headers) => void;
  /** The error for a batch that there is no room to read. */
  readonly refusal: () => ConnectError;
  /** The largest message of one call. */
  readonly readBytesMax: number;
  readonly watch: StreamWatch['watch'];
}

export interface BatchedCalls {
  /** Takes the batch and returns true, or leaves untouched what is none and returns false. */
  take(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): boolean;
}

interface BatchedCall {
  readonly head: CallHead;
  readonly body: Uint8Array;
}

const tooLarge = `a batch of calls is larger than ${batchLimits.bytesMax} bytes`;

export function createBatchedCalls(options: BatchedCallsOptions): BatchedCalls {
  const { calls, authenticate, refusal, readBytesMax, watch } = options;
  let beingReadCount = 0;

  async function read(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<BatchedCall[]> {
    authenticate(fetchHeaders(headers));
    if (beingReadCount >= batchLimits.readAtOnceMax) throw refusal();
    beingReadCount += 1;
    try {
      return callsIn(await bodyOf(stream, batchLimits.bytesMax, tooLarge));
    } finally {
      beingReadCount -= 1;
    }
  }

  async function run(
    { head, body }: BatchedCall,
    shared: IncomingHttpHeaders,
    signal: AbortSignal,
  ): Promise<BatchAnswer> {
    const spec = calls.specOf(head.path);
    if (spec === undefined)
      return errorAnswer(new ConnectError(unknownPathMessage(head.path), Code.Unimplemented));
    const headers = { ...head.headers, ...shared };
    const context = calls.contextOf(spec, { protocolName: 'connect', headers, signal });
    try {
      const bytes = await calls.run(spec, context, () => withinLimit(body, readBytesMax));
      const answered = { 'content-type': 'application/proto', ...Object.fromEntries(context.responseHeader) };
      return { status: 200, headers: answered, body: bytes };
    } catch (error) {
      return errorAnswer(ConnectError.from(error, Code.Internal), context.responseHeader);
    }
  }

  async function serve(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> {
    const { signal, release } = watch(stream);
    try {
      const batch = await read(stream, headers);
      const answers = createBatchAnswers(stream, batch.length);
      const shared = { ':authority': headers[':authority'], authorization: headers.authorization };
      await Promise.all(
        batch.map((call, index) => run(call, shared, signal).then((answer) => answers.answer(index, answer))),
      );
    } catch (error) {
      refuse(stream, ConnectError.from(error, Code.Internal));
    } finally {
      release();
    }
  }

  return {
    take(stream, headers) {
      if (headers['content-type'] !== batchType || headers[':method'] !== 'POST') return false;
      void serve(stream, headers);
      return true;
    },
  };
}

function callsIn(body: Buffer): BatchedCall[] {
  const reader = createFrameReader(batchLimits.bytesMax);
  const batch = reader.push(body).map(({ head, body: message }, index) => {
    if (!isCallHead(head)) throw malformed(`call ${index} has no path and headers`);
    return { head, body: message };
  });
  if (reader.isInside()) throw malformed('the last call is cut short');
  if (batch.length === 0) throw malformed('it is empty');
  if (batch.length > batchLimits.callsMax) {
    throw malformed(`it has ${batch.length} calls, of at most ${batchLimits.callsMax}`);
  }
  return batch;
}

function withinLimit(message: Uint8Array, readBytesMax: number): Uint8Array {
  if (message.byteLength <= readBytesMax) return message;
  throw new ConnectError(messageTooLarge(readBytesMax), Code.ResourceExhausted);
}

function errorAnswer(error: ConnectError, responseHeader = new Headers()): BatchAnswer {
  return {
    status: codeToHttpStatus(error.code),
    headers: {
      'content-type': 'application/json',
      ...Object.fromEntries(responseHeader),
      ...Object.fromEntries(error.metadata),
    },
    body: errorToJsonBytes(error, undefined),
  };
}

/** The whole of it: no call of it ran. */
function refuse(stream: ServerHttp2Stream, error: ConnectError): void {
  if (stream.destroyed || stream.headersSent) return;
  const { status, headers, body } = errorAnswer(error);
  stream.respond({ ':status': status, ...headers });
  stream.end(body);
  dropBody(stream);
}
