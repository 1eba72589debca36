// The format of a batch, which only our own client and server speak. A request's body is one frame for each call, its
// answer's body one frame for each answer, in the order in which they are ready.
//
//   frame   head's length (4 bytes), body's length (4), head (JSON), body
//   call    head {path, headers}, body: the message
//   answer  head {call, status, headers}, body: what Connect would answer, a message or an error in JSON
//
// Lengths are big-endian. `call` is the call's place in its batch.

import { Code, ConnectError } from '@connectrpc/connect';

export const batchType = 'application/twicesafe-calls';
export const batchPath = '/twicesafe.calls';

/** Of servers of ours that are older than batches, and of whatever else does not know them. */
export const unknownBatchStatuses: ReadonlySet<number> = new Set([404, 405, 415]);

type FrameHeaders = Readonly<Record<string, string>>;

export interface CallHead {
  readonly path: string;
  /** Without `authorization`, which the stream has for all of its calls. */
  readonly headers: FrameHeaders;
}

export interface AnswerHead {
  readonly call: number;
  readonly status: number;
  readonly headers: FrameHeaders;
}

export interface Frame {
  readonly head: unknown;
  readonly body: Uint8Array;
}

const lengthsBytes = 8;

/** A frame in one piece. */
export function frameOf(head: CallHead | AnswerHead, body: Uint8Array): Buffer {
  const text = JSON.stringify(head);
  const headBytes = Buffer.byteLength(text);
  const frame = Buffer.allocUnsafe(lengthsBytes + headBytes + body.byteLength);
  frame.writeUInt32BE(headBytes, 0);
  frame.writeUInt32BE(body.byteLength, 4);
  frame.write(text, lengthsBytes);
  frame.set(body, lengthsBytes + headBytes);
  return frame;
}

export interface FrameReader {
  /** The frames that are whole now. Throws a ConnectError for what is none, and for one that is too large. */
  push(chunk: Buffer): Frame[];
  /** Whether a frame has begun and is not whole. */
  isInside(): boolean;
}

/** Keeps at most one frame that is not whole. */
export function createFrameReader(frameBytesMax: number): FrameReader {
  let rest: Buffer = Buffer.alloc(0);
  return {
    push(chunk) {
      rest = rest.byteLength === 0 ? chunk : Buffer.concat([rest, chunk]);
      const frames: Frame[] = [];
      while (rest.byteLength >= lengthsBytes) {
        const bodyAt = lengthsBytes + rest.readUInt32BE(0);
        const end = bodyAt + rest.readUInt32BE(4);
        if (end > frameBytesMax) throw malformed(`a frame of ${end} bytes`);
        if (rest.byteLength < end) break;
        frames.push({
          head: headOf(rest.toString('utf8', lengthsBytes, bodyAt)),
          body: rest.subarray(bodyAt, end),
        });
        rest = rest.subarray(end);
      }
      return frames;
    },
    isInside: () => rest.byteLength > 0,
  };
}

function headOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw malformed('a head that is no JSON');
  }
}

export function isCallHead(head: unknown): head is CallHead {
  const { path, headers } = (head ?? {}) as Partial<Record<keyof CallHead, unknown>>;
  return typeof path === 'string' && areHeaders(headers);
}

export function isAnswerHead(head: unknown): head is AnswerHead {
  const { call, status, headers } = (head ?? {}) as Partial<Record<keyof AnswerHead, unknown>>;
  return Number.isInteger(call) && Number.isInteger(status) && areHeaders(headers);
}

const headerName = /^[a-z0-9-]+$/;
const headerValue = /^[\x20-\x7e]*$/;

/** What HTTP would let through: whoever reads them takes them for headers. */
function areHeaders(headers: unknown): headers is FrameHeaders {
  if (typeof headers !== 'object' || headers === null) return false;
  return Object.entries(headers).every(
    ([name, value]) => headerName.test(name) && typeof value === 'string' && headerValue.test(value),
  );
}

export function malformed(what: string): ConnectError {
  return new ConnectError(`not a batch of calls: ${what}`, Code.InvalidArgument);
}
