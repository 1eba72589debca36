// Refunds: create and list. Never more than was taken, over all of them.

import { invalid, missing, ok } from './answers.ts';
import type { Books, Refund } from './books.ts';
import { membersOf, type Params } from './form.ts';
import { listOf } from './listing.ts';
import { misbehaviours } from './misbehaviour.ts';
import type { Execution } from './payment-intents.ts';
import { type TestCard, testCard } from './test-cards.ts';

export function createRefund(books: Books, params: Params, nowMs: number): Execution {
  const intentId = params.get('payment_intent') ?? '';
  const intent = books.intent(intentId);
  if (!intent) return { rejected: missing(`payment_intent: '${intentId}'`) };
  if (intent.status !== 'succeeded') {
    return {
      answer: invalid('This PaymentIntent has no successful charge', { code: 'charge_not_captured' }),
    };
  }
  const card = testCard(intent.payment_method ?? '', misbehaviours) ?? {};
  if (card.refund === 'refused') {
    return { answer: invalid('The charge is disputed (simulated)', { code: 'charge_disputed' }) };
  }
  const earlier = books.refundsOf(intentId);
  const refunded = earlier
    .filter(({ status }) => status !== 'failed')
    .reduce((sum, { amount }) => sum + amount, 0);
  const left = intent.amount_received - refunded;
  const amount = params.has('amount') ? Number(params.get('amount')) : left;
  if (left === 0) {
    return { answer: invalid('Charge has already been refunded.', { code: 'charge_already_refunded' }) };
  }
  if (!Number.isInteger(amount) || amount < 1 || amount > left) {
    return {
      answer: invalid(`Refund amount is greater than unrefunded amount (${left})`, { param: 'amount' }),
    };
  }
  const status = refundStatus(card.refund, earlier.length);
  const number = String(books.nextNumber()).padStart(8, '0');
  const refund: Refund = {
    id: `re_${number}`,
    object: 'refund',
    amount,
    currency: intent.currency,
    created: Math.floor(nowMs / 1_000),
    payment_intent: intentId,
    status,
    ...(status === 'failed' ? { failure_reason: 'expired_or_canceled_card' } : {}),
    metadata: membersOf(params, 'metadata'),
  };
  return {
    answer: ok({ ...refund }),
    record: { refund, event: { id: `evt_${number}`, type: 'refund.created', object: refund } },
  };
}

function refundStatus(card: TestCard['refund'], earlierCount: number): Refund['status'] {
  if (card === 'failed' || (card === 'failed_first' && earlierCount === 0)) return 'failed';
  return card === 'pending' ? 'pending' : 'succeeded';
}

export function listRefunds(books: Books, params: Params): Execution {
  const intentId = params.get('payment_intent');
  const all = intentId === undefined ? books.refunds() : books.refundsOf(intentId);
  return { answer: listOf(all, '/v1/refunds', params) };
}
