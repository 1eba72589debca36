// Our own client of the order service, of which a test sees the streams that it opens and can cut the connection.

import { Http2SessionManager } from '@connectrpc/connect-node';
import { OrderService } from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import { createBatchedExchange } from '../../shared/rpc/batched-exchange.ts';
import { createDirectTransport } from '../../shared/rpc/direct-transport.ts';
import { createServiceClient, type ServiceClient } from '../../shared/rpc/index.ts';
import { createLoneExchange } from '../../shared/rpc/lone-exchange.ts';
import { createSystemClock } from '../../shared/runtime/index.ts';
import { silentLog } from './toy-order-server.ts';

export interface WatchedClient {
  readonly client: ServiceClient<typeof OrderService>;
  /** The path of every stream that the client opened. */
  readonly paths: string[];
  /** Ends the connection, and all streams on it. */
  cut(): void;
  close(): void;
}

const readBytesMax = 4 * 1024 * 1024;

export function openWatchedClient(address: string, token?: string): WatchedClient {
  const paths: string[] = [];
  const manager = new Http2SessionManager(address);
  const session: Pick<Http2SessionManager, 'request'> = {
    request(method, path, headers, options) {
      paths.push(path);
      return manager.request(method, path, headers, options);
    },
  };
  const alone = createLoneExchange(session, readBytesMax);
  const transport = createDirectTransport(createBatchedExchange({ session, alone, readBytesMax }));
  const client = createServiceClient(OrderService, {
    address,
    connections: {
      current: () => ({ transport }),
      suspect: () => undefined,
      close: () => manager.abort(),
    },
    ...(token === undefined ? {} : { token }),
    clock: createSystemClock(),
    random: { fraction: () => 0, name: () => 'test' },
    log: silentLog,
  });
  return { client, paths, cut: () => manager.abort(), close: () => client.close() };
}
