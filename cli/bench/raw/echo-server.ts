// An HTTP/2 server that sends back what it gets: what the client and the wire can do at most, with no service behind.

import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { servePart } from '../part.ts';

servePart<undefined, 'where', string>(async () => {
  const server = createServer();
  server.on('stream', (stream) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', () => undefined);
    stream.on('end', () => {
      stream.respond({ ':status': 200, 'content-type': 'application/proto' });
      stream.end(Buffer.concat(chunks));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    answer: async () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => void server.close(),
  };
});
