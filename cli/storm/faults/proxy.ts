// Loses answers after they were made. It stands between client and service and passes every request on; what the service
// answers is read to its end and then thrown away. So the service did its work, recorded it and believes that it said so,
// and the client knows nothing: the situation that everything here is built for.
//
//   reset   the client's stream is reset when the answer was complete
//   silent  the client hears nothing, ever
//   cut     the whole connection is closed when an answer was complete, with whatever else was under way on it
//
// Which calls take which way is the plan's decision: each way has a port of its own. Header frames are passed on, because
// the compression of all later headers depends on them; they only begin an answer. HTTP/1.1 is not understood here.

import { connect, createServer, type Socket } from 'node:net';
import {
  createFrameSplitter,
  endStreamFlag,
  type Frame,
  frameTypes,
  rstStream,
  windowUpdate,
  withoutEnd,
} from './frames.ts';

export type Loss = 'reset' | 'silent' | 'cut';

export interface LossyWay {
  /** `http://127.0.0.1:port` */
  readonly address: string;
  /** Answers that the service completed and no client received. */
  lostCount(): number;
  close(): Promise<void>;
}

const host = '127.0.0.1';
/** INTERNAL_ERROR: what a client sees of a proxy that lost its upstream. */
const resetCode = 2;

export async function openProxy(target: string, loss: Loss): Promise<LossyWay> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let lostCount = 0;

  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      // Either end's loss is the other's; a reset here is the storm's weather, not a fault of the proxy.
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.pipe(upstream);
    const split = createFrameSplitter();
    upstream.on('data', (chunk: Buffer) => {
      for (const frame of split(chunk)) {
        if (client.destroyed) return;
        pass(frame, client, upstream);
      }
    });
  });

  function pass(frame: Frame, client: Socket, upstream: Socket): void {
    const { type, flags, streamId, bytes } = frame;
    const isAnswer = type === frameTypes.data || type === frameTypes.headers;
    if (!isAnswer) {
      client.write(bytes);
      return;
    }
    if (type === frameTypes.headers) client.write(withoutEnd(frame));
    // The client will never say that it took these bytes, so the proxy does: or the service would stop sending.
    else if (bytes.length > 9) upstream.write(windowUpdate(bytes.length - 9));
    if ((flags & endStreamFlag) === 0) return;
    lostCount += 1;
    if (loss === 'reset') client.write(rstStream(streamId, resetCode));
    if (loss === 'cut') client.destroy();
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, host, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  return {
    address: `http://${host}:${address.port}`,
    lostCount: () => lostCount,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
