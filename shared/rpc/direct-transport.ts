// Unary calls in Connect's protocol, from message to bytes and back: the calls between our own services.
//
// Connect's client transport does the same and much more (streaming, compression, JSON, GET), and pays for it on each
// call. What is left out here is never used between the services.

import {
  create,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import type { Cutoff } from './cutoff.ts';
import { type Exchange, errorOf } from './exchange.ts';

export interface DirectTransport {
  /**
   * Rejects with what the server said (a ConnectError with its details), or with the exchange's error, which says nothing
   * of what the server did. The timeout for the server is the caller's to put into the headers.
   */
  unary(
    method: DescMethodUnary,
    request: MessageInitShape<DescMethodUnary['input']>,
    headers: Readonly<Record<string, string>>,
    cutoff: Cutoff,
  ): Promise<Reply>;
}

export interface Reply {
  readonly message: MessageShape<DescMethodUnary['output']>;
  /** Names in lower case. Plain: making and copying Fetch's headers costs each call more than its message. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export function createDirectTransport(exchange: Exchange): DirectTransport {
  return {
    async unary(method, request, headers, cutoff) {
      const answer = await exchange({
        path: `/${method.parent.typeName}/${method.name}`,
        headers,
        body: toBinary(method.input, create(method.input, request)),
        signal: cutoff,
      });
      if (answer.status !== 200 || answer.headers['content-type'] !== 'application/proto') {
        throw errorOf(answer);
      }
      return { message: fromBinary(method.output, answer.body), headers: answer.headers };
    },
  };
}
