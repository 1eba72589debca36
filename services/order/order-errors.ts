// The order service's own reasons and their codes. The reasons common to all services are in shared/rpc/errors.ts.

import { Code } from '@connectrpc/connect';
import type { ReasonCatalogue } from '../../shared/rpc/index.ts';

export const orderReasons: ReasonCatalogue = {
  INSUFFICIENT_STOCK: Code.FailedPrecondition,
  INSUFFICIENT_FUNDS: Code.FailedPrecondition,
  PAYMENT_DECLINED: Code.FailedPrecondition,
  CURRENCY_MISMATCH: Code.FailedPrecondition,
  TOTAL_ABOVE_MAX: Code.FailedPrecondition,
  ACCOUNT_FROZEN: Code.FailedPrecondition,
  ACCOUNT_CLOSED: Code.FailedPrecondition,
  BALANCE_LIMIT_EXCEEDED: Code.FailedPrecondition,
  REQUEST_CANCELLED: Code.FailedPrecondition,
  ORDER_TOO_LATE: Code.FailedPrecondition,
  SAGA_PAST_PIVOT: Code.FailedPrecondition,
  ORDER_NOT_CONFIRMED: Code.FailedPrecondition,
  REFUND_EXCEEDS_ORDERED: Code.FailedPrecondition,
  STEP_REFUSED: Code.FailedPrecondition,
  ITEM_NOT_FOUND: Code.NotFound,
  ACCOUNT_NOT_FOUND: Code.NotFound,
  ORDER_NOT_FOUND: Code.NotFound,
};
