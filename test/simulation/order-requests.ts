// The requests about orders, and the refusals that each may get.

import { OrderService } from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import { money, placeIdOf, type Request, type Subject } from './subject.ts';

export function orderRequest(subject: Subject): Request | undefined {
  const { command, wish, caller, requestId, index, orderId, source, lines, whenDeleted } = subject;
  const { method } = OrderService;
  const order = { service: 'order' as const, about: `order/${orderId}`, caller, requestId };
  const message = { orderId };
  switch (command.kind) {
    case 'place':
      return {
        ...order,
        method: method.placeOrder,
        requestId: placeIdOf(index),
        message: {
          lines,
          paymentSource: source,
          ...(wish.totalMax === 0 ? {} : { totalMax: money(wish.totalMax) }),
        },
        refusals: [
          'INSUFFICIENT_STOCK',
          ...subject.payerRefusals,
          'ORDER_TOO_LATE',
          'REQUEST_CANCELLED',
          ...whenDeleted,
          ...(wish.totalMax === 0 ? [] : ['TOTAL_ABOVE_MAX']),
        ],
      };
    case 'cancel':
      return { ...order, method: method.cancelOrder, message, refusals: ['ORDER_NOT_FOUND'] };
    case 'abort': {
      const refusals = ['ORDER_NOT_FOUND', 'SAGA_PAST_PIVOT'];
      return { ...order, caller: 'operator', method: method.abortSaga, message, refusals };
    }
    case 'retry':
      return {
        ...order,
        caller: 'operator',
        method: method.retrySaga,
        message,
        refusals: ['ORDER_NOT_FOUND'],
      };
    case 'refundLines':
      return {
        ...order,
        method: method.refundOrderLines,
        message: { orderId, lines: subject.someLines, backOnSale: index % 2 === 0, reason: 'storm' },
        refusals: ['ORDER_NOT_FOUND', 'ORDER_NOT_CONFIRMED', 'REFUND_EXCEEDS_ORDERED'],
      };
    default:
      return undefined;
  }
}
