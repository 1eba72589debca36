// The decisions about a payment. Each sees the payment and its account and changes both in one record, so that money
// never leaves one without reaching the other.

import {
  type Change,
  type Decision,
  type Refusal,
  refuse,
  type State,
  succeed,
} from '../../../shared/journal/decision.ts';
import { type AccountChange, type AccountState, refusalOfStanding } from './account.ts';
import { pendingMinorUnits } from './card-changes.ts';
import { askForCancel, askForRefund } from './card-payment.ts';
import { postingOf } from './ledger.ts';
import { type Money, turnoverMinorUnitsMax } from './money.ts';
import { accountEntity, accountOfPayment, paymentEntity, paymentsList } from './names.ts';
import type { Asked, PaymentChange } from './payment-changes.ts';
import { isTombstone, type PaymentState } from './payment-state.ts';
import {
  accountNotFound,
  currencyMismatch,
  insufficientFunds,
  paymentAlreadyExists,
  paymentNotCaptured,
  paymentNotFound,
  refundExceedsCaptured,
  requestCancelled,
  turnoverLimitExceeded,
} from './refusals.ts';

export type CreatePayment = Readonly<{
  caller: string;
  paymentId: string;
  accountId: string;
  amount: Money;
  reference: string;
  /** The key of this request. */
  requestKey: string;
}>;
/** `refundId` names the refund at a card's provider. */
export type RefundPayment = Readonly<{
  caller: string;
  paymentId: string;
  amount: Money;
  reason: string;
  refundId: string;
}>;
/** `cancelId` names the undo while a card's provider is asked. */
export type CancelPayment = Readonly<{ caller: string; paymentId: string; cancelId: string }>;

/**
 * States: the payment, its account. Takes the whole amount or nothing. A refusal of the account makes the payment
 * `declined`, so that its id is used up and a cancel of it finds that nothing was taken.
 */
export function decideCreatePayment(
  states: readonly (State | undefined)[],
  command: CreatePayment,
): Decision {
  const [payment, account] = states as readonly [PaymentState | undefined, AccountState | undefined];
  const { caller, paymentId, accountId, reference } = command;
  const { amountMinorUnits: amount, currency } = command.amount;
  const entity = paymentEntity(caller, paymentId);
  if (payment) {
    const refusal = isTombstone(payment) ? requestCancelled(paymentId) : paymentAlreadyExists(paymentId);
    return refuse(entity, refusal);
  }
  const asked: Asked = { accountId, amount, currency, reference, createdBy: command.requestKey };
  const lists = [paymentsList(caller)];
  const refusal = refusalOfCharge(account, accountId, command.amount);
  if (refusal) {
    const declined = ofPayment(entity, { type: 'declined', data: { ...asked, refusal: refusal.reason } });
    const refused = ofAccount(accountId, {
      type: 'refused',
      data: { reason: refusal.reason, payment: entity },
    });
    return {
      outcome: { succeeded: false, refusal },
      changes: [{ ...declined, lists }, ...(account ? [refused] : [])],
    };
  }
  return succeed(
    { ...ofPayment(entity, { type: 'captured', data: asked }), lists },
    takenFromAccount(accountId, entity, command.amount),
  );
}

function refusalOfCharge(
  account: AccountState | undefined,
  accountId: string,
  asked: Money,
): Refusal | undefined {
  if (!account) return accountNotFound(accountId);
  const unusable = refusalOfStanding(account, accountId);
  if (unusable) return unusable;
  if (account.currency !== asked.currency) return currencyMismatch(account.currency, asked.currency);
  if (account.balance < asked.amountMinorUnits) return insufficientFunds(accountId, account.balance, asked);
  if (account.charged + asked.amountMinorUnits > turnoverMinorUnitsMax)
    return turnoverLimitExceeded(accountId);
  return undefined;
}

