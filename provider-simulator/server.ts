// The simulator on a port: from HTTP to the provider behind it, and back, or not back.

import { mkdir } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { dirname } from 'node:path';
import type { RunningService, ServiceDeps } from '../shared/runtime/index.ts';
import { createAdmin } from './admin.ts';
import { openBookFile } from './book-file.ts';
import { createBooks } from './books.ts';
import type { SimulatorConfig } from './config.ts';
import { createTemper } from './misbehaviour.ts';
import { createSimulatedProvider, type Delivery } from './provider.ts';
import { createTally } from './tally.ts';
import { createWebhooks } from './webhooks.ts';

/** Far above any request of the adapter. */
const bodyBytesMax = 64 * 1024;

/** Resolves when it serves, on the books that an earlier life left in its file. */
export async function startSimulator(
  config: SimulatorConfig,
  deps: Pick<ServiceDeps, 'clock' | 'log' | 'random'>,
): Promise<RunningService> {
  const { clock, log, random } = deps;
  await mkdir(dirname(config.booksFile), { recursive: true });
  const books = createBooks();
  const file = await openBookFile(config.booksFile, books.apply);
  const temper = createTemper({
    rate: config.faultRate,
    seed: config.faultSeed,
    livedCount: books.nextNumber() - 1,
    downMs: config.downMs,
    nowMs: clock.nowMs,
  });
  const webhooks = createWebhooks({
    url: config.webhookUrl,
    secret: config.webhookSecret,
    habit: config.webhookHabit,
    clock,
    log,
  });
  const tally = createTally(random.name(4));
  const provider = createSimulatedProvider({
    options: config,
    books,
    file,
    temper,
    clock,
    onEvent: (event) => webhooks.tell(event),
    onRequest: tally.note,
  });
  const admin = createAdmin({ books, temper, webhooks, tally });
  const sockets = new Set<Socket>();

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname: path, search } = new URL(request.url ?? '/', 'http://provider');
    const method = request.method ?? 'GET';
    const body = await readBody(request);
    if (path.startsWith('/admin/')) {
      const told = admin.answer(method, path, body);
      send(response, { answer: told, replayed: false, arrives: 'once' });
      return;
    }
    const delivery = await provider.serve({
      method,
      path,
      form: method === 'POST' ? body : search.slice(1),
      authorization: request.headers.authorization ?? '',
      idempotencyKey: headerOf(request, 'idempotency-key'),
    });
    send(response, delivery);
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      log.error({ err: error }, 'the simulator could not answer');
      response.destroy();
    });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(config.port, config.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await file.close();
    },
  };
}

function send(response: ServerResponse, { answer, replayed, arrives }: Delivery): void {
  if (arrives === 'never') {
    response.destroy();
    return;
  }
  const body = JSON.stringify(answer.body);
  const headers = {
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    ...(replayed ? { 'idempotent-replayed': 'true' } : {}),
  };
  if (arrives === 'twice') {
    // Below the server's own bookkeeping: a second answer that no request asked for.
    const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const raw = `HTTP/1.1 ${answer.status} Twice\r\n${head.join('')}\r\n${body}`;
    response.socket?.end(raw + raw);
    return;
  }
  response.writeHead(answer.status, headers);
  response.end(body);
}

async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > bodyBytesMax) throw new Error('a request that is too long');
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
