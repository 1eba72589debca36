// The payment service for integration tests: instances in this process on a real database, and clients that say plainly
// what came back.

import { type CallOptions, type Client, ConnectError, createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import type { PaymentConfig } from '../../services/payment/config.ts';
import { startPayment } from '../../services/payment/server.ts';
import { BadRequestSchema, ErrorInfoSchema } from '../../shared/gen/google/rpc/error_details_pb.ts';
import { type AuditResponse, PaymentService } from '../../shared/gen/twicesafe/payment/v1/payment_pb.ts';
import { replayedHeader } from '../../shared/rpc/index.ts';
import {
  createLog,
  createSystemClock,
  createSystemRandom,
  noFailpoints,
  type RunningService,
} from '../../shared/runtime/index.ts';
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

/** What came back of one call. */
export type Told<T> =
  | { readonly response: T; readonly replayed: boolean }
  | {
      readonly reason: string;
      readonly metadata: Record<string, string>;
      readonly fields: string[];
      readonly replayed: boolean;
    };

export async function ask<T>(
  call: (options: CallOptions) => Promise<T>,
  requestId?: string,
): Promise<Told<T>> {
  let replayed = false;
  const options: CallOptions = {
    headers: requestId === undefined ? {} : { 'request-id': requestId },
    onHeader: (headers) => {
      replayed = headers.get(replayedHeader) === 'true';
    },
  };
  try {
    const response = await call(options);
    return { response, replayed };
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    const [info] = error.findDetails(ErrorInfoSchema);
    const fields = error
      .findDetails(BadRequestSchema)
      .flatMap((bad) => bad.fieldViolations.map(({ field }) => field));
    return {
      reason: info?.reason ?? error.message,
      metadata: { ...info?.metadata },
      fields,
      replayed: error.metadata.get(replayedHeader) === 'true',
    };
  }
}

/** What a test rests on must have happened, or its own expectation could be met by accident. */
export async function done<T>(told: Promise<Told<T>>): Promise<T> {
  const answer = await told;
  if ('response' in answer) return answer.response;
  throw new Error(`the test could not begin: ${answer.reason} ${answer.fields}`);
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
    verdicts: parts.at(-1)?.summary?.verdicts.map(({ invariant, verdict }) => [invariant, verdict]),
  };
}
