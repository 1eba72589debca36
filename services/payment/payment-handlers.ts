// The RPCs of payments. A payment belongs to its caller; another caller's is as if it did not exist.

import type { HandlerContext, ServiceImpl } from '@connectrpc/connect';
import type { PaymentService } from '../../shared/gen/twicesafe/payment/v1/payment_pb.ts';
import { type Answering, deriveId, type IdempotentCall } from '../../shared/idempotency/index.ts';
import type { Decision, Journal, State } from '../../shared/journal/index.ts';
import { callerOf, deadlineOf, fieldInvalid, refusalError } from '../../shared/rpc/index.ts';
import { answerOf } from './answer.ts';
import type { CardPayments } from './card-payments.ts';
import {
  accountEntity,
  accountOfPayment,
  cardPlace,
  idOf,
  isCardPayment,
  paymentEntity,
  paymentsList,
} from './domain/names.ts';
import { decideCancelPayment, decideCreatePayment, decideRefundPayment } from './domain/payment.ts';
import { isTombstone, type PaymentState } from './domain/payment-state.ts';
import { paymentNotFound } from './domain/refusals.ts';
import { cardPaymentsUnavailable, paymentReasons } from './payment-errors.ts';
import { renderPayment } from './render.ts';
import { accountIdFrom, moneyOf, pageSizeOf, requirePlace } from './requests.ts';

type PaymentMethods = 'createPayment' | 'refundPayment' | 'cancelPayment' | 'getPayment' | 'listPayments';

export function createPaymentHandlers(deps: {
  journal: Journal;
  answering: Answering;
  /** Undefined where no provider is configured. */
  cards: CardPayments | undefined;
}): Pick<ServiceImpl<typeof PaymentService>, PaymentMethods> {
  const { journal, answering, cards } = deps;

  /**
   * Records one decision about a payment and its account in one insert, under the request's key, and answers the
   * payment as it was right after it. The account need not exist: a cancel may come before everything.
   */
  async function changePayment(
    call: IdempotentCall,
    paymentId: string,
    decide: (states: readonly (State | undefined)[]) => Decision,
    likelyNew: readonly string[] = [],
  ) {
    const entity = paymentEntity(call.caller, paymentId);
    const accountId = accountOfPayment(paymentId);
    if (isCardPayment(paymentId)) await requireNoProviderNeeded(entity);
    const recorded = await journal.submit({
      key: call.key,
      fingerprint: call.fingerprint,
      entities: accountId === undefined ? [entity] : [entity, accountEntity(accountId)],
      decide,
      likelyNew,
    });
    return answerOf(recorded, entity, (payment: PaymentState) => ({
      payment: renderPayment(paymentId, payment),
    }));
  }

  /** A card's money is not given back without its provider, not even as a wish: nobody would grant it. */
  async function requireNoProviderNeeded(entity: string): Promise<void> {
    const payment = (await journal.readState(entity)) as PaymentState | undefined;
    const needed =
      payment && !isTombstone(payment) && !['declined', 'refunded', 'cancelled'].includes(payment.status);
    if (needed) throw cardPaymentsUnavailable();
  }

  async function paymentNow(context: HandlerContext, paymentId: string): Promise<PaymentState> {
    const payment = await journal.readState(paymentEntity(callerOf(context).name, paymentId));
    if (!payment) throw refusalError(paymentReasons, paymentNotFound(paymentId), false);
    return payment as PaymentState;
  }

  return {
    createPayment({ source, paymentId: askedId, amount: asked, reference }, context) {
      const amount = moneyOf('amount', asked, 1n);
      if (source.case === 'card') {
        requirePlace(askedId, cardPlace);
        if (!cards) throw cardPaymentsUnavailable();
        const card = source.value.paymentMethod;
        return answering.answerOnce(context, (call) => {
          const paymentId = askedId || `${cardPlace}.${deriveId(call.caller, call.rpc, call.requestId)}`;
          return cards.create(call, { paymentId, card, amount, reference }, deadlineOf(context));
        });
      }
      if (source.case !== 'accountId') throw fieldInvalid('source', 'an account or a card is required');
      const accountId = accountIdFrom(source.value);
      requirePlace(askedId, accountId);
      return answering.answerOnce(context, (call) => {
        const { caller, key: requestKey } = call;
        const paymentId = askedId || `${accountId}.${deriveId(caller, call.rpc, call.requestId)}`;
        const command = { caller, paymentId, accountId, amount, reference, requestKey };
        const likelyNew = [paymentEntity(caller, paymentId)];
        return changePayment(call, paymentId, (states) => decideCreatePayment(states, command), likelyNew);
      });
    },
    refundPayment({ paymentId, amount: asked, reason }, context) {
      const amount = moneyOf('amount', asked, 1n);
      return answering.answerOnce(context, (call) => {
        const command = { caller: call.caller, paymentId, amount, reason, refundId: deriveId(call.key) };
        if (cards && isCardPayment(paymentId)) return cards.refund(call, command, deadlineOf(context));
        return changePayment(call, paymentId, (states) => decideRefundPayment(states, command));
      });
    },
    cancelPayment({ paymentId }, context) {
      return answering.answerOnce(context, (call) => {
        const command = { caller: call.caller, paymentId, cancelId: deriveId(call.key) };
        if (cards && isCardPayment(paymentId)) return cards.cancel(call, command, deadlineOf(context));
        return changePayment(call, paymentId, (states) => decideCancelPayment(states, command));
      });
    },
    async getPayment({ paymentId }, context) {
      return { payment: renderPayment(paymentId, await paymentNow(context, paymentId)) };
    },
    async listPayments({ pageSize, pageToken }, context) {
      const list = paymentsList(callerOf(context).name);
      const page = await journal.list(list, { size: pageSizeOf(pageSize), token: pageToken });
      const ids = page.items.map(idOf);
      const payments = await Promise.all(
        ids.map(async (id) => renderPayment(id, await paymentNow(context, id))),
      );
      return { payments, nextPageToken: page.nextPageToken ?? '' };
    },
  };
}
