// The Connect protocol over raw HTTP/2: one request, one answer, as cheap as Node can do it, so that a storm or a benchmark
// measures the services and not its own client. It retries nothing and hides nothing: an answer that is not whole is `lost`.

import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';

export interface WireRequest {
  /** `/twicesafe.order.v1.OrderService/PlaceOrder` */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** When this side stops waiting and resets its stream. */
  readonly giveUpMs: number;
}

export type WireAnswer =
  | { readonly lost: false; readonly status: number; readonly replayed: boolean; readonly body: Buffer }
  | { readonly lost: true; readonly why: 'gave up' | 'reset' | 'no connection' };

export interface Wire {
  /** Never rejects. */
  call(request: WireRequest): Promise<WireAnswer>;
  close(): void;
}

/** Our largest answer is a page of orders; an audit does not come this way. */
const answerBytesMax = 4 * 1024 * 1024;

/** One connection to one address, opened when it is needed and again after it broke. */
export function openWire(address: string): Wire {
  let session: ClientHttp2Session | undefined;

  function sessionNow(): ClientHttp2Session {
    if (session && !session.closed && !session.destroyed) return session;
    const opened = connect(address);
    const forget = () => {
      if (session === opened) session = undefined;
    };
    // Each call hears of it through its own stream.
    opened.on('error', forget);
    opened.on('close', forget);
    opened.on('goaway', forget);
    session = opened;
    return opened;
  }

  return {
    call(request) {
      return new Promise((resolve) => {
        let stream: ClientHttp2Stream;
        try {
          stream = sessionNow().request({
            ':method': 'POST',
            ':path': request.path,
            'content-type': 'application/proto',
            'connect-protocol-version': '1',
            ...request.headers,
          });
        } catch {
          // The session ended between the look and the request.
          session = undefined;
          resolve({ lost: true, why: 'no connection' });
          return;
        }
        let status = 0;
        let replayed = false;
        let gaveUp = false;
        let whole = false;
        let byteCount = 0;
        const chunks: Buffer[] = [];
        const timer = setTimeout(() => {
          gaveUp = true;
          stream.close(constants.NGHTTP2_CANCEL);
        }, request.giveUpMs);
        stream.on('response', (headers) => {
          status = Number(headers[':status']);
          replayed = headers['idempotency-replayed'] === 'true';
        });
        stream.on('data', (chunk: Buffer) => {
          byteCount += chunk.length;
          if (byteCount > answerBytesMax) stream.close(constants.NGHTTP2_CANCEL);
          else chunks.push(chunk);
        });
        stream.on('end', () => {
          whole = true;
        });
        stream.on('error', () => undefined);
        stream.on('close', () => {
          clearTimeout(timer);
          // A reset can come with an `end`; only code 0 says that the server finished its answer.
          if (whole && status !== 0 && stream.rstCode === constants.NGHTTP2_NO_ERROR && !gaveUp) {
            resolve({ lost: false, status, replayed, body: Buffer.concat(chunks) });
          } else {
            resolve({
              lost: true,
              why: gaveUp ? 'gave up' : status === 0 && !whole ? 'no connection' : 'reset',
            });
          }
        });
        stream.end(request.body);
      });
    },
    close() {
      session?.destroy();
      session = undefined;
    },
  };
}
