// One cleartext port for HTTP/1.1 and HTTP/2: looks at the first bytes of each connection. It knows nothing of RPCs.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import {
  createServer as createHttp2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { ServerLimits } from './limits.ts';

export interface OnePort {
  readonly port: number;
  /** Accepts nothing new: closes the listener, tells HTTP/2 peers to go away, ends idle connections. */
  stopAccepting(): void;
  /** Ends connections that only wait for another request; called when a request ended during a stop. */
  closeIdle(): void;
  /** Destroys what is left and resolves when the port is free. */
  destroy(): Promise<void>;
}

export interface OnePortOptions {
  readonly host: string;
  readonly port: number;
  /** The environment variable that sets the port, for the sentence that says how to get out. */
  readonly portVariable: string | undefined;
  readonly limits: ServerLimits;
  /** Node gives an HTTP/2 request and response the shape of HTTP/1.1's, so one handler serves both. */
  handle(request: IncomingMessage, response: ServerResponse): void;
  /** Sees each HTTP/2 request first, as a stream; returns false to leave it to `handle`. */
  takeStream(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): boolean;
}

/** Rejects with an Error of one plain sentence when the port cannot be had. Port 0 takes any free one. */
export async function openOnePort(options: OnePortOptions): Promise<OnePort> {
  const { limits, handle, takeStream } = options;
  const http2 = createHttp2Server({
    settings: {
      maxConcurrentStreams: limits.connectionStreamsMax,
      maxHeaderListSize: limits.headerBytesMax,
    },
    maxSessionMemory: limits.connectionMemoryBytes / 1_000_000,
    streamResetBurst: limits.streamResetBurst,
    streamResetRate: limits.streamResetsPerSecond,
    maxSessionRejectedStreams: limits.connectionRejectedStreamsMax,
  });
  // Never listens: it only gives a stream the shape of a request and a response.
  const requests = createHttp2Server(
    handle as unknown as (request: Http2ServerRequest, response: Http2ServerResponse) => void,
  );
  http2.on('stream', (stream, headers, ...more) => {
    if (!takeStream(stream, headers)) requests.emit('stream', stream, headers, ...more);
  });
  // The HTTP/1.1 server owns the listener, because Node watches over slow requests only where it listens itself.
  const listener = createServer(
    {
      maxHeaderSize: limits.headerBytesMax,
      headersTimeout: limits.requestMsMax,
      requestTimeout: limits.requestMsMax,
      keepAliveTimeout: limits.connectionIdleMsMax,
    },
    handle,
  );
  listener.maxConnections = limits.connectionsMax;

  const sockets = new Set<Socket>();
  const sessions = new Set<ServerHttp2Session>();
  http2.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
    session.setTimeout(limits.connectionIdleMsMax, () => session.close());
  });

  const [serveHttp1] = listener.listeners('connection');
  listener.removeAllListeners('connection');
  listener.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    onFirstBytes(socket, limits.firstBytesMsMax, (isHttp2) => {
      if (isHttp2) http2.emit('connection', socket);
      else serveHttp1?.call(listener, socket);
    });
  });

  await new Promise<void>((resolve, reject) => {
    listener.once('error', (error) => reject(listenError(error, options)));
    listener.listen(options.port, options.host, resolve);
  });
  const closed = new Promise<void>((resolve) => listener.once('close', resolve));
  return {
    port: (listener.address() as AddressInfo).port,
    stopAccepting() {
      listener.close();
      for (const session of sessions) session.close();
    },
    closeIdle: () => listener.closeIdleConnections(),
    async destroy() {
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** An HTTP/2 client begins with "PRI * HTTP/2.0"; no HTTP/1.1 method begins with these letters. */
const http2Preface = 'PRI ';

function onFirstBytes(socket: Socket, durationMsMax: number, serve: (isHttp2: boolean) => void): void {
  const drop = () => socket.destroy();
  let seen = Buffer.alloc(0);
  socket.on('error', drop);
  socket.once('end', drop);
  socket.setTimeout(durationMsMax, drop);
  socket.on('readable', look);
  function look() {
    const bytes: Buffer | null = socket.read();
    if (bytes === null) return;
    seen = Buffer.concat([seen, bytes]);
    const start = seen.toString('latin1', 0, http2Preface.length);
    // Too few bytes to tell: wait for more, until the timeout.
    if (start.length < http2Preface.length && http2Preface.startsWith(start)) return;
    socket.off('readable', look);
    socket.off('end', drop);
    socket.setTimeout(0);
    socket.off('timeout', drop);
    // Only now: an unshift makes the socket readable, so doing it on every look would never end.
    socket.unshift(seen);
    serve(start === http2Preface);
  }
}

function listenError(error: NodeJS.ErrnoException, options: OnePortOptions): Error {
  const wayOut = options.portVariable === undefined ? 'take another port' : `set ${options.portVariable}`;
  switch (error.code) {
    case 'EADDRINUSE':
      return new Error(`port ${options.port} is taken by another program: stop it or ${wayOut}`, {
        cause: error,
      });
    case 'EACCES':
      return new Error(`port ${options.port} needs more rights: ${wayOut} to one above 1023`, {
        cause: error,
      });
    default:
      return new Error(`cannot listen on ${options.host} port ${options.port}: ${error.message}`, {
        cause: error,
      });
  }
}
