// Until when the calls on HTTP/2 streams are waited for: their caller leaves, or the server stops.

import type { ServerHttp2Stream } from 'node:http2';
import { Code, ConnectError } from '@connectrpc/connect';
import { createPassing, type Logger } from '../runtime/index.ts';

export interface WatchedStream {
  /** Aborts when the caller has left, or with the server's reason when it has stopped waiting. */
  readonly signal: AbortSignal;
  /** Stops watching. */
  release(): void;
}

export interface StreamWatch {
  watch(stream: ServerHttp2Stream): WatchedStream;
  /** Aborts what is watched, and whatever comes later. */
  endAll(reason: unknown): void;
}

// Not one signal of the server that every call listens to: its list of listeners is walked for each, and one that was
// removed keeps the next one alive, as passing.ts tells of tables.
export function createStreamWatch(log: Logger): StreamWatch {
  const watched = createPassing<ServerHttp2Stream, AbortController>();
  let allEnded: { readonly reason: unknown } | undefined;
  return {
    watch(stream) {
      const ended = new AbortController();
      const leave = () => ended.abort(new ConnectError('the caller has left', Code.Canceled));
      watched.set(stream, ended);
      stream.once('aborted', leave);
      // An answer to somebody who has left; without a listener it would end the process.
      stream.on('error', (error) => log.debug({ err: error }, 'stream broken'));
      if (allEnded) ended.abort(allEnded.reason);
      return {
        signal: ended.signal,
        release() {
          watched.delete(stream);
          stream.off('aborted', leave);
        },
      };
    },
    endAll(reason) {
      allEnded = { reason };
      for (const ended of watched.all().values()) ended.abort(reason);
    },
  };
}
