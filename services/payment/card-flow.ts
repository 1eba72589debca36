// One turn of a card payment: reads where it stands, asks its provider the one thing that is due, records the answer.
// The normal call, every retry, the sweeper and the resume after a crash all take these turns; there is no other way.
//
// Why nothing is taken twice. The intent is recorded before the provider is asked, and every ask carries a key that is
// derived from the record, so a turn may be taken again by anybody at any time: the provider recognises the key. It
// remembers keys for a time only. So once a charge is `keyLifetimeMs` old it is never asked for again; then, and when a
// cancel is wished, the charge is abandoned: the provider's books are searched, and a charge that is not there has
// its key spent, so that none which is still on its way, or in a process that sleeps, can arrive later. The key of a
// refund cannot be spent. One that is not in the books counts as never made only when no request for it can arrive any
// more; said earlier, a refund that was refused could still be made.
//
// Crash windows, each closed by the next turn:
//   after the intent, before the ask      asks (or abandons)
//   after the ask, before the record      asks again under the same key: the same answer
//   after the record                      nothing is open any more

import { deriveId } from '../../shared/idempotency/index.ts';
import type { Decision, Journal, Outcome as Recorded, State } from '../../shared/journal/index.ts';
import type { Clock, Failpoints, Logger } from '../../shared/runtime/index.ts';
import { isCardOpen, isUndecided, neverMadeCode, refundIdOf } from './domain/card-changes.ts';
import {
  decideAttention,
  decideCancelRefund,
  decideOutcome,
  decideRefundOutcome,
  decideUnknown,
  type Outcome,
  type RefundOutcome,
} from './domain/card-payment.ts';
import { outcomeKey, refundAskedKey, refundOutcomeKey, unknownKey } from './domain/names.ts';
import type { AskedPayment, PaymentState, PendingRefund } from './domain/payment-state.ts';
import type { Charge, Misconfigured, PaymentProvider, Unknown } from './provider/provider.ts';

/**
 * settled: nothing is open. moved: something became definite, more may be due at once. waiting: the provider must be asked
 * again, not before `retryDelayMs`. stuck: a person is needed; it is tried again all the same, slowly.
 */
export type Turn =
  | { readonly turn: 'settled' | 'moved' | 'stuck' }
  | { readonly turn: 'waiting'; readonly retryDelayMs: number };

export interface CardFlow {
  /** Rejects only when the journal cannot be reached: take the turn again. */
  takeTurn(entity: string): Promise<Turn>;
}

export interface CardFlowDependencies {
  readonly journal: Pick<Journal, 'submit' | 'readState'>;
  readonly provider: PaymentProvider;
  /** How old a provider's key may be and still be trusted to be remembered. Below what the provider promises. */
  readonly keyLifetimeMs: number;
  /** How long after a request was decided on it may still reach the provider: networks, and processes that sleep. */
  readonly arrivalMsMax: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly failpoints: Failpoints;
}

