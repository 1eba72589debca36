// The adapter to Stripe. How it keeps the port's promises:
//
// capture   One PaymentIntent, created and confirmed in one request under the charge's key. Stripe answers a repeat
//           with what it stored, errors included, so a lost answer is found by asking again; a stored 500 is not, so
//           then it looks.
// abandon   Looks; and when there is nothing, spends the key: the same request without the card and the confirmation.
//           If that succeeds, Stripe had never seen the key, and a capture that comes later is refused, because its
//           parameters differ. If it is refused for that reason, the capture was there first and will be found.
// looking   Search lags behind by a minute, by an hour at worst. So what it finds counts, and is read again by its id;
//           what it does not find counts only together with a spent key.
//
// Every answer is checked to be about what was asked: a confused connection may deliver somebody else's.

import type Stripe from 'stripe';
import type { Outcome, RefundOutcome } from '../domain/card-payment.ts';
import { type Fault, faultOf } from './classify.ts';
import type { Charge, Misconfigured, PaymentProvider, RefundAsk, Unknown } from './provider.ts';
import { listPayments, listRefunds, readPayment } from './stripe-books.ts';
import { readStripeEvent } from './stripe-event.ts';

/** PaymentIntents of one charge that are looked at: one, its spent key, and what should never be. */
const foundMax = 10;

/** Refunds of one charge that are looked through; a hundred is Stripe's page. */
const refundPagesMax = 20;

const unknown = (cause: string): Unknown => ({ outcome: 'unknown', cause });

export function createStripeProvider(deps: { stripe: Stripe; webhookSecret: string }): PaymentProvider {
  const { stripe, webhookSecret } = deps;

  async function take(charge: Charge): Promise<Stripe.PaymentIntent> {
    return stripe.paymentIntents.create(
      {
        ...sameForAll(charge),
        payment_method: charge.paymentMethod,
        confirm: true,
        // Nobody is there to answer a bank's question; without this the payment would wait for that.
        error_on_requires_action: true,
      },
      { idempotencyKey: charge.key },
    );
  }

  /** An answer means that no capture of this key was ever begun, and none can be. */
  async function spendKey(charge: Charge): Promise<Stripe.PaymentIntent> {
    const { metadata, ...same } = sameForAll(charge);
    return stripe.paymentIntents.create(
      { ...same, metadata: { ...metadata, spent: 'true' } },
      { idempotencyKey: charge.key },
    );
  }

  async function find(charge: Charge, providerId: string | undefined): Promise<Stripe.PaymentIntent[]> {
    const known = providerId === undefined ? [] : [await stripe.paymentIntents.retrieve(providerId)];
    const ours = known.filter((intent) => isOf(intent, charge));
    if (ours.length > 0) return ours;
    const { data } = await stripe.paymentIntents.search({
      query: `metadata['charge']:'${charge.key}'`,
      limit: foundMax,
    });
    const fresh = await Promise.all(data.map(({ id }) => stripe.paymentIntents.retrieve(id)));
    return fresh.filter((intent) => isOf(intent, charge));
  }

  /** What the books say now; undefined when they say nothing definite. */
  async function look(charge: Charge, providerId: string | undefined): Promise<Outcome | undefined> {
    try {
      return verdictOf(await find(charge, providerId));
    } catch {
      // That it cannot be looked up leaves it as unknown as it was, and the caller says why it was.
      return undefined;
    }
  }

  async function capture(
    charge: Charge,
    providerId: string | undefined,
  ): Promise<Outcome | Unknown | Misconfigured> {
    try {
      const intent = await take(charge);
      if (!isOf(intent, charge)) return unknown('an answer about another payment');
      return verdictOf([intent]) ?? unknown(`status ${intent.status}`);
    } catch (error) {
      const fault = faultOf(error);
      switch (fault.outcome) {
        case 'declined':
          if (fault.aboutPayment !== undefined && fault.aboutPayment !== charge.key)
            return unknown('an answer about another payment');
          return { outcome: 'declined', code: fault.code };
        case 'invalid':
          // Refused before its key was looked at: if an earlier attempt got through, the books know.
          return (await look(charge, providerId)) ?? { outcome: 'declined', code: fault.code };
        case 'misconfigured':
          return fault;
        default:
          return (await look(charge, providerId)) ?? unknownOf(fault);
      }
    }
  }

  async function abandon(
    charge: Charge,
    providerId: string | undefined,
  ): Promise<Outcome | Unknown | Misconfigured> {
    try {
      const found = await find(charge, providerId);
      const verdict = verdictOf(found);
      if (verdict) return verdict;
      const open = found.find(({ status }) => status !== 'processing');
      if (open)
        return verdictOf([await stripe.paymentIntents.cancel(open.id)]) ?? unknown('not cancelled yet');
      if (found.length > 0) return unknown('the provider is processing it');
      const spent = await spendKey(charge);
      return isOf(spent, charge) && isSpentKey(spent) ? { outcome: 'not_taken' } : unknown('another answer');
    } catch (error) {
      return unknownOf(faultOf(error));
    }
  }

  async function refund(ask: RefundAsk): Promise<RefundOutcome | Unknown | Misconfigured> {
    try {
      const made = await stripe.refunds.create(
        {
          payment_intent: ask.providerId,
          amount: Number(ask.amountMinorUnits),
          metadata: { payment: ask.payment, refund: ask.refund },
        },
        { idempotencyKey: ask.key },
      );
      return refundOutcomeOf(made, ask);
    } catch (error) {
      const fault = faultOf(error);
      if (fault.outcome === 'misconfigured') return fault;
      const found = await findRefund(ask);
      if (found.outcome === 'refunded' || found.outcome === 'refused') return found;
      // Only when the books do not have it: our own refund is also a reason why no more can be refunded.
      if (fault.outcome === 'invalid' && found.outcome === 'absent') {
        return { ...fault, outcome: 'refused' };
      }
      return unknownOf(fault);
    }
  }

  async function findRefund(
    ask: RefundAsk,
  ): Promise<RefundOutcome | { outcome: 'absent' } | Unknown | Misconfigured> {
    try {
      let after: string | undefined;
      for (let page = 0; page < refundPagesMax; page += 1) {
        const { data, has_more } = await stripe.refunds.list({
          payment_intent: ask.providerId,
          limit: 100,
          ...(after === undefined ? {} : { starting_after: after }),
        });
        const made = data.find(({ metadata }) => metadata?.['refund'] === ask.refund);
        if (made) return refundOutcomeOf(made, ask);
        if (!has_more) return { outcome: 'absent' };
        after = data.at(-1)?.id;
      }
      return unknown('more refunds than are looked through');
    } catch (error) {
      return unknownOf(faultOf(error));
    }
  }

  return {
    capture,
    abandon,
    refund,
    findRefund,
    readPayment: (providerId) => readPayment(stripe, providerId),
    listPayments: (since, page) => listPayments(stripe, since, page),
    listRefunds: (since, page) => listRefunds(stripe, since, page),
    readEvent: (body, signature) => readStripeEvent(stripe, webhookSecret, body, signature),
  };
}

