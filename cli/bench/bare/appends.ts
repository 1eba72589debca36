// The appends of one order, straight on the three journals: the submissions that the services make, with the decisions of their
// domains, in their order, and no call between them. A test holds it to what the services really record.

import { createBackground } from '../../../services/inventory/background.ts';
import { reservationEntity, scopedReservation } from '../../../services/inventory/domain/names.ts';
import { decideReserve } from '../../../services/inventory/domain/reservation.ts';
import type { Line } from '../../../services/inventory/domain/reservation-state.ts';
import { asReservation } from '../../../services/inventory/domain/rules.ts';
import { createReservationFlow } from '../../../services/inventory/reservation-flow.ts';
import { commitOf, holdAtHome } from '../../../services/inventory/reservation-moves.ts';
import { decidePlace } from '../../../services/order/domain/order.ts';
import { orderEntity } from '../../../services/order/domain/order-state.ts';
import { totalOf } from '../../../services/order/domain/total.ts';
import { createSagaLog } from '../../../services/order/saga-log.ts';
import { accountEntity, paymentEntity } from '../../../services/payment/domain/names.ts';
import { decideCreatePayment } from '../../../services/payment/domain/payment.ts';
import { deriveId, requestKey } from '../../../shared/idempotency/index.ts';
import type { Journal } from '../../../shared/journal/index.ts';
import type { Logger } from '../../../shared/runtime/index.ts';
import type { StepData } from '../../../shared/saga/index.ts';

export interface Journals {
  readonly order: Journal;
  readonly inventory: Journal;
  readonly payment: Journal;
}

export interface BareOrder {
  readonly requestId: string;
  /** Of the PlaceOrder message, so that a duplicate of this order at a service is answered from here. */
  readonly fingerprint: string;
  readonly accountId: string;
  readonly lines: readonly Line[];
}

export interface BareOrders {
  /**
   * Resolves when PlaceOrder would have been answered, with the settlement that goes on behind the answer. Rejects when the
   * order would not have been confirmed.
   */
  place(asked: BareOrder): Promise<{ readonly settled: Promise<void> }>;
  /** Resolves when nothing goes on behind any answer. */
  drain(): Promise<void>;
}

/** Without tokens the services call everybody so, one another too. */
const caller = 'anonymous';
/** Of a step's message. Nobody asks a step again here, so only its length matters. */
const stepFingerprint = `1:${'0'.repeat(64)}`;
const orderDeadlineMs = 30_000;

export function createBareOrders({ order, inventory, payment }: Journals, log: Logger): BareOrders {
  const background = createBackground({ log });
  const flow = createReservationFlow({ journal: inventory, background });
  const sagaLog = createSagaLog(order);

  async function record(
    { requestId, fingerprint, accountId, lines }: BareOrder,
    orderId: string,
  ): Promise<void> {
    const entity = orderEntity(orderId);
    const paymentId = paymentIdOf(accountId, orderId);
    const command = { orderId, caller, lines, accountId, paymentMethod: '', totalMax: null, paymentId };
    await order.submit({
      key: requestKey(caller, 'PlaceOrder', requestId),
      fingerprint,
      entities: [entity],
      derivedNew: [entity],
      decide: (_states, at) => decidePlace({ ...command, deadlineMs: orderDeadlineMs }, at),
    });
  }

  async function reserve(orderId: string, lines: readonly Line[]) {
    const scoped = scopedReservation(caller, orderId);
    const entity = reservationEntity(scoped);
    await inventory.submit({
      key: stepKey('ReserveStock', orderId, 'reserve_stock'),
      fingerprint: stepFingerprint,
      entities: [entity],
      likelyNew: [entity],
      followedBy: holdAtHome(scoped, lines, inventory.streamOf),
      decide: ([reservation]) =>
        decideReserve(asReservation(reservation), scoped, { lines, reference: orderId }),
    });
    const { lines: held, refusal } = await flow.take(scoped, lines);
    if (refusal) throw new Error(`the bare order ${orderId} got no stock: ${refusal.message}`);
    return held.map(({ sku, quantity, unitPrice = null }) => ({ sku, quantity, unitPrice }));
  }

  async function charge(
    orderId: string,
    accountId: string,
    amount: { amountMinorUnits: bigint; currency: string },
  ) {
    const paymentId = paymentIdOf(accountId, orderId);
    const entity = paymentEntity(caller, paymentId);
    const key = stepKey('CreatePayment', orderId, 'create_payment');
    const command = { caller, paymentId, accountId, amount, reference: orderId, requestKey: key };
    const { outcome } = await payment.submit({
      key,
      fingerprint: stepFingerprint,
      entities: [entity, accountEntity(accountId)],
      likelyNew: [entity],
      decide: (states) => decideCreatePayment(states, command),
    });
    if (!outcome.succeeded)
      throw new Error(`the bare order ${orderId} was not paid: ${outcome.refusal.message}`);
  }

  async function settle(orderId: string, lines: readonly Line[]): Promise<void> {
    const scoped = scopedReservation(caller, orderId);
    const entity = reservationEntity(scoped);
    const { states } = await inventory.submit({
      key: stepKey('CommitReservation', orderId, 'commit_reservation'),
      fingerprint: stepFingerprint,
      ...commitOf(scoped, lines, inventory.streamOf),
    });
    const committed = asReservation(states.get(entity));
    if (!committed) throw new Error(`the reservation of the bare order ${orderId} is not there`);
    await flow.finish(scoped, committed);
    await sagaLog.decide(orderId, { decision: 'completed' });
  }

  return {
    async place(asked) {
      const { accountId, lines } = asked;
      const orderId = deriveId('order', caller, 'PlaceOrder', asked.requestId);
      await record(asked, orderId);
      const held = await reserve(orderId, lines);
      const priced = totalOf(held, null);
      if ('refusal' in priced)
        throw new Error(`the bare order ${orderId} has no price: ${priced.refusal.message}`);
      const { total } = priced;
      await charge(orderId, accountId, total);
      const data = new Map<string, StepData>([
        ['reserve_stock', { lines: held }],
        ['create_payment', { total }],
      ]);
      await sagaLog.decide(orderId, { decision: 'confirmed', data });
      return { settled: settle(orderId, lines) };
    },
    drain: () => background.drain(),
  };
}

const paymentIdOf = (accountId: string, orderId: string) => `${accountId}.${orderId}`;

const stepKey = (rpc: string, orderId: string, step: string) => requestKey(caller, rpc, `${orderId}:${step}`);
