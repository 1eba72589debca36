// The simulated provider behind its wire: keys, idempotency, misbehaviour, books. It knows no socket, so that tests run
// it without one; server.ts puts it on a port.
//
// Idempotency is as Stripe documents it: the first execution under a key is remembered with its answer, errors
// included; the same request again gets that answer, another one is refused; two at once: the second is told to wait;
// what was rejected before execution is not remembered; keys are forgotten after a time.

import type { Clock } from '../shared/runtime/index.ts';
import { type Answer, brokenDown, invalid, missing, refusal } from './answers.ts';
import type { BookFile } from './book-file.ts';
import type { BookRecord, Books, ProviderEvent } from './books.ts';
import { canonical, type Params, parseForm } from './form.ts';
import { type Misbehaviour, misbehaviours, type Temper } from './misbehaviour.ts';
import {
  cancelIntent,
  createIntent,
  type Execution,
  listIntents,
  retrieveIntent,
  searchIntents,
} from './payment-intents.ts';
import { createRefund, listRefunds } from './refunds.ts';
import { testCard } from './test-cards.ts';

export interface ProviderRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** The body of a POST, the query of a GET. */
  readonly form: string;
  readonly authorization: string;
  readonly idempotencyKey: string | undefined;
}

export interface Delivery {
  readonly answer: Answer;
  readonly replayed: boolean;
  /** Whether it reaches the caller: it does, it does twice, or the connection is lost instead. */
  readonly arrives: 'once' | 'twice' | 'never';
}

export interface ProviderOptions {
  readonly apiKey: string;
  /** After this a key is forgotten, and the same request is done again. */
  readonly keyForgetMs: number;
  /** How long a new payment is not found by search. */
  readonly searchLagMs: number;
  /** How long `late` and `arrives_late` take. */
  readonly lateMs: number;
}

export interface SimulatedProvider {
  /** Resolves when the answer may leave: what it rests on is on disk. */
  serve(request: ProviderRequest): Promise<Delivery>;
}

