// Card payments without a network: the real flow, chase and adapter, on the official SDK, on a simulated provider that
// misbehaves as told, on a journal in memory. Processes die and sleep where a schedule says so, and time is the test's.

import { noFile } from '../../provider-simulator/book-file.ts';
import { createBooks } from '../../provider-simulator/books.ts';
import type { Misbehaviour } from '../../provider-simulator/misbehaviour.ts';
import { createSimulatedProvider, type ProviderRequest } from '../../provider-simulator/provider.ts';
import { createCardFlow } from '../../services/payment/card-flow.ts';
import { type CardPayments, createCardPayments } from '../../services/payment/card-payments.ts';
import { type Chase, createChase } from '../../services/payment/chase.ts';
import { paymentEntity } from '../../services/payment/domain/names.ts';
import type { PaymentState } from '../../services/payment/domain/payment-state.ts';
import { paymentRules } from '../../services/payment/domain/rules.ts';
import { createStripeClient } from '../../services/payment/provider/stripe-client.ts';
import { createStripeProvider } from '../../services/payment/provider/stripe-provider.ts';
import type { IdempotentCall } from '../../shared/idempotency/index.ts';
import type { Refusal, State } from '../../shared/journal/decision.ts';
import type { RecordedKey, RecordedOp, Submission } from '../../shared/journal/index.ts';
import { createLog, type Random } from '../../shared/runtime/index.ts';
import { createHeldClock } from './held-clock.ts';

const hourMs = 3_600_000;
/** How long callers wait; far above the provider's timeout, so that one bad answer is survived within a call. */
const patienceMs = 5_000;
const timeoutMs = 1_000;

/** What happens to a process where it could die: nothing, it dies, or it sleeps until it is woken. */
export type Fate = 'go' | 'die' | 'sleep';

export class Died extends Error {}

export interface CardWorldOptions {
  /** Taken one for each request to the provider; afterwards it behaves. */
  readonly misbehaviours: readonly (Misbehaviour | undefined)[];
  /** Taken one for each place where a process may die: before and after each ask, before and after each write. */
  readonly fates: readonly Fate[];
}

export function createCardWorld({ misbehaviours, fates }: CardWorldOptions) {
  const clock = createHeldClock({ skipping: true });
  const books = createBooks();
  let faultsLeft = [...misbehaviours];
  let fatesLeft = [...fates];
  const provider = createSimulatedProvider({
    options: { apiKey: 'sk_test_world', keyForgetMs: 24 * hourMs, searchLagMs: 60_000, lateMs: 5_000 },
    books,
    file: noFile,
    temper: { next: () => faultsLeft.shift(), misbehave: () => undefined, setRate: () => undefined },
    clock,
    onEvent: async () => undefined,
  });
  const requests: ProviderRequest[] = [];

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
  const adapter = createStripeProvider({ stripe, webhookSecret: 'whsec_world' });

  const states = new Map<string, State>();
  const recorded = new Map<string, RecordedKey>();
  const ops: RecordedOp[] = [];
  const asleep = new Map<() => void, number>();

  async function meetFate(place: string): Promise<void> {
    const fate = fatesLeft.shift() ?? 'go';
    if (fate === 'die') throw new Died(`died ${place}`);
    if (fate === 'sleep') await new Promise<void>((wake) => asleep.set(wake, clock.nowMs()));
  }

  function record({ key, fingerprint, entities, decide }: Submission): RecordedKey {
    const before = recorded.get(key);
    if (before) return { ...before, replayed: true };
    const at = clock.now();
    const decision = decide(
      entities.map((entity) => states.get(entity)),
      at,
    );
    const after = new Map<string, State>();
    for (const { entity, type, data } of decision.changes) {
      const state = paymentRules.evolve(entity, states.get(entity), { type, data }, at);
      if (state) {
        states.set(entity, state);
        after.set(entity, state);
      }
      const { outcome } = decision;
      ops.push({
        stream: 's0',
        seq: ops.length + 1,
        writer: 'w',
        at,
        entity,
        key,
        type,
        data,
        outcome,
        state,
      });
    }
    const entry = { outcome: decision.outcome, replayed: false, states: after, at, fingerprint, writer: 'w' };
    recorded.set(key, entry);
    return entry;
  }

  const journal = {
    async submit(submission: Submission) {
      await meetFate(`before writing ${submission.key}`);
      const answer = record(submission);
      await meetFate(`after writing ${submission.key}`);
      return answer;
    },
    readKey: async (key: string) => recorded.get(key),
    readState: async (entity: string) => states.get(entity),
    follow: async () => undefined,
    openEntities: () =>
      new Map(
        [...states]
          .filter(([entity, state]) => paymentRules.isOpen(entity, state))
          .map(([entity, state]) => [entity, { state, openedAt: clock.now() }]),
      ),
  };

  const random: Random = { fraction: () => 0.5, name: () => 'world' };
  const log = createLog('world', 'silent');

  function startProcess(): { payments: CardPayments; chase: Chase } {
    const failpoints = { reach: (place: string) => meetFate(place) };
    const flow = createCardFlow({
      journal,
      provider: adapter,
      keyLifetimeMs: 20 * hourMs,
      clock,
      log,
      failpoints,
    });
    const chase = createChase({ journal, flow, clock, random, log });
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
    openEntities: () => [...journal.openEntities().keys()],
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
    /** From now on nothing bad happens any more. */
    heal() {
      faultsLeft = [];
      fatesLeft = [];
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
