import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { controlProvider } from '../../cli/storm/provider/control.ts';
import { freePort } from '../../shared/processes/index.ts';

// The card provider as a storm finds it right after the kills: it listens, and has no time yet.

const endings: (() => unknown)[] = [];

afterEach(() => {
  for (const end of endings.splice(0).reverse()) end();
});

/** The first request to each path meets `first`; the others are answered. */
async function provider(first: (request: IncomingMessage, response: ServerResponse) => void) {
  const orders: string[] = [];
  const seen = new Set<string>();
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    if (!seen.has(path)) {
      seen.add(path);
      first(request, response);
      return;
    }
    if (request.method === 'POST') orders.push(path);
    response.end(JSON.stringify({ payments: [], life: 'a', requestCount: 3, misbehaved: {} }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endings.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, orders };
}

async function control(address: string, patienceMs?: number) {
  const controlled = await controlProvider({
    address,
    faults: undefined,
    ...(patienceMs === undefined ? {} : { patienceMs }),
  });
  endings.push(() => controlled.stop());
  return controlled;
}

test('a provider that does not answer in its two seconds is asked again, and behaves', async () => {
  const { address, orders } = await provider(() => undefined);
  const controlled = await control(address);
  await controlled.heal();
  expect(orders).toEqual(['/admin/rate', '/admin/webhooks']);
  expect(controlled.behaved().requestCount).toBe(3);
});

test('one that loses the connection is asked again, for its books too', async () => {
  const { address, orders } = await provider((_, response) => response.destroy());
  const controlled = await control(address);
  await controlled.heal();
  expect(orders).toEqual(['/admin/rate', '/admin/webhooks']);
  expect(await controlled.books()).toEqual([]);
});

test('one that stays away ends the storm, with a sentence', async () => {
  const port = await freePort();
  const controlled = await control(`http://127.0.0.1:${port}`, 100);
  const sentence = `The card provider at http://127.0.0.1:${port} does not show its`;
  await expect(controlled.heal()).rejects.toThrow(`${sentence} tally: connect ECONNREFUSED`);
  await expect(controlled.books()).rejects.toThrow(`${sentence} books: connect ECONNREFUSED`);
});
