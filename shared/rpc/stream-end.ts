// Until when the calls on an HTTP/2 stream are waited for: their caller leaves, or the server stops.

import type { ServerHttp2Stream } from 'node:http2';
import { Code, ConnectError } from '@connectrpc/connect';
import type { Logger } from '../runtime/index.ts';

export interface WatchedStream {
  /** Aborts when the caller has left, or with the reason of `stopping`. */
  readonly signal: AbortSignal;
  /** Stops watching. `stopping` lives as long as the server: what stayed attached to it would never be freed. */
  release(): void;
}

export function watchStream(stream: ServerHttp2Stream, stopping: AbortSignal, log: Logger): WatchedStream {
  const ended = new AbortController();
  const stop = () => ended.abort(stopping.reason);
  const leave = () => ended.abort(new ConnectError('the caller has left', Code.Canceled));
  stopping.addEventListener('abort', stop);
  stream.once('aborted', leave);
  // An answer to somebody who has left; without a listener it would end the process.
  stream.on('error', (error) => log.debug({ err: error }, 'stream broken'));
  return {
    signal: ended.signal,
    release() {
      stopping.removeEventListener('abort', stop);
      stream.off('aborted', leave);
    },
  };
}
