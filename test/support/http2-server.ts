// An HTTP/2 server that does with each stream what a test says: for what no server of ours would do.

import { createServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';

export async function serveHttp2(
  onStream: (stream: ServerHttp2Stream) => void,
): Promise<{ readonly address: string; close(): void }> {
  const server = createServer();
  server.on('stream', (stream) => {
    stream.on('error', () => undefined);
    onStream(stream);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => void server.close(),
  };
}
