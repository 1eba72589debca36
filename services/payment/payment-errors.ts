// This service's own reasons and the code that each travels with; the common ones are in shared/rpc. The refusals themselves are in domain/refusals.ts.

import { Code, type ConnectError } from '@connectrpc/connect';
import { type ReasonCatalogue, rpcError } from '../../shared/rpc/index.ts';

export const paymentReasons = {
  ACCOUNT_ALREADY_EXISTS: Code.AlreadyExists,
  ACCOUNT_CLOSED: Code.FailedPrecondition,
  ACCOUNT_FROZEN: Code.FailedPrecondition,
  ACCOUNT_NOT_EMPTY: Code.FailedPrecondition,
  ACCOUNT_NOT_FOUND: Code.NotFound,
  BALANCE_LIMIT_EXCEEDED: Code.FailedPrecondition,
  CURRENCY_MISMATCH: Code.FailedPrecondition,
  INSUFFICIENT_FUNDS: Code.FailedPrecondition,
  PAYMENT_ALREADY_EXISTS: Code.AlreadyExists,
  PAYMENT_DECLINED: Code.FailedPrecondition,
  PAYMENT_NOT_CAPTURED: Code.FailedPrecondition,
  PAYMENT_NOT_FOUND: Code.NotFound,
  REFUND_EXCEEDS_CAPTURED: Code.FailedPrecondition,
  REFUND_REFUSED: Code.FailedPrecondition,
} as const satisfies ReasonCatalogue;

/** Nothing is recorded: the same request id may be sent again to a service that has a provider. */
export function cardPaymentsUnavailable(): ConnectError {
  return rpcError(Code.Unimplemented, {
    reason: 'CARD_PAYMENTS_UNAVAILABLE',
    message: 'this service has no payment provider: pay from an account',
  });
}

/** Nothing is recorded: some of the refunds under way end soon. */
export function tooManyRefunds(cause: Error): ConnectError {
  return rpcError(Code.ResourceExhausted, {
    reason: 'OVERLOADED',
    message: cause.message,
    retryDelayMs: refundsRetryDelayMs,
  });
}

/** About what a provider takes for a refund. */
const refundsRetryDelayMs = 1_000;

/** It moved nothing: ask for the same page again. */
export function providerUnavailable(): ConnectError {
  return rpcError(Code.Unavailable, {
    reason: 'DEPENDENCY_UNAVAILABLE',
    message: 'the payment provider does not answer: ask again',
    retryDelayMs: providerRetryDelayMs,
  });
}

/** Longer than a burst of a rate limit. */
const providerRetryDelayMs = 2_000;
