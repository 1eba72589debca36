// The answers of a batch on their way out: each leaves in the turn of the event loop in which it is ready, together with
// those that are ready in the same one.

import type { ServerHttp2Stream } from 'node:http2';
import { type AnswerHead, batchType, frameOf } from './batch-frames.ts';

export interface BatchAnswer extends Omit<AnswerHead, 'call'> {
  readonly body: Uint8Array;
}

export interface BatchAnswers {
  /** Once for each call of the batch; the last one ends the stream. */
  answer(call: number, answer: BatchAnswer): void;
}

export function createBatchAnswers(stream: ServerHttp2Stream, callCount: number): BatchAnswers {
  let ready: Buffer[] = [];
  let openCount = callCount;

  function send(): void {
    const frames = ready;
    ready = [];
    if (stream.destroyed || stream.closed) return;
    if (!stream.headersSent) stream.respond({ ':status': 200, 'content-type': batchType });
    const bytes = Buffer.concat(frames);
    if (openCount === 0) stream.end(bytes);
    else stream.write(bytes);
  }

  return {
    answer(call, { status, headers, body }) {
      openCount -= 1;
      ready.push(frameOf({ call, status, headers }, body));
      if (ready.length === 1) setImmediate(send);
    },
  };
}
