// The transport's code for each refusal of domain/refusals.ts; REQUEST_CANCELLED is common to all services.

import { Code } from '@connectrpc/connect';
import type { ReasonCatalogue } from '../../shared/rpc/index.ts';

export const inventoryReasons: ReasonCatalogue = {
  ITEM_NOT_FOUND: Code.NotFound,
  ITEM_HAS_HOLDS: Code.FailedPrecondition,
  INSUFFICIENT_STOCK: Code.FailedPrecondition,
  STOCK_LIMIT_EXCEEDED: Code.FailedPrecondition,
  RESERVATION_NOT_FOUND: Code.NotFound,
  RESERVATION_ALREADY_EXISTS: Code.AlreadyExists,
  RESERVATION_RELEASED: Code.FailedPrecondition,
  RESERVATION_REFUSED: Code.FailedPrecondition,
  RESERVATION_NOT_COMMITTED: Code.FailedPrecondition,
  RETURN_EXCEEDS_SOLD: Code.FailedPrecondition,
};
