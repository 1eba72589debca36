// The card provider of a run: the provider simulator's keys, books and misbehaviour on the simulated clock, and Stripe's
// own SDK for each payment process, on the simulated network. Its books are the truth that card payments are judged by.

import Stripe from 'stripe';
import { noFile } from '../../provider-simulator/book-file.ts';
import { type Books, createBooks, type ProviderEvent } from '../../provider-simulator/books.ts';
import { type Misbehaviour, misbehaviours } from '../../provider-simulator/misbehaviour.ts';
import {
  createSimulatedProvider,
  type Delivery,
  type ProviderRequest,
} from '../../provider-simulator/provider.ts';
import { type ExchangeDependencies, exchange } from './exchange.ts';
import type { Meddling } from './meddling.ts';
import type { SimulatedProcess } from './process.ts';

export interface CardProvider {
  readonly books: Books;
  /** The SDK of a payment process. Each request takes time and may meet the weather. */
  clientOf(process: SimulatedProcess): Stripe;
  /** The SDK of an auditor: nothing is in its way. */
  quietClient(): Stripe;
}

export interface CardProviderDependencies extends ExchangeDependencies {
  /** The provider's own, always up. */
  readonly process: SimulatedProcess;
  /** How long a payment service waits for one answer. */
  readonly timeoutMs: number;
  /** Whether it may store a 500 as the answer of a key. */
  readonly mayBeStubborn: boolean;
  /** It answers nobody. */
  isAway(): boolean;
  isCut(from: SimulatedProcess, service: string): boolean;
  /** Stands between a payment process and the provider. */
  readonly around?: Meddling['provider'] | undefined;
  /** Resolves when the answer of the request that caused it may leave. */
  onEvent(event: ProviderEvent): Promise<void>;
}

const apiKey = 'sk_test_simulation';
/** Stripe's own promise. */
const keyForgetMs = 24 * 3_600_000;
/** Stripe's usual lag; an hour at worst. */
const searchLagMs = 60_000;
/** Of an answer that comes too late: beyond any `timeoutMs`. */
const tooLateMs = 20_000;

/** Those after which asking again soon finds the answer. */
const passing = misbehaviours.filter((kind) => kind !== 'error_before' && kind !== 'error_after');

export function createCardProvider(deps: CardProviderDependencies): CardProvider {
  const { luck, weather, process: own, timeoutMs, around = (_from, _what, send) => send() } = deps;
  const books = createBooks();

  function temper(): Misbehaviour | undefined {
    if (!luck.chance(weather().provider)) return undefined;
    const kinds = deps.mayBeStubborn ? misbehaviours : passing;
    return luck.pick(kinds as readonly [Misbehaviour, ...Misbehaviour[]]);
  }

  const provider = createSimulatedProvider({
    options: { apiKey, keyForgetMs, searchLagMs, lateMs: tooLateMs },
    books,
    file: noFile,
    temper: { next: temper, misbehave: () => undefined, setRate: () => undefined },
    clock: own.clock,
    onEvent: deps.onEvent,
  });

  function ask(from: SimulatedProcess, request: ProviderRequest): Promise<Delivery> {
    const late = new AbortController();
    from.after(timeoutMs, () => late.abort());
    const isCut = () => deps.isCut(from, 'provider');
    return exchange<Delivery>(deps, {
      from,
      label: `${from.name} ${request.method} ${request.path} ${request.idempotencyKey ?? ''}`,
      signal: late.signal,
      gaveUp: () => Stripe.HttpClient.makeTimeoutError(),
      broken: () => ({ says: '', error: new Error('the simulated connection closed') }),
      arrive(back) {
        if (deps.isAway() || isCut()) return back.breakOff();
        void provider
          .serve(request)
          .then((delivery) =>
            back.answer(
              delivery,
              `provider ${delivery.answer.status}`,
              delivery.arrives === 'never' || isCut(),
            ),
          );
      },
    });
  }

  return {
    books,
    clientOf: (from) =>
      whenUsed((request) => around(from, `${request.method} ${request.path}`, () => ask(from, request))),
    quietClient: () => whenUsed((request) => provider.serve(request)),
  };
}

/** Most processes never ask the provider, and an SDK is larger than all the rest of them. */
function whenUsed(ask: (request: ProviderRequest) => Promise<Delivery>): Stripe {
  let client: Stripe | undefined;
  function used(): Stripe {
    client ??= clientOn(ask);
    return client;
  }
  const parts: Pick<Stripe, 'paymentIntents' | 'refunds' | 'webhooks'> = {
    get paymentIntents() {
      return used().paymentIntents;
    },
    get refunds() {
      return used().refunds;
    },
    get webhooks() {
      return used().webhooks;
    },
  };
  // All that the adapter uses: anything else of it is undefined, and fails.
  return parts as Stripe;
}

/** Not over `fetch`, as the service's own: that starts a timer of the machine for each request. */
function clientOn(ask: (request: ProviderRequest) => Promise<Delivery>): Stripe {
  return new Stripe(apiKey, {
    maxNetworkRetries: 0,
    telemetry: false,
    httpClient: {
      getClientName: () => 'simulation',
      async makeRequest(_host, _port, target, method, headers, body) {
        const [path = '', query = ''] = target.split('?');
        const named = headers as Readonly<Record<string, string | undefined>>;
        const { answer } = await ask({
          method,
          path,
          form: method === 'POST' ? body : query,
          authorization: named['Authorization'] ?? '',
          idempotencyKey: named['Idempotency-Key'],
        });
        return {
          getStatusCode: () => answer.status,
          getHeaders: () => ({}),
          getRawResponse: () => answer,
          toStream: () => undefined,
          // A copy, as off the wire: the books must not be shared with whoever reads the answer.
          toJSON: async () => structuredClone(answer.body),
        };
      },
    },
  });
}
