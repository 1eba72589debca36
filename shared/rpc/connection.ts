// One client's connection: HTTP/2, opened when needed, replaced when it is lost or silent. It knows no RPC.

import { Http2SessionManager } from '@connectrpc/connect-node';
import { createBatchedExchange } from './batched-exchange.ts';
import { clientLimits } from './client-limits.ts';
import { createDirectTransport, type DirectTransport } from './direct-transport.ts';
import { createLoneExchange } from './lone-exchange.ts';

export interface Connection {
  readonly transport: DirectTransport;
}

interface Http2Connection extends Connection {
  readonly session: Http2SessionManager;
}

export interface Connections {
  /** The connection for the next call; a lost one is opened again by that call. */
  current(): Connection;
  /**
   * The server did not answer in time although it enforces deadlines, so the connection may lead nowhere: a host that
   * vanished closes nothing. The next call opens another; calls on this one may still be answered.
   */
  suspect(connection: Connection): void;
  /** Ends all calls under way. */
  close(): void;
}

export function createConnections(address: string): Connections {
  let current = open(address);
  const suspected = new Set<Http2Connection>();
  return {
    current: () => current,
    suspect(connection) {
      for (const each of suspected) if (isOver(each.session)) suspected.delete(each);
      if (connection !== current) return;
      suspected.add(current);
      current = open(address);
    },
    close() {
      for (const { session } of [current, ...suspected]) session.abort();
    },
  };
}

function open(address: string): Http2Connection {
  // No pings: in this version of connect-node an unanswered one can end the process.
  const session = new Http2SessionManager(address, {
    idleConnectionTimeoutMs: clientLimits.connectionIdleMsMax,
  });
  const { readMaxBytes: readBytesMax } = clientLimits;
  const alone = createLoneExchange(session, readBytesMax);
  const transport = createDirectTransport(createBatchedExchange({ session, alone, readBytesMax }));
  return { transport, session };
}

function isOver(session: Http2SessionManager): boolean {
  return session.state() === 'closed' || session.state() === 'error';
}