export function createCardFlow(deps: CardFlowDependencies): CardFlow {
  const { journal, provider, keyLifetimeMs, arrivalMsMax, clock, log, failpoints } = deps;

  /** Records what became known, once, under its own key; what was recorded before stands. */
  function record(
    entity: string,
    key: string,
    decide: (states: readonly (State | undefined)[]) => Decision,
  ): Promise<{ outcome: Recorded }> {
    return journal.submit({ key, fingerprint: '', entities: [entity], decide });
  }

  async function ask<T>(what: string, call: () => Promise<T>): Promise<T> {
    await failpoints.reach('card.before_provider', [what]);
    const answer = await call();
    await failpoints.reach('card.after_provider', [what]);
    return answer;
  }

  const isTooOld = (askedAt: Date): boolean => clock.nowMs() - askedAt.getTime() >= keyLifetimeMs;

  /** Whether one that was asked for while its key was trusted can still be on its way. */
  const mayStillArrive = (askedAt: Date): boolean =>
    clock.nowMs() - askedAt.getTime() < keyLifetimeMs + arrivalMsMax;

  async function decideMoney(entity: string, payment: AskedPayment): Promise<Turn> {
    const charge = chargeOf(entity, payment);
    const mayTake = payment.cancel === undefined && !isTooOld(payment.createdAt);
    const answer = mayTake
      ? await ask('capture', () => provider.capture(charge, payment.providerId))
      : await ask('abandon', () => provider.abandon(charge, payment.providerId));
    if (isIndefinite(answer)) {
      await record(entity, unknownKey(entity), (states) => decideUnknown(states, entity, answer.cause));
      return wait(entity, payment, answer);
    }
    const outcome: Outcome = answer;
    await record(entity, outcomeKey(entity), (states) => decideOutcome(states, entity, outcome));
    return { turn: 'moved' };
  }

  async function giveBack(entity: string, payment: AskedPayment, refund: PendingRefund): Promise<Turn> {
    const { id, amount: amountMinorUnits, askedAt } = refund;
    const providerId = payment.providerId ?? '';
    const key = providerKey('refund', entity, id);
    const asked = { payment: entity, refund: id, key, providerId, amountMinorUnits };
    let answer = isTooOld(askedAt)
      ? await ask('find_refund', () => provider.findRefund(asked))
      : await ask('refund', () => provider.refund(asked));
    if (answer.outcome === 'absent') {
      if (mayStillArrive(askedAt)) return { turn: 'waiting', retryDelayMs: 0 };
      answer = { outcome: 'refused', code: neverMadeCode };
    }
    if (isIndefinite(answer)) return wait(entity, payment, answer);
    const outcome: RefundOutcome = answer;
    await record(entity, refundOutcomeKey(entity, id), (states) =>
      decideRefundOutcome(states, entity, id, outcome),
    );
    // A cancel whose refund was refused begins another one, but not at once. One that was never made was not refused.
    const wasRefused = outcome.outcome === 'refused' && outcome.code !== neverMadeCode;
    const isOfCancel = payment.cancel && refundIdOf(payment.cancel) === id;
    return { turn: wasRefused && isOfCancel ? 'stuck' : 'moved' };
  }

  async function wait(entity: string, payment: AskedPayment, answer: Unknown | Misconfigured): Promise<Turn> {
    if (answer.outcome === 'unknown') return { turn: 'waiting', retryDelayMs: answer.retryDelayMs ?? 0 };
    const attention = answer.cause;
    if (payment.attention !== attention) {
      log.error({ entity, attention }, 'a card payment needs attention');
      // Recorded once for each cause, or the journal would grow as long as nobody comes.
      const stage = isUndecided(payment) ? 'charge' : (payment.pendingRefunds?.[0]?.id ?? '');
      const key = `attention/${entity}/${deriveId(stage, attention)}`;
      await record(entity, key, (states) => decideAttention(states, entity, attention));
    }
    return { turn: 'stuck' };
  }

  return {
    async takeTurn(entity) {
      const payment = (await journal.readState(entity)) as PaymentState | undefined;
      if (!payment || !isCardOpen(payment)) return { turn: 'settled' };
      if (isUndecided(payment)) return decideMoney(entity, payment);
      const [refund] = payment.pendingRefunds ?? [];
      if (refund) return giveBack(entity, payment, refund);
      if (!payment.cancel) throw new Error(`${entity} is open, but nothing is due`);
      const refundId = refundIdOf(payment.cancel);
      await record(entity, refundAskedKey(entity, refundId), (states) =>
        decideCancelRefund(states, entity, refundId),
      );
      return { turn: 'moved' };
    },
  };
}

/** The key of one ask, for ever: every process and every retry sends the same. */
const providerKey = (...parts: string[]): string => `twicesafe-${deriveId(...parts)}`;

export function chargeOf(entity: string, payment: AskedPayment): Charge {
  return {
    payment: entity,
    key: providerKey('charge', entity),
    paymentMethod: payment.card ?? '',
    amountMinorUnits: payment.amount,
    currency: payment.currency,
  };
}

function isIndefinite(answer: { outcome: string }): answer is Unknown | Misconfigured {
  return answer.outcome === 'unknown' || answer.outcome === 'misconfigured';
}