/** States: the payment, its account. Over all refunds and a cancel never more is given back than was captured. */
export function decideRefundPayment(
  states: readonly (State | undefined)[],
  command: RefundPayment,
): Decision {
  const payment = states[0] as PaymentState | undefined;
  const { caller, paymentId, reason, refundId } = command;
  const { amountMinorUnits: amount, currency } = command.amount;
  const entity = paymentEntity(caller, paymentId);
  if (!payment) return refuse(entity, paymentNotFound(paymentId));
  // A payment that refunds have emptied was captured; asking for more of it is asking for too much.
  const wasCaptured = payment.status === 'captured' || payment.status === 'refunded';
  if (isTombstone(payment) || !wasCaptured)
    return refuse(entity, paymentNotCaptured(paymentId, payment.status));
  if (payment.cancel) return refuse(entity, paymentNotCaptured(paymentId, 'being cancelled'));
  if (payment.currency !== currency) return refuse(entity, currencyMismatch(payment.currency, currency));
  const refundable = payment.amount - payment.refunded - pendingMinorUnits(payment);
  if (amount > refundable) return refuse(entity, refundExceedsCaptured(paymentId, refundable));
  const accountId = accountOfPayment(paymentId);
  if (accountId === undefined) return askForRefund(entity, payment, { refundId, amount, reason });
  return succeed(
    ofPayment(entity, { type: 'refunded', data: { amount, reason } }),
    backToAccount(accountId, entity, command.amount),
  );
}

/** States: the payment, its account. The undo: it always succeeds, and whatever comes after it finds nothing to take or give. */
export function decideCancelPayment(
  states: readonly (State | undefined)[],
  command: CancelPayment,
): Decision {
  const payment = states[0] as PaymentState | undefined;
  const { caller, paymentId, cancelId } = command;
  const entity = paymentEntity(caller, paymentId);
  if (!payment) {
    return succeed({ ...ofPayment(entity, { type: 'tombstoned', data: {} }), lists: [paymentsList(caller)] });
  }
  if (isTombstone(payment)) return foundSettled(entity, payment);
  switch (payment.status) {
    case 'requested':
    case 'unknown':
      return askForCancel(entity, payment, cancelId);
    case 'captured': {
      const accountId = accountOfPayment(paymentId);
      if (accountId === undefined) return askForCancel(entity, payment, cancelId);
      const amount = payment.amount - payment.refunded;
      return succeed(
        ofPayment(entity, { type: 'cancelled', data: { amount } }),
        backToAccount(accountId, entity, { amountMinorUnits: amount, currency: payment.currency }),
      );
    }
    case 'declined':
    case 'refunded':
    case 'cancelled':
      return foundSettled(entity, payment);
    default:
      throw new Error(`unknown status of a payment: ${JSON.stringify(payment satisfies never)}`);
  }
}

const foundSettled = (entity: string, payment: PaymentState): Decision =>
  succeed(ofPayment(entity, { type: 'found_settled', data: { status: payment.status } }));

/** The account's half of a payment, with its posting. */
function takenFromAccount(accountId: string, payment: string, money: Money): Change {
  const { amountMinorUnits: amount, currency } = money;
  const posting = postingOf('charged', accountEntity(accountId), currency);
  return ofAccount(accountId, { type: 'charged', data: { amount, payment, ...posting } });
}

/** The account's half of a refund or a cancel. Whatever the account's standing: what comes home is never refused. */
function backToAccount(accountId: string, payment: string, money: Money): Change {
  const { amountMinorUnits: amount, currency } = money;
  const posting = postingOf('refunded', accountEntity(accountId), currency);
  return ofAccount(accountId, { type: 'refunded', data: { amount, payment, ...posting } });
}

const ofPayment = (entity: string, change: PaymentChange): Change => ({ entity, ...change });
const ofAccount = (accountId: string, change: AccountChange): Change => ({
  entity: accountEntity(accountId),
  ...change,
});
