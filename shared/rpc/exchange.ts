// One call on the wire, as bytes: what goes out and what comes back. It knows no RPC and no way to bring it there.

import type { IncomingHttpHeaders } from 'node:http2';
import { Code, ConnectError } from '@connectrpc/connect';
import { codeFromHttpStatus, errorFromJsonBytes } from '@connectrpc/connect/protocol-connect';
import type { Ending } from './cutoff.ts';

export interface Outgoing {
  /** `/package.Service/Method` */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** Ends the waiting, with its reason. */
  readonly signal: Ending | undefined;
}

export interface Incoming {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Uint8Array;
}

/** Rejects with the signal's reason, or with the connection's error, which says nothing of what the server did. */
export type Exchange = (call: Outgoing) => Promise<Incoming>;

/** What an answer that is no message says. */
export function errorOf({ status, headers, body }: Incoming): ConnectError {
  const fallback = new ConnectError(`HTTP ${status}`, codeFromHttpStatus(status));
  if (headers['content-type'] !== 'application/json') return fallback;
  try {
    return errorFromJsonBytes(body, undefined, fallback);
  } catch {
    // A body that cannot be read says no more than its status.
    return fallback;
  }
}

/** A stream that broke, or closed too early: nobody knows what the server did. */
export function streamError(error?: Error): ConnectError {
  const message = error?.message ?? 'the connection was lost before the answer';
  return new ConnectError(message, Code.Unavailable, undefined, undefined, error);
}
