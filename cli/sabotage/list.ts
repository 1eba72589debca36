// The list of sabotages, from the bottom of the project to its top.

import { audits } from './planted/audits.ts';
import { calls } from './planted/calls.ts';
import { cards } from './planted/cards.ts';
import { compaction } from './planted/compaction.ts';
import { idempotency } from './planted/idempotency.ts';
import { inventory } from './planted/inventory.ts';
import { journal } from './planted/journal.ts';
import { order } from './planted/order.ts';
import { payment } from './planted/payment.ts';
import { refunds } from './planted/refunds.ts';
import { saga } from './planted/saga.ts';
import type { Sabotage } from './sabotage.ts';

/** Every one is caught by what it names. A bug that was found in any other way belongs in here. */
export const sabotages: readonly Sabotage[] = [
  ...journal,
  ...compaction,
  ...idempotency,
  ...saga,
  ...order,
  ...inventory,
  ...payment,
  ...refunds,
  ...cards,
  ...calls,
  ...audits,
];
