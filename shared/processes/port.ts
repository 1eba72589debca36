// Ports of this machine: which are free, and one that stays ours across a restart.

import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Below the range from which systems take the ports of outgoing connections (32768 or 49152 upwards). A port from
 * that range, free while its server restarts, could be taken by a client that is trying to reach it. */
const portMin = 20_000;
const portMax = 32_767;

/** More than enough on any machine: it would take thousands of servers to fail so often. */
const attemptCountMax = 100;

/** A port of `host` that nobody listens on now, and that no outgoing connection will take. */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (let attempt = 0; attempt < attemptCountMax; attempt++) {
    const port = randomInt(portMin, portMax + 1);
    if (await isPortFree(host, port)) return port;
  }
  throw new Error(`no free port found on ${host} between ${portMin} and ${portMax}`);
}

/** Whether a server could listen there now. It listens for a moment to find out. */
export function isPortFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(false);
      else reject(error);
    });
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