/** What a charge and its spent key have in common. The same on every attempt: Stripe compares. */
function sameForAll({ payment, key, amountMinorUnits, currency }: Charge) {
  return {
    amount: Number(amountMinorUnits),
    currency: currency.toLowerCase(),
    payment_method_types: ['card'],
    metadata: { payment, charge: key },
  };
}

const isOf = (intent: Stripe.PaymentIntent, { key }: Charge): boolean => intent.metadata['charge'] === key;

const isSpentKey = ({ metadata }: Stripe.PaymentIntent): boolean => metadata['spent'] === 'true';

/** What is definite about these, all of one charge. Taken counts before everything else. */
function verdictOf(intents: readonly Stripe.PaymentIntent[]): Outcome | undefined {
  const taken = intents.find(({ status }) => status === 'succeeded');
  if (taken) return { outcome: 'captured', providerId: taken.id };
  const charges = intents.filter((intent) => !isSpentKey(intent));
  for (const { status, last_payment_error: lastError } of charges) {
    if (status === 'requires_payment_method' && lastError) {
      return { outcome: 'declined', code: lastError.decline_code || lastError.code || 'card_declined' };
    }
    if (status !== 'canceled') return undefined;
  }
  return intents.length > 0 ? { outcome: 'not_taken' } : undefined;
}

function refundOutcomeOf(refund: Stripe.Refund, ask: RefundAsk): RefundOutcome | Unknown {
  if (refund.metadata?.['refund'] !== ask.refund) return unknown('an answer about another refund');
  switch (refund.status) {
    case 'succeeded':
      return { outcome: 'refunded' };
    case 'failed':
    case 'canceled':
      return { outcome: 'refused', code: refund.failure_reason ?? refund.status };
    default:
      return unknown(`refund ${refund.status}`);
  }
}

/** A fault that says nothing about the money. */
function unknownOf(fault: Fault): Unknown | Misconfigured {
  switch (fault.outcome) {
    case 'unknown':
    case 'misconfigured':
      return fault;
    case 'key_spent':
      return unknown('the key is spent, but nothing is found yet');
    default:
      return unknown(`${fault.outcome} where that says nothing`);
  }
}