export function createSimulatedProvider(deps: {
  options: ProviderOptions;
  books: Books;
  file: BookFile;
  temper: Temper;
  clock: Clock;
  /** Called when what the event tells is true; the answer leaves after it. */
  onEvent(event: ProviderEvent): Promise<void>;
  /** Called for each request with what it is going to meet. */
  onRequest?(how: Misbehaviour | undefined): void;
}): SimulatedProvider {
  const { options, books, file, temper, clock } = deps;
  const keysInFlight = new Set<string>();
  /** Keys whose test card has misbehaved. Forgotten in a restart, which misbehaves once more. */
  const misbehaved = new Set<string>();

  async function execute(request: ProviderRequest, how: Misbehaviour | undefined): Promise<Delivery> {
    const params = parseForm(request.form);
    const key = request.method === 'POST' ? request.idempotencyKey : undefined;
    if (key === undefined) return delivery(await perform(request, params, how), false);
    const asked = `${request.method} ${request.path} ${canonical(params)}`;
    const stored = books.key(key);
    if (stored && clock.nowMs() - stored.atMs < options.keyForgetMs) {
      await file.synced();
      if (stored.request !== asked) return delivery(keyMismatch(), false);
      return delivery(stored.answer, true);
    }
    if (keysInFlight.has(key)) return delivery(keyInUse(), false);
    keysInFlight.add(key);
    try {
      return delivery(await perform(request, params, how, { key, asked }), false);
    } finally {
      keysInFlight.delete(key);
    }
  }

  async function perform(
    request: ProviderRequest,
    params: Params,
    how: Misbehaviour | undefined,
    remember?: { key: string; asked: string },
  ): Promise<Answer> {
    if (how === 'late') await clock.sleep(options.lateMs);
    const nowMs = clock.nowMs();
    // From here to the append nothing waits, so no other request sees half of it.
    const execution: Execution =
      how === 'error_before' ? { answer: brokenDown() } : route(request, params, nowMs);
    if ('rejected' in execution) return execution.rejected;
    const answer = how === 'error_after' ? brokenDown() : execution.answer;
    const key = remember && { key: remember.key, request: remember.asked, answer, atMs: nowMs };
    const record: BookRecord = { atMs: nowMs, ...execution.record, ...(key ? { key } : {}) };
    if (execution.record || key) {
      books.apply(record);
      file.append(record);
    }
    // Also before a mere reading is answered: what it saw may be a charge that is not on disk yet.
    await file.synced();
    if (record.event) await deps.onEvent(record.event);
    return answer;
  }

  function route({ method, path }: ProviderRequest, params: Params, nowMs: number): Execution {
    const [, , resource, id, action] = path.split('/');
    const name = `${method} ${resource}${id === undefined ? '' : id === 'search' ? '/search' : '/:id'}${action ? `/${action}` : ''}`;
    switch (name) {
      case 'POST payment_intents':
        return createIntent(books, params, nowMs);
      case 'GET payment_intents':
        return listIntents(books, params);
      case 'GET payment_intents/search':
        return searchIntents(books, params, nowMs, options.searchLagMs);
      case 'GET payment_intents/:id':
        return retrieveIntent(books, id ?? '', params);
      case 'POST payment_intents/:id/cancel':
        return cancelIntent(books, id ?? '');
      case 'POST refunds':
        return createRefund(books, params, nowMs);
      case 'GET refunds':
        return listRefunds(books, params);
      default:
        return { rejected: missing(`route: ${method} ${path} (the simulator knows what the adapter uses)`) };
    }
  }

  /** A test card's own misbehaviour comes before anything by order or rate. */
  function misbehaviourOf({
    method,
    path,
    form,
    idempotencyKey = '',
  }: ProviderRequest): Misbehaviour | undefined {
    const paymentMethod = method === 'POST' ? parseForm(form).get('payment_method') : undefined;
    const wanted = paymentMethod && testCard(paymentMethod, misbehaviours)?.misbehaviour;
    if (wanted && (wanted.always || !misbehaved.has(idempotencyKey))) {
      misbehaved.add(idempotencyKey);
      return wanted.kind;
    }
    return temper.next(path);
  }

  async function serve(request: ProviderRequest): Promise<Delivery> {
    if (!isAuthorized(request.authorization, options.apiKey)) {
      return delivery(
        refusal(401, { type: 'invalid_request_error', message: 'Invalid API Key provided' }),
        false,
      );
    }
    const how = misbehaviourOf(request);
    deps.onRequest?.(how);
    switch (how) {
      case 'rate_limited':
        return delivery(
          refusal(429, { type: 'rate_limit_error', code: 'rate_limit', message: 'Too many' }),
          false,
        );
      case 'down':
        return delivery(refusal(503, { type: 'api_error', message: 'Down (simulated)' }), false);
      case 'drop_before':
        return { answer: brokenDown(), replayed: false, arrives: 'never' };
      case 'arrives_late':
        await clock.sleep(options.lateMs);
        return { ...(await execute(request, undefined)), arrives: 'never' };
      case 'drop_after':
        return { ...(await execute(request, undefined)), arrives: 'never' };
      case 'twice':
        return { ...(await execute(request, undefined)), arrives: 'twice' };
      default:
        return execute(request, how);
    }
  }

  return { serve };
}

const delivery = (answer: Answer, replayed: boolean): Delivery => ({ answer, replayed, arrives: 'once' });

function isAuthorized(authorization: string, apiKey: string): boolean {
  const basic = `Basic ${Buffer.from(`${apiKey}:`).toString('base64')}`;
  return authorization === `Bearer ${apiKey}` || authorization === basic;
}

const keyMismatch = (): Answer =>
  invalid(
    'Keys for idempotent requests can only be used with the same parameters they were first used with.',
    {
      type: 'idempotency_error',
    },
  );

const keyInUse = (): Answer =>
  refusal(409, {
    type: 'idempotency_error',
    code: 'idempotency_key_in_use',
    message: 'There is currently another in-progress request using this Idempotency Key.',
  });
