// Callers that give up while a server has no time for them. What a server counts as an open stream is then over for them
// already, so it seems to have far more than a connection may. With Node's own limits that cost the connection of every
// healthy caller on it, and sometimes the process (see connectionRejectedStreamsMax).

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const patienceMs = 700;
const callCount = 8_000;
/** More than a connection may have open in the time of one pause of the server. */
const callsPerTick = 30;
const tickMs = 20;

test('thousands of calls that are given up do not cost their connection, and one with more patience is answered on it', async () => {
  const child = fork(fileURLToPath(new URL('../support/busy-server.ts', import.meta.url)));
  try {
    const [{ address }] = (await once(child, 'message')) as [{ address: string }];
    const session = connect(address);
    const ends: string[] = [];
    session.on('error', (error) => ends.push(error.message));
    session.on('goaway', (code) => ends.push(`told to go away with ${code}`));
    session.on('close', () => ends.push('closed'));

    const calls: Promise<number>[] = [];
    while (calls.length < callCount && ends.length === 0) {
      for (let call = 0; call < callsPerTick; call += 1) calls.push(place(session, calls.length, patienceMs));
      await sleep(tickMs);
    }
    const statuses = await Promise.all(calls);
    expect(statuses.filter((status) => status === 0).length).toBeGreaterThan(1_000);
    await expect.poll(() => place(session, calls.length, 5_000), { timeout: 20_000 }).toBe(200);
    expect(ends).toEqual([]);
    session.destroy();
  } finally {
    child.kill('SIGKILL');
  }
});

/** Resolves with the status, 0 when it was given up before. */
function place(session: ClientHttp2Session, count: number, giveUpAfterMs: number): Promise<number> {
  return new Promise((resolve) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': '/twicesafe.order.v1.OrderService/PlaceOrder',
      'content-type': 'application/json',
      'request-id': `given-up-${String(count).padStart(5, '0')}`,
    });
    let status = 0;
    stream.setTimeout(giveUpAfterMs, () => stream.close());
    stream.on('response', (headers) => {
      status = headers[':status'] ?? 0;
    });
    stream.on('error', () => undefined);
    stream.on('close', () => resolve(status));
    stream.resume();
    stream.end(JSON.stringify({ accountId: 'alice', lines: [{ sku: 'tea-1', quantity: 1 }] }));
  });
}
