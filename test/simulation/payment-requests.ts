// The requests about payments and accounts, and the refusals that each may get.

import { PaymentService } from '../../shared/gen/twicesafe/payment/v1/payment_pb.ts';
import { money, type Request, type Subject } from './subject.ts';

export function paymentRequest(subject: Subject): Request | undefined {
  const { command, wish, caller, requestId, index, paymentId, amount } = subject;
  const { method } = PaymentService;
  const payment = { service: 'payment' as const, about: `payment/${caller}/${paymentId}`, caller, requestId };
  switch (command.kind) {
    case 'pay':
      return {
        ...payment,
        requestId: `pay-payment-${index}`,
        method: method.createPayment,
        message: { paymentId, source: subject.source, amount, reference: 'mine' },
        refusals: [...subject.payerRefusals, 'REQUEST_CANCELLED'],
      };
    case 'refund': {
      // One half and one whole: together too much.
      const part = money(command.variant === 0 ? Math.ceil(wish.amount / 2) : wish.amount);
      return {
        ...payment,
        method: method.refundPayment,
        message: { paymentId, amount: part, reason: 'storm' },
        refusals: [
          'PAYMENT_NOT_FOUND',
          'PAYMENT_NOT_CAPTURED',
          'REFUND_EXCEEDS_CAPTURED',
          ...(wish.card ? ['REFUND_REFUSED'] : []),
        ],
      };
    }
    case 'cancelPayment':
      return {
        ...payment,
        method: method.cancelPayment,
        message: { paymentId },
        refusals: [],
        passing: wish.card === 'refundFailsFirst' ? ['REFUND_REFUSED'] : [],
      };
    default:
      return undefined;
  }
}

export function accountRequest(subject: Subject): Request | undefined {
  const { command, caller, requestId, accountId, amount, whenFrozen, whenClosed } = subject;
  const { method } = PaymentService;
  const account = { service: 'payment' as const, about: `account/${accountId}`, caller, requestId };
  const byOperator = { ...account, caller: 'operator' as const, message: { accountId, reason: 'storm' } };
  switch (command.kind) {
    case 'deposit':
      return { ...account, method: method.deposit, message: { accountId, amount }, refusals: whenClosed };
    case 'withdraw':
      return {
        ...account,
        method: method.withdraw,
        message: { accountId, amount },
        refusals: ['INSUFFICIENT_FUNDS', ...whenFrozen, ...whenClosed],
      };
    case 'freeze':
      return { ...byOperator, method: method.freezeAccount, refusals: whenClosed };
    case 'unfreeze':
      return { ...byOperator, method: method.unfreezeAccount, refusals: whenClosed };
    case 'close':
      return { ...byOperator, method: method.closeAccount, refusals: ['ACCOUNT_NOT_EMPTY', ...whenFrozen] };
    case 'reopen':
      return { ...byOperator, method: method.reopenAccount, refusals: whenFrozen };
    default:
      return undefined;
  }
}
