// Driving an order's saga on behalf of a call, and what the call is told when the drive breaks off.

import { Code, type ConnectError } from '@connectrpc/connect';
import { inFlightError, rpcError } from '../../shared/rpc/index.ts';
import { type Coordinator, SagaInterruptedError } from '../../shared/saga/index.ts';
import type { OrderState } from './domain/order-state.ts';

/** A person must act first: asking every moment would help nobody. */
const personRetryDelayMs = 10_000;

export type Driving = (
  orderId: string,
  order: OrderState,
  isEnough: (order: OrderState) => boolean,
) => Promise<OrderState>;

/** Broken off is not failed: REQUEST_IN_FLIGHT, the saga is resumed, and the same request id finds its end. */
export function createDriving(coordinator: Pick<Coordinator<OrderState>, 'advance'>): Driving {
  return async (orderId, order, isEnough) => {
    try {
      return await coordinator.advance(orderId, order, isEnough);
    } catch (error) {
      throw error instanceof SagaInterruptedError ? brokenOff(error) : error;
    }
  };
}

function brokenOff({ attention }: SagaInterruptedError): ConnectError {
  if (!attention) return inFlightError();
  const { reason } = attention;
  const message = `it waits for a person of the shop (${reason}), and goes on then: send the same request id again`;
  return rpcError(Code.Unavailable, {
    reason: 'REQUEST_IN_FLIGHT',
    message,
    metadata: { needs_attention: reason },
    retryDelayMs: personRetryDelayMs,
  });
}
