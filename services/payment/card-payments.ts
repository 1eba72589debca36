// The RPCs of card payments: each records what is wanted under its request's key, then waits for the provider's definite
// answer until its caller's deadline. What was recorded goes on without it.

import type { MessageInitShape } from '@bufbuild/protobuf';
import type { PaymentSchema } from '../../shared/gen/twicesafe/payment/v1/payment_pb.ts';
import type { Answer, IdempotentCall } from '../../shared/idempotency/index.ts';
import type { Journal, Recorded } from '../../shared/journal/index.ts';
import { inFlightError, refusalError } from '../../shared/rpc/index.ts';
import { answerOf } from './answer.ts';
import type { Chase } from './chase.ts';
import { isCardOpen } from './domain/card-changes.ts';
import {
  decideRequestCardPayment,
  type RequestCardPayment,
  TooManyRefundsError,
} from './domain/card-payment.ts';
import { outcomeKey, paymentEntity, refundOutcomeKey } from './domain/names.ts';
import {
  type CancelPayment,
  decideCancelPayment,
  decideRefundPayment,
  type RefundPayment,
} from './domain/payment.ts';
import type { PaymentState } from './domain/payment-state.ts';
import { refundRefused } from './domain/refusals.ts';
import { paymentReasons, tooManyRefunds } from './payment-errors.ts';
import { renderPayment } from './render.ts';

type PaymentAnswer = Answer<{ payment: MessageInitShape<typeof PaymentSchema> }>;

/** Each answers the same to every repeat, and throws REQUEST_IN_FLIGHT while nobody knows at the deadline. */
export interface CardPayments {
  create(
    call: IdempotentCall,
    asked: Omit<RequestCardPayment, 'caller' | 'requestKey'>,
    deadlineAtMs: number,
  ): Promise<PaymentAnswer>;
  refund(call: IdempotentCall, asked: RefundPayment, deadlineAtMs: number): Promise<PaymentAnswer>;
  cancel(call: IdempotentCall, asked: CancelPayment, deadlineAtMs: number): Promise<PaymentAnswer>;
}

/** The journal must be asked once more after the chase, and the answer be on its way before the deadline. */
const answerMarginMs = 200;

export function createCardPayments(deps: {
  journal: Pick<Journal, 'submit' | 'readKey' | 'readState'>;
  chase: Chase;
}): CardPayments {
  const { journal, chase } = deps;

  const rendered = (paymentId: string) => (payment: PaymentState) => ({
    payment: renderPayment(paymentId, payment),
  });

  /** What is recorded under `key`, once the provider's answer is definite. */
  async function definite(entity: string, key: string, deadlineAtMs: number): Promise<Recorded> {
    const before = await journal.readKey(key);
    if (before) return before;
    await chase.settle(entity, deadlineAtMs - answerMarginMs);
    const after = await journal.readKey(key);
    if (after) return after;
    throw inFlightError();
  }

  return {
    async create(call, asked, deadlineAtMs) {
      const { caller, key, fingerprint } = call;
      const entity = paymentEntity(caller, asked.paymentId);
      const command = { ...asked, caller, requestKey: key };
      const { outcome, replayed } = await journal.submit({
        key,
        fingerprint,
        entities: [entity],
        likelyNew: [entity],
        decide: (states) => decideRequestCardPayment(states, command),
      });
      if (!outcome.succeeded) return { replayed, refusal: outcome.refusal };
      const recorded = await definite(entity, outcomeKey(entity), deadlineAtMs);
      return answerOf({ ...recorded, replayed }, entity, rendered(asked.paymentId));
    },

    async refund({ caller, key, fingerprint }, asked, deadlineAtMs) {
      const entity = paymentEntity(caller, asked.paymentId);
      const { outcome, replayed } = await journal
        .submit({
          key,
          fingerprint,
          entities: [entity],
          decide: (states) => decideRefundPayment(states, asked),
        })
        .catch((error: unknown) => {
          throw error instanceof TooManyRefundsError ? tooManyRefunds(error) : error;
        });
      if (!outcome.succeeded) return { replayed, refusal: outcome.refusal };
      const recorded = await definite(entity, refundOutcomeKey(entity, asked.refundId), deadlineAtMs);
      return answerOf({ ...recorded, replayed }, entity, rendered(asked.paymentId));
    },

    async cancel({ caller, key, fingerprint }, asked, deadlineAtMs) {
      const entity = paymentEntity(caller, asked.paymentId);
      const recorded = await journal.submit({
        key,
        fingerprint,
        entities: [entity],
        decide: (states) => decideCancelPayment(states, asked),
      });
      const wished = recorded.states.get(entity) as PaymentState | undefined;
      // A tombstone, or nothing to undo.
      if (!wished || !isCardOpen(wished)) return answerOf(recorded, entity, rendered(asked.paymentId));
      // The pace so far was that of asking what became of it; the wish is news.
      chase.nudge(entity);
      await chase.settle(entity, deadlineAtMs - answerMarginMs);
      const payment = (await journal.readState(entity)) as PaymentState;
      if (isCardOpen(payment)) {
        const code = payment.cancel?.refusedFor;
        if (code === undefined) throw inFlightError();
        throw refusalError(paymentReasons, refundRefused(asked.paymentId, code), false);
      }
      // Granted: nothing changes it any more, so every repeat is told the same.
      return { replayed: recorded.replayed, response: rendered(asked.paymentId)(payment) };
    },
  };
}
