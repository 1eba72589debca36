// The payment service for integration tests: instances in this process on a real database, and their clients.

import { type Client, createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import type { PaymentConfig } from '../../services/payment/config.ts';
import { startPayment } from '../../services/payment/server.ts';
import { type AuditResponse, PaymentService } from '../../shared/gen/twicesafe/payment/v1/payment_pb.ts';
import {
  createLog,
  createSystemClock,
  createSystemRandom,
  noFailpoints,
  type RunningService,
} from '../../shared/runtime/index.ts';
import { ask } from './ask.ts';
import type { FreshDatabase } from './database.ts';
import { eur } from './payment-books.ts';

export type PaymentClient = Client<typeof PaymentService>;

/** Callers: `shop`, `other`, and `books`, which is an operator. */
const authTokens = 'shop-token=shop,other-token=other,books-token=books:operator';

export function startPaymentOn(
  database: FreshDatabase,
  more: Partial<PaymentConfig> = {},
): Promise<RunningService> {
  return startPayment(
    {
      host: '127.0.0.1',
      port: 0,
      mongodbUri: database.uri,
      mongodbDatabase: database.databaseName,
      logLevel: 'silent',
      authTokens,
      journalStreams: 1,
      failpoints: '',
      ...more,
    },
    {
      clock: createSystemClock(),
      random: createSystemRandom(),
      log: createLog('payment', 'silent'),
      failpoints: noFailpoints,
    },
  );
}

export function paymentClient(
  service: RunningService,
  caller: 'shop' | 'other' | 'books' = 'shop',
): PaymentClient {
  const transport = createConnectTransport({
    baseUrl: `http://127.0.0.1:${service.port}`,
    httpVersion: '2',
    interceptors: [
      (next) => (request) => {
        request.header.set('authorization', `Bearer ${caller}-token`);
        return next(request);
      },
    ],
  });
  return createClient(PaymentService, transport);
}

export const askToOpen = (client: PaymentClient, accountId: string, openingBalance = eur(1_000n)) =>
  ask((o) => client.openAccount({ accountId, openingBalance }, o), `open-account-${accountId}`);

/** A payment of 300 from the account, named `<account>.p`, unless said otherwise. */
export function pay(
  client: PaymentClient,
  requestId: string,
  accountId: string,
  amount = eur(300n),
  paymentId = `${accountId}.p`,
) {
  const source = { case: 'accountId', value: accountId } as const;
  return ask((o) => client.createPayment({ paymentId, source, amount, reference: 'order-1' }, o), requestId);
}

/** Two instances on one database, and clients of them. */
export async function startPaymentPair(database: FreshDatabase) {
  const a = await startPaymentOn(database);
  const b = await startPaymentOn(database);
  const first = paymentClient(a);
  const second = paymentClient(b);
  return {
    first,
    second,
    other: paymentClient(b, 'other'),
    operator: paymentClient(a, 'books'),
    /** `count` calls at once, every second one to each instance. */
    atOnce: <T>(count: number, call: (client: PaymentClient, index: number) => Promise<T>): Promise<T[]> =>
      Promise.all(Array.from({ length: count }, (_, index) => call(index % 2 === 0 ? first : second, index))),
    async balanceOf(accountId: string): Promise<bigint | undefined> {
      const { account } = await second.getAccount({ accountId });
      return account?.balance?.amountMinorUnits;
    },
    stop: () => Promise.all([a.stop(), b.stop()]),
  };
}

/** The whole audit: verdicts as `[invariant, verdict]`, where 1 is HOLDS. */
export async function auditOf(operator: PaymentClient) {
  const parts: AuditResponse[] = [];
  for await (const part of operator.audit({})) parts.push(part);
  return {
    findings: parts.flatMap((part) => part.findings),
    payments: parts.flatMap((part) => part.payments),
    ledger: parts.flatMap((part) => part.ledger),
    verdicts: parts.at(-1)?.summary?.verdicts.map(({ invariant, verdict }) => [invariant, verdict]),
  };
}
