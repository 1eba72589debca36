// A way to the database that watches what goes along it: each service has one of its own, so it is known whose insert it was. Real
// processes, the real driver; nothing is asked of either.

import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { SeenInsert } from './chains.ts';
import { createMessageSplitter } from './wire-messages.ts';

export interface Watcher {
  /** The database's address, along this way. */
  readonly uri: string;
  close(): Promise<void>;
}

/** With whose journal it went into. */
export interface ServiceInsert extends SeenInsert {
  readonly service: string;
}

export interface InsertLog {
  readonly inserts: readonly ServiceInsert[];
  forget(): void;
  began(service: string): { ended(): void };
}

/** Counts instead of a clock: the order of events is all that matters, and two can never be at the same moment. */
export function createInsertLog(): InsertLog {
  let inserts: { service: string; beganAt: number; endedAt: number }[] = [];
  let eventCount = 0;
  return {
    get inserts() {
      return inserts;
    },
    forget() {
      inserts = [];
    },
    began(service) {
      eventCount += 1;
      const insert = { service, beganAt: eventCount, endedAt: Number.POSITIVE_INFINITY };
      inserts.push(insert);
      return {
        ended() {
          eventCount += 1;
          insert.endedAt = eventCount;
        },
      };
    },
  };
}

const host = '127.0.0.1';
const journalCollection = 'journal';

/** The address must be watchable. */
export async function openWatcher(databaseUri: string, service: string, log: InsertLog): Promise<Watcher> {
  const target = targetOf(databaseUri);
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(target);
    const open = new Map<number, { ended(): void }>();
    const asked = createMessageSplitter();
    const answered = createMessageSplitter();
    near.on('data', (chunk) => {
      for (const { number, insertsInto } of asked(chunk)) {
        if (insertsInto === journalCollection) open.set(number, log.began(service));
      }
      far.write(chunk);
    });
    far.on('data', (chunk) => {
      // Noted before the service can hear of it, and so before whatever it does next.
      for (const { answers } of answered(chunk)) {
        open.get(answers)?.ended();
        open.delete(answers);
      }
      near.write(chunk);
    });
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      socket.setNoDelay(true);
      sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as AddressInfo;
  return {
    uri: `mongodb://${host}:${port}/?directConnection=true`,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** One server's, plain: what is encrypted, in several places, or behind a password cannot be watched on the way. */
export function isWatchable(databaseUri: string): boolean {
  if (!URL.canParse(databaseUri) || /[?&](tls|ssl)=true/.test(databaseUri)) return false;
  const { protocol, username, hostname } = new URL(databaseUri);
  return protocol === 'mongodb:' && username === '' && !hostname.includes(',');
}

function targetOf(databaseUri: string): { host: string; port: number } {
  const { hostname, port } = new URL(databaseUri);
  return { host: hostname, port: Number(port || 27_017) };
}
