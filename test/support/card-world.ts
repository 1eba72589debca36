// Card payments without a network: the real flow, chase, adapter, webhook receiver and comparison of the books, on the
// official SDK, on a simulated provider that misbehaves as told, on a journal in memory. Processes die and sleep where a
// schedule says so, and time is the test's.

import { noFile } from '../../provider-simulator/book-file.ts';
import { createBooks } from '../../provider-simulator/books.ts';
import type { Misbehaviour } from '../../provider-simulator/misbehaviour.ts';
import { createSimulatedProvider, type ProviderRequest } from '../../provider-simulator/provider.ts';
import { createWebhooks, type WebhookHabit } from '../../provider-simulator/webhooks.ts';
import { createCardFlow } from '../../services/payment/card-flow.ts';
import { type CardPayments, createCardPayments } from '../../services/payment/card-payments.ts';
import { type Chase, createChase } from '../../services/payment/chase.ts';
import { isCardOpen } from '../../services/payment/domain/card-changes.ts';
import { paymentEntity } from '../../services/payment/domain/names.ts';
import type { PaymentState } from '../../services/payment/domain/payment-state.ts';
import { paymentRules } from '../../services/payment/domain/rules.ts';
import { createStripeClient } from '../../services/payment/provider/stripe-client.ts';
import { createStripeProvider } from '../../services/payment/provider/stripe-provider.ts';
import type { Difference } from '../../services/payment/reconcile/difference.ts';
import { createReconciler } from '../../services/payment/reconcile/pages.ts';
import { createWebhookHandler, type WebhookHandler } from '../../services/payment/webhooks.ts';
import type { IdempotentCall } from '../../shared/idempotency/index.ts';
import type { Refusal } from '../../shared/journal/decision.ts';
import { createLog, type Random } from '../../shared/runtime/index.ts';
import { createFatedJournal } from './fated-journal.ts';
import { createHeldClock } from './held-clock.ts';
import { deliverTo } from './webhook-delivery.ts';

const hourMs = 3_600_000;
/** How long callers wait; far above the provider's timeout, so that one bad answer is survived within a call. */
const patienceMs = 5_000;
const timeoutMs = 1_000;
const keyLifetimeMs = 20 * hourMs;
/** Together with the lifetime of a key no longer than the provider remembers it. */
const arrivalMsMax = 4 * hourMs;
const keyForgetMs = 24 * hourMs;
const webhookSecret = 'whsec_world';

/** What happens to a process where it could die: nothing, it dies, or it sleeps until it is woken. */
export type Fate = 'go' | 'die' | 'sleep';

export class Died extends Error {}

export interface CardWorldOptions {
  /** Taken one for each request to the provider; afterwards it behaves. */
  readonly misbehaviours?: readonly (Misbehaviour | undefined)[];
  /** `asks`: reading the provider's books goes well. */
  readonly misbehavesAt?: 'everything' | 'asks';
  /** Taken one for each place where a process may die: before and after each ask, before and after each write. */
  readonly fates?: readonly Fate[];
  /** By the name of a failpoint, such as `card.after_provider/capture`: met once, the first time that it is reached. */
  readonly traps?: Readonly<Record<string, Fate>>;
  readonly webhooks?: WebhookHabit | 'cycle';
}

