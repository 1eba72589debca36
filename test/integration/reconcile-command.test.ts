// What `twicesafe reconcile` and a storm do when a page of the comparison is not answered.

import { Code, ConnectError } from '@connectrpc/connect';
import { afterAll, expect, test } from 'vitest';
import { compareBooks } from '../../cli/reconcile.ts';
import { PaymentService } from '../../shared/gen/twicesafe/payment/v1/payment_pb.ts';
import { authenticationFrom, startRpcServer } from '../../shared/rpc/index.ts';
import { createSystemClock } from '../../shared/runtime/index.ts';
import { silentLog } from '../support/toy-order-server.ts';

const endings: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const end of endings) await end();
});

/** Two pages, each of which fails with these codes before it is answered. */
async function serviceThat(...fails: Code[]): Promise<{ address: string; asked: string[] }> {
  const asked: string[] = [];
  const server = await startRpcServer({
    name: 'payment',
    host: '127.0.0.1',
    port: 0,
    portVariable: 'PAYMENT_PORT',
    services: [PaymentService],
    authentication: authenticationFrom({ tokens: '' }),
    clock: createSystemClock(),
    log: silentLog,
    routes(router) {
      router.service(PaymentService, {
        reconcilePayments({ pageToken }) {
          asked.push(pageToken);
          const code = fails[asked.filter((token) => token === pageToken).length - 1];
          if (code !== undefined) throw new ConnectError('not now', code);
          return { checkedCount: 10, differences: [], nextPageToken: pageToken === '' ? 'second' : '' };
        },
      });
    },
  });
  endings.push(() => server.stop());
  return { address: `http://127.0.0.1:${server.port}`, asked };
}

const since = new Date('2026-11-24T12:00:00Z');
const atOnce = async () => undefined;

test('a page that is not answered is asked for again, and the pages before it are not', async () => {
  const { address, asked } = await serviceThat(
    Code.Unavailable,
    Code.ResourceExhausted,
    Code.DeadlineExceeded,
  );
  const { checkedCount } = await compareBooks({ payment: address }, since, atOnce);
  expect(checkedCount).toBe(20);
  expect(asked).toEqual(['', '', '', '', 'second', 'second', 'second', 'second']);
});

test('a page that is never answered ends the comparison after five times, one that is refused at once', async () => {
  const silent = await serviceThat(...Array<Code>(9).fill(Code.Unavailable));
  await expect(compareBooks({ payment: silent.address }, since, atOnce)).rejects.toThrow('not now');
  expect(silent.asked).toHaveLength(5);
  const refusing = await serviceThat(Code.PermissionDenied);
  await expect(compareBooks({ payment: refusing.address }, since, atOnce)).rejects.toThrow('not now');
  expect(refusing.asked).toHaveLength(1);
});
