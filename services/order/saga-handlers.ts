// The RPCs of operators: which sagas are open, what one did, and a hand to drive or abort it.

import { create } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import type { HandlerContext, ServiceImpl } from '@connectrpc/connect';
import {
  AbortSagaResponseSchema,
  type OrderService,
  RetrySagaResponseSchema,
} from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import { type Answering, type IdempotentCall, requestKey } from '../../shared/idempotency/index.ts';
import type { Decision, Journal, Recorded } from '../../shared/journal/index.ts';
import { callerOf, refusalError, requireOperator } from '../../shared/rpc/index.ts';
import type { Clock } from '../../shared/runtime/index.ts';
import { atRest, type Coordinator, type SagaDefinition } from '../../shared/saga/index.ts';
import {
  asOrder,
  decideAbort,
  decideRetry,
  type OrderState,
  orderEntity,
  orderIdOf,
  orderNotFound,
} from './domain/order.ts';
import { orderReasons } from './order-errors.ts';
import { renderOrder, renderSaga } from './render.ts';

/** Sagas in one answer when the caller does not say. */
const sagasDefault = 100;

type SagaMethods = 'listSagas' | 'getSaga' | 'retrySaga' | 'abortSaga' | 'lookupRequest';

export interface SagaHandlerDependencies {
  readonly journal: Journal;
  readonly answering: Answering;
  readonly coordinator: Coordinator<OrderState>;
  readonly definition: SagaDefinition<OrderState>;
  readonly clock: Clock;
}

export function createSagaHandlers(
  deps: SagaHandlerDependencies,
): Pick<ServiceImpl<typeof OrderService>, SagaMethods> {
  const { journal, answering, coordinator, definition, clock } = deps;
  const stepNames = [
    ...definition.steps.map(({ name }) => name),
    ...definition.finishing.map(({ name }) => name),
    ...definition.steps.map(({ name }) => `undo_${name}`).reverse(),
  ];

  async function orderNow(orderId: string): Promise<OrderState> {
    const order = asOrder(await journal.readState(orderEntity(orderId)));
    if (!order) throw refusalError(orderReasons, orderNotFound(orderId), false);
    return order;
  }

  /** Records an operator's command once, then wakes the saga. The answer does not wait for the saga's end. */
  async function command(
    call: IdempotentCall,
    orderId: string,
    decide: (state: OrderState | undefined) => Decision,
  ): Promise<Recorded> {
    const entity = orderEntity(orderId);
    const recorded = await journal.submit({
      key: call.key,
      fingerprint: call.fingerprint,
      entities: [entity],
      decide: ([state]) => decide(asOrder(state)),
    });
    if (recorded.outcome.succeeded && !recorded.replayed) {
      const order = await orderNow(orderId);
      coordinator.nudge(orderId);
      void coordinator.advance(orderId, order, ({ saga }) => atRest(saga)).catch(() => undefined);
    }
    return recorded;
  }

  function sagaRecorded(orderId: string, { states }: Recorded) {
    const order = asOrder(states.get(orderEntity(orderId)));
    if (!order) throw new Error(`the command to saga ${orderId} is recorded without a state`);
    return renderSaga(orderId, order);
  }

  return {
    async listSagas({ needsAttentionOnly, ageSecondsMin, limit }, context) {
      requireOperator(context);
      await journal.follow();
      const placedBeforeMs = clock.nowMs() - Number(ageSecondsMin) * 1000;
      const matching = [...journal.openEntities()]
        .map(([entity, { state }]) => ({ orderId: orderIdOf(entity), order: state as OrderState }))
        .filter(({ order }) => order.placedAt.getTime() <= placedBeforeMs)
        .filter(({ order }) => !needsAttentionOnly || order.saga.attention !== null)
        .sort((a, b) => a.order.placedAt.getTime() - b.order.placedAt.getTime());
      return {
        sagas: matching
          .slice(0, limit || sagasDefault)
          .map(({ orderId, order }) => renderSaga(orderId, order)),
        totalCount: BigInt(matching.length),
      };
    },

    async getSaga({ orderId }, context) {
      requireOperator(context);
      const order = await orderNow(orderId);
      const ops = await journal.history(orderEntity(orderId));
      const attempts = coordinator.attempts.of(orderId);
      return {
        saga: renderSaga(orderId, order),
        decisions: ops.map(({ type, data, at, writer }) => ({
          event: type,
          reason: (data['reason'] as { reason?: string } | undefined)?.reason ?? '',
          recordedAt: timestampFromDate(at),
          recordedBy: writer,
        })),
        steps: stepNames.map((name) => ({
          name,
          requestId: `${orderId}:${name}`,
          attemptCount: attempts.get(name)?.count ?? 0,
          lastAnswer: attempts.get(name)?.lastAnswer ?? '',
          lastReason: attempts.get(name)?.lastReason ?? '',
        })),
      };
    },

    retrySaga({ orderId }, context) {
      requireOperator(context);
      return answering.answerOnce(context, async (call) => {
        const recorded = await command(call, orderId, (order) => decideRetry(orderId, order));
        const { outcome, replayed } = recorded;
        if (!outcome.succeeded) return { refusal: outcome.refusal, replayed };
        const saga = sagaRecorded(orderId, recorded);
        return { response: create(RetrySagaResponseSchema, { saga }), replayed };
      });
    },

    abortSaga({ orderId }, context) {
      requireOperator(context);
      return answering.answerOnce(context, async (call) => {
        const recorded = await command(call, orderId, (order) => decideAbort(orderId, order));
        const { outcome, replayed } = recorded;
        if (!outcome.succeeded) return { refusal: outcome.refusal, replayed };
        const saga = sagaRecorded(orderId, recorded);
        return { response: create(AbortSagaResponseSchema, { saga }), replayed };
      });
    },

    async lookupRequest({ requestId, rpc, caller }, context) {
      const asked = caller || callerOf(context).name;
      requireOwnOrOperator(asked, context);
      const recorded = await journal.readKey(requestKey(asked, rpc || 'PlaceOrder', requestId));
      if (!recorded) return { recorded: false };
      const [entity] = recorded.states.keys();
      const orderId = entity === undefined ? '' : orderIdOf(entity);
      const order = entity === undefined ? undefined : asOrder(await journal.readState(entity));
      const refused = recorded.outcome.succeeded ? undefined : recorded.outcome.refusal.reason;
      return {
        recorded: true,
        orderId,
        ...(order ? { status: renderOrder(orderId, order).status } : {}),
        refusalReason:
          refused ?? (order && order.confirmedAt === null ? (order.saga.reason?.reason ?? '') : ''),
        recordedAt: timestampFromDate(recorded.at),
      };
    },
  };
}

function requireOwnOrOperator(caller: string, context: HandlerContext): void {
  if (caller !== callerOf(context).name) requireOperator(context);
}
