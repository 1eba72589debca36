// This service's own reasons and the code that each travels with; the common ones are in shared/rpc. The refusals themselves are in domain/refusals.ts.

import { Code, type ConnectError } from '@connectrpc/connect';
import { type ReasonCatalogue, rpcError } from '../../shared/rpc/index.ts';

export const paymentReasons = {
  ACCOUNT_ALREADY_EXISTS: Code.AlreadyExists,
  ACCOUNT_NOT_FOUND: Code.NotFound,
  BALANCE_LIMIT_EXCEEDED: Code.FailedPrecondition,
  CURRENCY_MISMATCH: Code.FailedPrecondition,
  INSUFFICIENT_FUNDS: Code.FailedPrecondition,
  PAYMENT_ALREADY_EXISTS: Code.AlreadyExists,
  PAYMENT_NOT_CAPTURED: Code.FailedPrecondition,
  PAYMENT_NOT_FOUND: Code.NotFound,
  REFUND_EXCEEDS_CAPTURED: Code.FailedPrecondition,
} as const satisfies ReasonCatalogue;

/** Nothing is recorded: the same request id may be sent again to a service that has a provider. */
export function cardPaymentsUnavailable(): ConnectError {
  return rpcError(Code.Unimplemented, {
    reason: 'CARD_PAYMENTS_UNAVAILABLE',
    message: 'this service has no payment provider: pay from an account',
  });
}
