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
import {
  amendingCall,
  amendmentsOf,
  atRest,
  type Coordinator,
  roundOf,
  type SagaDefinition,
  stepRequestId,
} from '../../shared/saga/index.ts';
import { decideAbort, decideRetry } from './domain/order.ts';
import { asOrder, type OrderState, orderEntity, orderIdOf, orderNotFound } from './domain/order-state.ts';
import { orderReasons } from './order-errors.ts';
import { renderSaga, statusOf } from './render.ts';

/** Sagas in one answer when the caller does not say. */
const sagasDefault = 100;
/** Whose requests LookupRequest looks for when the caller does not say. */
const placeRpc = 'PlaceOrder';

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

  const refundSteps = ({ saga }: OrderState): string[] =>
    amendmentsOf(saga).flatMap((refundId) =>
      definition.amending.map(({ name }) => amendingCall(name, refundId)),
    );

  async function orderNow(orderId: string): Promise<OrderState> {
    const order = asOrder(await journal.readState(orderEntity(orderId)));
    if (!order) throw refusalError(orderReasons, orderNotFound(orderId), false);
    return order;
  }

  /** A request may name another caller's order (and was refused then): that order stays unseen. */
  async function visibleOrder(entity: string, asked: string, context: HandlerContext) {
    const order = entity === '' ? undefined : asOrder(await journal.readState(entity));
    return order?.caller === asked || callerOf(context).operator ? order : undefined;
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
        steps: [...stepNames, ...refundSteps(order)].map((name) => ({
          name,
          requestId: stepRequestId(orderId, name, roundOf(order.saga, name)),
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
      const recorded = await journal.readKey(requestKey(asked, rpc || placeRpc, requestId));
      if (!recorded) return { recorded: false };
      const { outcome, at } = recorded;
      const [entity = ''] = recorded.states.keys();
      const order = await visibleOrder(entity, asked, context);
      const undone = rpc === '' || rpc === placeRpc ? placeRefusalOf(order) : '';
      return {
        recorded: true,
        ...(order ? { orderId: orderIdOf(entity), status: statusOf[order.saga.phase] } : {}),
        refusalReason: outcome.succeeded ? undone : outcome.refusal.reason,
        recordedAt: timestampFromDate(at),
      };
    },
  };
}

/** PlaceOrder's refusal is recorded in the saga: the request itself only says that the order was placed. */
function placeRefusalOf(order: OrderState | undefined): string {
  return order?.confirmedAt === null ? (order.saga.reason?.reason ?? '') : '';
}

function requireOwnOrOperator(caller: string, context: HandlerContext): void {
  if (caller !== callerOf(context).name) requireOperator(context);
}