export function createCardWorld(options: CardWorldOptions) {
  const { misbehaviours = [], fates = [], traps = {}, webhooks, misbehavesAt = 'everything' } = options;
  const clock = createHeldClock({ skipping: true });
  const log = createLog('world', 'silent');
  const books = createBooks();
  let faultsLeft = [...misbehaviours];
  let fatesLeft = [...fates];
  const trapsLeft = new Map(Object.entries(traps));
  const asleep = new Map<() => void, number>();
  /** Of the newest process: where the provider's events arrive. */
  let receiver: WebhookHandler | undefined;
  let eventCount = 0;
  const { tell } = createWebhooks({
    url: 'http://payment.test/webhooks/provider',
    secret: webhookSecret,
    habit: webhooks ?? 'never',
    clock,
    log,
    async fetchFn(_url, init) {
      eventCount += 1;
      return new Response(null, { status: await deliverTo(receiver, init) });
    },
  });
  const provider = createSimulatedProvider({
    options: { apiKey: 'sk_test_world', keyForgetMs, searchLagMs: 60_000, lateMs: 5_000 },
    books,
    file: noFile,
    temper: { next: nextFault, misbehave: () => undefined, setRate: () => undefined },
    clock,
    onEvent: tell,
  });
  const requests: ProviderRequest[] = [];

  function nextFault(): Misbehaviour | undefined {
    const isMet = misbehavesAt === 'everything' || requests.at(-1)?.method === 'POST';
    return isMet ? faultsLeft.shift() : undefined;
  }

  const fetchFromProvider: typeof fetch = async (input, init) => {
    const url = new URL(String(input));
    const headers = new Headers(init?.headers);
    const method = init?.method ?? 'GET';
    const request = {
      method,
      path: url.pathname,
      form: method === 'POST' ? String(init?.body ?? '') : url.searchParams.toString(),
      authorization: headers.get('authorization') ?? '',
      idempotencyKey: headers.get('idempotency-key') ?? undefined,
    };
    requests.push(request);
    const sentAtMs = clock.nowMs();
    const { answer, arrives } = await provider.serve(request);
    if (arrives === 'never') throw new TypeError('fetch failed: the connection was lost');
    if (clock.nowMs() - sentAtMs >= timeoutMs) throw new DOMException('too late', 'AbortError');
    return new Response(JSON.stringify(answer.body), { status: answer.status });
  };
  const stripe = createStripeClient(
    { apiKey: 'sk_test_world', apiAddress: 'http://provider.test', timeoutMs },
    fetchFromProvider,
  );
  const honest = createStripeProvider({ stripe, webhookSecret });
  const adapter = {
    ...honest,
    // Signed again: the SDK holds the signature's time against the machine's clock, and the time here is the test's.
    readEvent(body: Buffer) {
      const header = { payload: body.toString(), secret: webhookSecret };
      return honest.readEvent(body, stripe.webhooks.generateTestHeaderString(header));
    },
  };

  const { ops, states, seenWith } = createFatedJournal({ rules: paymentRules, clock });
  /** What nobody dies of. */
  const calmJournal = seenWith(async () => undefined);

  async function meetFate(place: string, details: readonly string[] = []): Promise<void> {
    const trap = [place, ...details.map((detail) => `${place}/${detail}`)].find((name) =>
      trapsLeft.has(name),
    );
    const fate = (trap === undefined ? fatesLeft.shift() : trapsLeft.get(trap)) ?? 'go';
    if (trap !== undefined) trapsLeft.delete(trap);
    if (fate === 'die') throw new Died(`died at ${place}`);
    if (fate === 'sleep') await new Promise<void>((wake) => asleep.set(wake, clock.nowMs()));
  }

  const random: Random = { fraction: () => 0.5, name: () => 'world' };

  function startProcess(): { payments: CardPayments; chase: Chase } {
    const journal = seenWith(meetFate);
    const failpoints = { reach: meetFate };
    const flow = createCardFlow({
      journal,
      provider: adapter,
      keyLifetimeMs,
      arrivalMsMax,
      clock,
      log,
      failpoints,
    });
    const chase = createChase({ journal, flow, clock, random, log });
    receiver = createWebhookHandler({ journal: calmJournal, provider: adapter, chase, log });
    return { payments: createCardPayments({ journal, chase }), chase };
  }

  const call = (rpc: string, requestId: string): IdempotentCall => ({
    caller: 'shop',
    rpc,
    requestId,
    key: `req/shop/${rpc}/${requestId}`,
    fingerprint: '1:same',
  });

  const deadline = () => clock.nowMs() + patienceMs;
  const entityOf = (paymentId: string) => paymentEntity('shop', paymentId);

  return {
    clock,
    books,
    ops,
    requests,
    startProcess,
    create: (process: { payments: CardPayments }, paymentId: string, card = 'pm_card_visa') =>
      process.payments.create(
        call('CreatePayment', `create-${paymentId}`),
        { paymentId, card, amount: { amountMinorUnits: 1_000n, currency: 'EUR' }, reference: 'order-1' },
        deadline(),
      ),
    refund: (process: { payments: CardPayments }, paymentId: string, amount: bigint, id: string) =>
      process.payments.refund(
        call('RefundPayment', id),
        {
          caller: 'shop',
          paymentId,
          amount: { amountMinorUnits: amount, currency: 'EUR' },
          reason: 'broken',
          refundId: `refund-${id}`,
        },
        deadline(),
      ),
    cancel: (process: { payments: CardPayments }, paymentId: string, id = `cancel-${paymentId}`) =>
      process.payments.cancel(
        call('CancelPayment', id),
        { caller: 'shop', paymentId, cancelId: `cancel-${id}` },
        deadline(),
      ),
    payment: (paymentId: string) => states.get(entityOf(paymentId)) as PaymentState | undefined,
    /** Whose provider has not said its last word. */
    openEntities: () =>
      [...calmJournal.openEntities()].flatMap(([entity, { state }]) =>
        isCardOpen(state as PaymentState) ? [entity] : [],
      ),
    typesOf: (paymentId: string) =>
      ops.filter(({ entity }) => entity === entityOf(paymentId)).map(({ type }) => type),
    /** Wakes the processes that have slept for so long; whether there were any. */
    wake(sleptMs: number): boolean {
      const due = [...asleep].filter(([, sinceMs]) => clock.nowMs() - sinceMs >= sleptMs);
      for (const [wake] of due) {
        asleep.delete(wake);
        wake();
      }
      return due.length > 0;
    },
    sleeperCount: () => asleep.size,
    eventCount: () => eventCount,
    /** Traps that nobody has stepped into. */
    unsprung: () => [...trapsLeft.keys()],
    /** From now on nothing bad happens any more. */
    heal() {
      faultsLeft = [];
      fatesLeft = [];
      trapsLeft.clear();
    },
    /** What the comparison of the provider's books with ours finds. */
    async differences(): Promise<Difference[]> {
      const reconciler = createReconciler({ journal: calmJournal, provider: adapter });
      const found: Difference[] = [];
      for (let token: string | undefined; token !== ''; ) {
        const page = await reconciler.page(new Date(0), token ?? '');
        found.push(...page.differences);
        token = page.nextPageToken;
      }
      return found;
    },
    /** What the provider says of a payment, asked directly. */
    taken(paymentId: string) {
      const charges = books
        .intents()
        .filter(
          ({ metadata, status }) => metadata['payment'] === entityOf(paymentId) && status === 'succeeded',
        );
      const refunds = charges
        .flatMap(({ id }) => books.refundsOf(id))
        .filter(({ status }) => status !== 'failed');
      return {
        chargeCount: charges.length,
        charged: BigInt(charges.reduce((sum, { amount_received }) => sum + amount_received, 0)),
        refunded: BigInt(refunds.reduce((sum, { amount }) => sum + amount, 0)),
      };
    },
  };
}

export type CardWorld = ReturnType<typeof createCardWorld>;

/** What came of a call, in a form that two answers can be compared in. */
export async function told(
  answer: Promise<{ response: { payment: { status?: number } } } | { refusal: Refusal }>,
): Promise<string> {
  try {
    const given = await answer;
    return 'refusal' in given ? given.refusal.reason : `status ${given.response.payment.status}`;
  } catch (error) {
    return error instanceof Died ? 'died' : `unknown: ${(error as Error).message}`;
  }
}
