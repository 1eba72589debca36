// The one block that `twicesafe up` prints when everything answers: where it is, and what to try.

import { bold, dim } from './console.ts';
import type { ServiceName } from './settings.ts';

export interface WelcomeFacts {
  readonly services: readonly {
    readonly name: ServiceName;
    readonly port: number;
    readonly pid: number | undefined;
  }[];
  /** The simulated one; undefined when a real one is configured. */
  readonly provider: { readonly port: number; readonly pid: number | undefined } | undefined;
  /** `pid` is undefined when the database is not ours. */
  readonly database: { readonly uri: string; readonly pid: number | undefined };
  readonly dataDir: string;
  /** For the first order. A fresh one at each start: pasted twice it is one order, tomorrow it is another. */
  readonly requestId: string;
  readonly token: string | undefined;
}

export function welcome(facts: WelcomeFacts): string {
  const databasePid = facts.database.pid === undefined ? '' : `  ${dim(`pid ${facts.database.pid}`)}`;
  const order = facts.services.find(({ name }) => name === 'order');
  const request = '{"account_id":"demo","lines":[{"sku":"tea","quantity":2}]}';
  const rpc = 'twicesafe.order.v1.OrderService/PlaceOrder';
  const at = `localhost:${order?.port}`;
  const authorization = facts.token ? `-H 'authorization: Bearer ${facts.token}' ` : '';
  const headers = `-H 'request-id: ${facts.requestId}' ${authorization}`;
  return [
    '',
    bold('twicesafe is ready'),
    ...facts.services.map(
      ({ name, port, pid }) => `  ${name.padEnd(10)} localhost:${port}  ${dim(`pid ${pid}`)}`,
    ),
    ...(facts.provider
      ? [
          `  ${'provider'.padEnd(10)} localhost:${facts.provider.port}  ${dim(`pid ${facts.provider.pid}`)}  simulated; its books: /admin/books`,
        ]
      : []),
    `  ${'database'.padEnd(10)} ${facts.database.uri}${databasePid}  ${dim(`data and logs in ${facts.dataDir}`)}`,
    '',
    bold('Place an order (paste one of these in another terminal)'),
    '',
    `grpcurl -plaintext ${headers}-d '${request}' ${at} ${rpc}`,
    '',
    `npx buf curl --protocol grpc --http2-prior-knowledge ${headers}-d '${request}' http://${at}/${rpc}`,
    '',
    `curl -i -H 'content-type: application/json' ${headers}-d '${request}' http://${at}/${rpc}`,
    '',
    bold('Then try'),
    '  paste it again, or another of the three: the same order, with idempotency-replayed: true (grpcurl -v shows it)',
    '  change the quantity under the same request id: refused, REQUEST_ID_REUSED',
    `  kill -9 ${order?.pid}, and paste it again: it is restarted, and the order is the same`,
    '  npm run audit: does every balance and every unit add up?',
    '',
    dim('Ctrl-C stops everything; the data stays.'),
  ].join('\n');
}
