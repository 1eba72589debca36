// PaymentIntents: create (with or without confirming), retrieve, cancel, list, search.

import { type Answer, invalid, missing, ok, refusal } from './answers.ts';
import type { BookRecord, Books, Intent } from './books.ts';
import { membersOf, type Params } from './form.ts';
import { listOf } from './listing.ts';
import { misbehaviours } from './misbehaviour.ts';
import { testCard } from './test-cards.ts';

/** What a request does: an answer, and the record that makes it true. `rejected`: no execution began, nothing is remembered. */
export type Execution =
  | { readonly answer: Answer; readonly record?: Omit<BookRecord, 'atMs' | 'key'> }
  | { readonly rejected: Answer };

/** Stripe's own. */
const amountMax = 99_999_999;

const knownParams =
  /^(amount|currency|confirm|payment_method|error_on_requires_action|payment_method_types\[\d+\]|metadata\[[^\]]+\])$/;

export function createIntent(books: Books, params: Params, nowMs: number): Execution {
  const unknown = [...params.keys()].find((name) => !knownParams.test(name));
  if (unknown !== undefined) {
    const message = `Received unknown parameter: ${unknown}`;
    return { rejected: invalid(message, { code: 'parameter_unknown', param: unknown }) };
  }
  const amount = Number(params.get('amount'));
  if (!Number.isInteger(amount) || amount < 1) {
    return { rejected: invalid('Invalid integer', { code: 'parameter_invalid_integer', param: 'amount' }) };
  }
  if (amount > amountMax) {
    return { rejected: invalid('Amount too large', { code: 'amount_too_large', param: 'amount' }) };
  }
  const currency = params.get('currency') ?? '';
  if (!/^[a-z]{3}$/.test(currency)) return { rejected: invalid('Invalid currency', { param: 'currency' }) };
  const paymentMethod = params.get('payment_method') ?? null;
  const number = String(books.nextNumber()).padStart(8, '0');
  const intent: Intent = {
    id: `pi_${number}`,
    object: 'payment_intent',
    amount,
    amount_received: 0,
    currency,
    created: Math.floor(nowMs / 1_000),
    status: paymentMethod === null ? 'requires_payment_method' : 'requires_confirmation',
    payment_method: paymentMethod,
    payment_method_types: ['card'],
    latest_charge: null,
    last_payment_error: null,
    metadata: membersOf(params, 'metadata'),
    livemode: false,
  };
  if (params.get('confirm') !== 'true') return { answer: ok({ ...intent }), record: { intent } };
  return confirm(intent, paymentMethod, number);
}

function confirm(intent: Intent, paymentMethod: string | null, number: string): Execution {
  const card = paymentMethod === null ? undefined : testCard(paymentMethod, misbehaviours);
  if (!card) {
    const message = `No such PaymentMethod: '${paymentMethod}'`;
    return { rejected: invalid(message, { code: 'resource_missing', param: 'payment_method' }) };
  }
  if (!card.decline) {
    const taken: Intent = {
      ...intent,
      status: 'succeeded',
      amount_received: intent.amount,
      latest_charge: `ch_${number}`,
    };
    return {
      answer: ok({ ...taken }),
      record: {
        intent: taken,
        event: { id: `evt_${number}`, type: 'payment_intent.succeeded', object: taken },
      },
    };
  }
  const { code, declineCode } = card.decline;
  const error = {
    type: 'card_error',
    code,
    ...(declineCode === undefined ? {} : { decline_code: declineCode }),
    message: 'Your card was declined (simulated).',
  } as const;
  const declined: Intent = { ...intent, status: 'requires_payment_method', last_payment_error: error };
  return {
    answer: refusal(402, { ...error, payment_intent: declined }),
    record: {
      intent: declined,
      event: { id: `evt_${number}`, type: 'payment_intent.payment_failed', object: declined },
    },
  };
}

export function retrieveIntent(books: Books, id: string, params: Params): Execution {
  const intent = books.intent(id);
  if (!intent) return { answer: missing(`payment_intent: '${id}'`) };
  if (params.get('expand[0]') !== 'latest_charge' || intent.latest_charge === null) {
    return { answer: ok({ ...intent }) };
  }
  const refunds = books.refundsOf(id).filter(({ status }) => status !== 'failed');
  const charge = {
    id: intent.latest_charge,
    object: 'charge',
    amount: intent.amount_received,
    amount_refunded: refunds.reduce((sum, { amount }) => sum + amount, 0),
  };
  return { answer: ok({ ...intent, latest_charge: charge }) };
}

export function cancelIntent(books: Books, id: string): Execution {
  const intent = books.intent(id);
  if (!intent) return { answer: missing(`payment_intent: '${id}'`) };
  if (intent.status === 'succeeded' || intent.status === 'canceled') {
    const message = `You cannot cancel this PaymentIntent because it has a status of ${intent.status}.`;
    return { answer: invalid(message, { code: 'payment_intent_unexpected_state', payment_intent: intent }) };
  }
  const canceled: Intent = { ...intent, status: 'canceled' };
  const event = { id: `evt_${books.nextNumber()}`, type: 'payment_intent.canceled', object: canceled };
  return { answer: ok({ ...canceled }), record: { intent: canceled, event } };
}

export function listIntents(books: Books, params: Params): Execution {
  return { answer: listOf(books.intents(), '/v1/payment_intents', params) };
}

/** Only what the adapter asks for. What was written less than `lagMs` ago is not shown, as with Stripe. */
export function searchIntents(books: Books, params: Params, nowMs: number, lagMs: number): Execution {
  const query = /^metadata\['([A-Za-z0-9_]+)'\]:'([^'\\]*)'$/.exec(params.get('query') ?? '');
  if (!query) return { rejected: invalid('The simulator knows metadata searches only', { param: 'query' }) };
  const [, name = '', value = ''] = query;
  const data = books
    .intentsWith(name, value)
    .filter((intent) => books.writtenAtMs(intent.id) + lagMs <= nowMs)
    .slice(0, Number(params.get('limit') ?? 10));
  const url = '/v1/payment_intents/search';
  return { answer: ok({ object: 'search_result', url, has_more: false, data }) };
}
