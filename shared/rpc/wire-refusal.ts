// A refusal as it goes over HTTP/2: what an error is in each protocol, and how it is written. It decides nothing.

import type { OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { ConnectError } from '@connectrpc/connect';
import { codeToHttpStatus, errorToJsonBytes } from '@connectrpc/connect/protocol-connect';
import { setTrailerStatus } from '@connectrpc/connect/protocol-grpc';
import { encodeGrpcMessage } from './grpc-message.ts';
import { dropBody } from './stream-body.ts';

/** Encoded once, it can be written as often as it is true. */
export interface WireRefusal {
  readonly connect: { readonly headers: OutgoingHttpHeaders; readonly body: Uint8Array };
  /** gRPC's answer without a message: headers alone. */
  readonly grpc: OutgoingHttpHeaders;
}

export interface WireProtocol {
  readonly name: 'grpc' | 'connect';
  readonly contentType: string;
}

export function encodeRefusal(error: ConnectError): WireRefusal {
  const trailers = Object.fromEntries(setTrailerStatus(new Headers(), error));
  return {
    connect: {
      headers: {
        ':status': codeToHttpStatus(error.code),
        'content-type': 'application/json',
        ...Object.fromEntries(error.metadata),
      },
      body: errorToJsonBytes(error, undefined),
    },
    grpc: { ':status': 200, ...trailers, 'grpc-message': encodeGrpcMessage(error.rawMessage) },
  };
}

/** Ends the call with it, unless the caller has left or has an answer already. */
export function writeRefusal(
  stream: ServerHttp2Stream,
  { name, contentType }: WireProtocol,
  { connect, grpc }: WireRefusal,
): void {
  if (stream.destroyed || stream.headersSent) return;
  if (name === 'connect') {
    stream.respond(connect.headers);
    stream.end(connect.body);
  } else {
    stream.respond({ ...grpc, 'content-type': contentType }, { endStream: true });
  }
  dropBody(stream);
}
