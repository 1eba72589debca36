// Unary calls in Connect's protocol, from message to bytes and back: the calls between our own services.
//
// Connect's client transport does the same and much more (streaming, compression, JSON, GET), and pays for it on each
// call. What is left out here is never used between the services.

import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { Transport } from '@connectrpc/connect';
import { type Exchange, errorOf, type Incoming } from './exchange.ts';

/**
 * A transport for unary calls. It rejects with what the server said (a ConnectError with its details), or with the
 * exchange's error, which says nothing of what the server did. The timeout for the server is the caller's to put into
 * the headers.
 */
export function createDirectTransport(exchange: Exchange): Transport {
  return {
    async unary(method, signal, _timeoutMs, header, input) {
      const answer = await exchange({
        path: `/${method.parent.typeName}/${method.name}`,
        headers: plain(header),
        body: toBinary(method.input, create(method.input, input)),
        signal,
      });
      if (answer.status !== 200 || answer.headers['content-type'] !== 'application/proto') {
        throw errorOf(answer);
      }
      const message = fromBinary(method.output, answer.body);
      const response = { stream: false as const, service: method.parent, method, message };
      return { ...response, header: received(answer), trailer: new Headers() };
    },
    stream() {
      throw new Error('our services do not stream to each other');
    },
  };
}

/** Our client's are plain already. */
function plain(header: ConstructorParameters<typeof Headers>[0]): Readonly<Record<string, string>> {
  if (header instanceof Headers || Array.isArray(header)) return Object.fromEntries(new Headers(header));
  return (header ?? {}) as Record<string, string>;
}

function received({ headers }: Incoming): Headers {
  const fetched = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    if (!name.startsWith(':') && typeof value === 'string') fetched.set(name, value);
  }
  return fetched;
}
