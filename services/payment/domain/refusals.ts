// Every refusal of this service, in its words. The transport's code for each reason is in payment-errors.ts.

import type { Refusal } from '../../../shared/journal/decision.ts';
import { balanceMinorUnitsMax, type Money, turnoverMinorUnitsMax } from './money.ts';

export const accountAlreadyExists = (accountId: string): Refusal => ({
  reason: 'ACCOUNT_ALREADY_EXISTS',
  message: `account ${accountId} was opened by another request`,
  metadata: { account_id: accountId },
});

export const accountNotFound = (accountId: string): Refusal => ({
  reason: 'ACCOUNT_NOT_FOUND',
  message: `there is no account ${accountId}; open it first`,
  metadata: { account_id: accountId },
});

export const accountFrozen = (accountId: string): Refusal => ({
  reason: 'ACCOUNT_FROZEN',
  message: `account ${accountId} is frozen: nothing is taken from it until it is unfrozen`,
  metadata: { account_id: accountId },
});

export const accountClosed = (accountId: string): Refusal => ({
  reason: 'ACCOUNT_CLOSED',
  message: `account ${accountId} is closed; use another account, or reopen it`,
  metadata: { account_id: accountId },
});

/** Closing it would forget what it holds. */
export const accountNotEmpty = (accountId: string, balanceMinorUnits: bigint): Refusal => ({
  reason: 'ACCOUNT_NOT_EMPTY',
  message: `account ${accountId} holds ${balanceMinorUnits} minor units; withdraw them, then close it under a new request id`,
  metadata: { account_id: accountId, balance_minor_units: String(balanceMinorUnits) },
});

/** `expected` is the currency of the account or of the payment. */
export const currencyMismatch = (expected: string, given: string): Refusal => ({
  reason: 'CURRENCY_MISMATCH',
  message: `the amount is in ${given}, but it must be in ${expected}`,
  metadata: { expected, given },
});

export const insufficientFunds = (accountId: string, balanceMinorUnits: bigint, asked: Money): Refusal => ({
  reason: 'INSUFFICIENT_FUNDS',
  message: `account ${accountId} has ${balanceMinorUnits} minor units of ${asked.currency}, ${asked.amountMinorUnits} were asked for`,
  metadata: {
    account_id: accountId,
    balance_minor_units: String(balanceMinorUnits),
    amount_minor_units: String(asked.amountMinorUnits),
  },
});

export const balanceLimitExceeded = (accountId: string): Refusal => ({
  reason: 'BALANCE_LIMIT_EXCEEDED',
  message: `account ${accountId} would hold more than ${balanceMinorUnitsMax} minor units`,
  metadata: { account_id: accountId, limit_minor_units: String(balanceMinorUnitsMax) },
});

export const turnoverLimitExceeded = (accountId: string): Refusal => ({
  reason: 'BALANCE_LIMIT_EXCEEDED',
  message: `account ${accountId} would have moved more than ${turnoverMinorUnitsMax} minor units in its life; use another account`,
  metadata: { account_id: accountId, limit_minor_units: String(turnoverMinorUnitsMax) },
});

export const paymentAlreadyExists = (paymentId: string): Refusal => ({
  reason: 'PAYMENT_ALREADY_EXISTS',
  message: `payment ${paymentId} was created by another request`,
  metadata: { payment_id: paymentId },
});

export const requestCancelled = (paymentId: string): Refusal => ({
  reason: 'REQUEST_CANCELLED',
  message: `payment ${paymentId} was cancelled before it was created; no money moved`,
  metadata: { payment_id: paymentId },
});

export const paymentNotFound = (paymentId: string): Refusal => ({
  reason: 'PAYMENT_NOT_FOUND',
  message: `there is no payment ${paymentId} of this caller`,
  metadata: { payment_id: paymentId },
});

export const paymentNotCaptured = (paymentId: string, status: string): Refusal => ({
  reason: 'PAYMENT_NOT_CAPTURED',
  message: `payment ${paymentId} is ${status}: there is nothing to refund`,
  metadata: { payment_id: paymentId, status },
});

export const refundExceedsCaptured = (paymentId: string, refundableMinorUnits: bigint): Refusal => ({
  reason: 'REFUND_EXCEEDS_CAPTURED',
  message: `payment ${paymentId} has ${refundableMinorUnits} minor units left to refund`,
  metadata: { payment_id: paymentId, refundable_minor_units: String(refundableMinorUnits) },
});

/** `code` is the provider's word for it, such as `insufficient_funds`. */
export const paymentDeclined = (paymentId: string, code: string): Refusal => ({
  reason: 'PAYMENT_DECLINED',
  message: `payment ${paymentId} was declined by the provider: ${code}; no money moved`,
  metadata: { payment_id: paymentId, decline_code: code },
});

export const refundRefused = (paymentId: string, code: string): Refusal => ({
  reason: 'REFUND_REFUSED',
  message: `the provider refuses to refund payment ${paymentId}: ${code}; nothing was given back`,
  metadata: { payment_id: paymentId, provider_code: code },
});
