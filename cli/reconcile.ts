// `twicesafe reconcile`: the card provider's books against the payment service's, both ways, page by page.

import { setTimeout as sleep } from 'node:timers/promises';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import {
  type PaymentDifference,
  PaymentDifferenceKind,
  PaymentDifferenceKindSchema,
  PaymentService,
} from '../shared/gen/twicesafe/payment/v1/payment_pb.ts';
import { createSystemClock } from '../shared/runtime/index.ts';
import { bold, dim, green, red, report, yellow } from './console.ts';

export interface ReconcileOptions {
  readonly payment: string;
  readonly token?: string;
  /** Days back. */
  readonly since: number;
  /** A page token that an interrupted run printed. */
  readonly from?: string;
  /** Seconds to wait for payments under way. */
  readonly settle: number;
}

const dayMs = 86_400_000;
/** Between two comparisons while payments are under way. */
const againEveryMs = 2_000;
/** A page may ask a slow provider for many payments. */
const pageMsMax = 120_000;
/** A database or a provider that restarts is back within these. */
const pageAttemptsMax = 5;
const pageRetryMs = 2_000;
/** With these it says: ask again. */
const passingCodes: readonly Code[] = [Code.Unavailable, Code.ResourceExhausted, Code.DeadlineExceeded];
export const isPassingFault = (error: unknown): boolean =>
  passingCodes.includes(ConnectError.from(error).code);

/** What the service settles by itself. */
const passingKinds: ReadonlySet<PaymentDifferenceKind> = new Set([
  PaymentDifferenceKind.CHARGED_UNKNOWN_HERE,
  PaymentDifferenceKind.REFUND_UNKNOWN_HERE,
  PaymentDifferenceKind.OPEN,
]);

/** Whether the service settles it by itself. */
export const isPassing = ({ kind }: PaymentDifference): boolean => passingKinds.has(kind);

/** `charged_twice` and its like, as docs/payments.md has them. */
export const sayKind = ({ kind }: PaymentDifference): string =>
  PaymentDifferenceKindSchema.value[kind]?.localName.toLowerCase() ?? 'differs';

/** Returns the exit code: 0 when the books say the same, 2 when they differ, 3 when payments are still under way. */
export async function runReconcile(options: ReconcileOptions): Promise<number> {
  const clock = createSystemClock();
  const untilMs = clock.nowMs() + options.settle * 1_000;
  const since = new Date(clock.nowMs() - options.since * dayMs);
  for (;;) {
    const { differences, checkedCount } = await compareBooks(options, since);
    const lasting = differences.filter((difference) => !isPassing(difference));
    const passingCount = differences.length - lasting.length;
    if (lasting.length === 0 && passingCount > 0 && clock.nowMs() < untilMs) {
      await sleep(againEveryMs);
      continue;
    }
    print(differences, checkedCount);
    return lasting.length > 0 ? 2 : passingCount > 0 ? 3 : 0;
  }
}

/** Reads both books to their end. A page that is not answered is asked for again, after `pause`, and rejects in the end. */
export async function compareBooks(
  options: Pick<ReconcileOptions, 'payment' | 'token' | 'from'>,
  since: Date,
  pause: () => Promise<unknown> = () => sleep(pageRetryMs),
): Promise<{ differences: PaymentDifference[]; checkedCount: number }> {
  const transport = createConnectTransport({ baseUrl: options.payment, httpVersion: '2' });
  const client = createClient(PaymentService, transport);
  const headers = options.token ? { authorization: `Bearer ${options.token}` } : {};
  const differences: PaymentDifference[] = [];
  let checkedCount = 0;
  let pageToken = options.from ?? '';
  do {
    try {
      const request = { since: timestampFromDate(since), pageToken };
      const page = await patiently(
        () => client.reconcilePayments(request, { headers, timeoutMs: pageMsMax }),
        pause,
      );
      differences.push(...page.differences);
      checkedCount += page.checkedCount;
      pageToken = page.nextPageToken;
    } catch (error) {
      if (pageToken !== '') report(dim(`it goes on with --from ${pageToken}`));
      throw error;
    }
  } while (pageToken !== '');
  return { differences, checkedCount };
}

/** It only reads, so asking again is safe. */
async function patiently<T>(ask: () => Promise<T>, pause: () => Promise<unknown>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ask();
    } catch (error) {
      if (!isPassingFault(error) || attempt === pageAttemptsMax) throw error;
      await pause();
    }
  }
}

function print(differences: readonly PaymentDifference[], checkedCount: number): void {
  report(bold('the provider’s books and ours') + dim(`  ${checkedCount} payments and refunds compared`));
  for (const difference of differences) {
    const { paymentId, caller, providerId, description, action } = difference;
    const paint = isPassing(difference) ? yellow : red;
    report(
      paint(
        `  ${sayKind(difference)} ${paymentId ? `${caller}/${paymentId}` : ''} ${providerId}: ${description}`,
      ),
    );
    report(dim(`    ${action}`));
  }
  if (differences.length === 0) report(green('  say the same'));
}
