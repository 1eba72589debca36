// I2, a payment by itself: how often it charged, what it took and gave back. And the facts for comparing with orders.

import type { RecordedOp } from '../../../shared/journal/index.ts';
import { callerOfPayment, idOf } from '../domain/names.ts';
import { isTombstone, type PaymentState } from '../domain/payment-state.ts';
import type { Find } from './finding.ts';

/** What a payment did. Currency is empty for a tombstone, which never said one. */
export interface PaymentFact {
  readonly paymentId: string;
  readonly caller: string;
  readonly reference: string;
  readonly status: PaymentState['status'];
  readonly chargeCount: number;
  readonly charged: bigint;
  readonly refunded: bigint;
  readonly currency: string;
}

export interface PaymentAudit {
  /** `taken`: what the op says that it takes; below zero when it gives back. */
  take(op: RecordedOp, taken: bigint): void;
  facts(): Iterable<PaymentFact>;
  /** Each payment that there is, as its last op left it. */
  states(): Iterable<readonly [entity: string, state: PaymentState]>;
  readonly count: number;
}

interface Sums {
  state: PaymentState | undefined;
  chargeCount: number;
  charged: bigint;
  refunded: bigint;
}

export function createPaymentAudit(find: Find): PaymentAudit {
  const payments = new Map<string, Sums>();
  return {
    take(op, taken) {
      const sums = payments.get(op.entity) ?? { state: undefined, chargeCount: 0, charged: 0n, refunded: 0n };
      payments.set(op.entity, sums);
      sums.state = op.state as PaymentState | undefined;
      if (op.type === 'captured' || op.type === 'card_captured') {
        sums.chargeCount += 1;
        sums.charged += taken;
      } else {
        sums.refunded -= taken;
      }
      if (sums.chargeCount > 1) find('I2', op.entity, `charged ${sums.chargeCount} times`);
      if (sums.refunded > sums.charged) {
        find('I2', op.entity, `gave back ${sums.refunded} of ${sums.charged} minor units`);
      }
    },
    *states() {
      for (const [entity, { state }] of payments) if (state) yield [entity, state];
    },
    *facts() {
      for (const [entity, { state, chargeCount, charged, refunded }] of payments) {
        // Only refused requests stand under its name: there is no payment.
        if (!state) continue;
        const { reference, currency } = isTombstone(state) ? { reference: '', currency: '' } : state;
        const { status } = state;
        const [paymentId, caller] = [idOf(entity), callerOfPayment(entity)];
        yield { paymentId, caller, reference, status, chargeCount, charged, refunded, currency };
      }
    },
    get count() {
      return payments.size;
    },
  };
}
