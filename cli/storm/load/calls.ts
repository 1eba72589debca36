// Every call that a storm makes: its message, and which numbers of its answer go into the history.

import {
  create,
  type DescMessage,
  type DescMethodUnary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import { InventoryService, type Item } from '../../../shared/gen/twicesafe/inventory/v1/inventory_pb.ts';
import { type Order, OrderService, OrderStatus } from '../../../shared/gen/twicesafe/order/v1/order_pb.ts';
import {
  type Account as AccountMessage,
  PaymentService,
} from '../../../shared/gen/twicesafe/payment/v1/payment_pb.ts';
import type { ServiceName } from '../../settings.ts';
import type { WireAnswer } from '../../wire.ts';
import { type Account, currency, type Item as Goods } from '../goods.ts';
import type { AskedFacts, ToldFacts } from '../history/line.ts';
import type { Asked } from '../plan.ts';
import { type Answer, hashOf, readAnswer } from './answer.ts';

export interface Call {
  readonly service: ServiceName;
  readonly rpc: string;
  readonly path: string;
  readonly body: Uint8Array;
  /** Hash of the message. */
  readonly request: string;
  readonly asked: AskedFacts;
  /** Reads the answer; `told` also of a refusal that names its order. */
  read(answer: WireAnswer): { readonly answer: Answer<unknown>; readonly told: ToldFacts | undefined };
}

export function callOf(asked: Asked): Call {
  switch (asked.rpc) {
    case 'PlaceOrder': {
      const { payer, lines, totalMax } = asked;
      return build('order', OrderService.method.placeOrder, {
        message: {
          paymentSource:
            'card' in payer
              ? { case: 'card', value: { paymentMethod: payer.card } }
              : { case: 'accountId', value: payer.account },
          lines: [...lines],
          ...(totalMax === undefined ? {} : { totalMax: money(totalMax) }),
        },
        asked: { ...payer, lines, ...(totalMax === undefined ? {} : { totalMax: String(totalMax) }) },
        told: ({ order }) => tellOrder(order),
      });
    }
    case 'Withdraw':
    case 'Deposit': {
      const { account, amount, rpc } = asked;
      const message = { accountId: account, amount: money(amount) };
      const facts = { account, amount: String(amount) };
      return rpc === 'Withdraw'
        ? build('payment', PaymentService.method.withdraw, { message, asked: facts, told: tellAccount })
        : build('payment', PaymentService.method.deposit, { message, asked: facts, told: tellAccount });
    }
    case 'AdjustStock':
      return build('inventory', InventoryService.method.adjustStock, {
        message: { sku: asked.sku, delta: BigInt(asked.delta) },
        asked: { sku: asked.sku, delta: asked.delta },
        told: tellItem,
      });
    case 'GetAccount':
      return build('payment', PaymentService.method.getAccount, {
        message: { accountId: asked.account },
        asked: { account: asked.account },
        told: tellAccount,
      });
    case 'GetItem':
      return build('inventory', InventoryService.method.getItem, {
        message: { sku: asked.sku },
        asked: { sku: asked.sku },
        told: tellItem,
      });
  }
}

export function getOrder(orderId: string): Call {
  return build('order', OrderService.method.getOrder, {
    message: { orderId },
    asked: { order: orderId },
    told: ({ order }) => tellOrder(order),
  });
}

export function cancelOrder(orderId: string): Call {
  return build('order', OrderService.method.cancelOrder, {
    message: { orderId },
    asked: { order: orderId },
    told: ({ order }) => tellOrder(order),
  });
}

/** Which order a request id became: how a client finds an order to cancel whose PlaceOrder it has no answer of. */
export function lookupRequest(requestId: string): Call {
  return build('order', OrderService.method.lookupRequest, {
    message: { requestId },
    asked: { order: '' },
    told: ({ recorded, orderId }) => (recorded ? { order: orderId } : {}),
  });
}

export function openAccount({ accountId, openingMinorUnits }: Account): Call {
  return build('payment', PaymentService.method.openAccount, {
    message: { accountId, openingBalance: money(openingMinorUnits) },
    asked: { account: accountId, opening: String(openingMinorUnits) },
    told: tellAccount,
  });
}

export function putItem({ sku, onHand, priceMinorUnits }: Goods): Call {
  return build('inventory', InventoryService.method.putItem, {
    message: { sku, name: sku, price: money(priceMinorUnits), onHand: BigInt(onHand) },
    asked: { sku, onHand },
    told: tellItem,
  });
}

export function listSagas(): Call {
  return build('order', OrderService.method.listSagas, {
    message: { limit: 1 },
    asked: { order: '' },
    // The count stands in for a status: it is read by the storm alone, never by a law.
    told: ({ totalCount }) => ({ status: String(totalCount) }),
  });
}

function build<I extends DescMessage, O extends DescMessage>(
  service: ServiceName,
  method: DescMethodUnary<I, O>,
  parts: {
    readonly message: MessageInitShape<I>;
    readonly asked: AskedFacts;
    readonly told: (response: MessageShape<O>) => ToldFacts;
  },
): Call {
  const body = toBinary(method.input, create(method.input, parts.message));
  return {
    service,
    rpc: method.name,
    path: `/${method.parent.typeName}/${method.name}`,
    body,
    request: hashOf(body),
    asked: parts.asked,
    read(wireAnswer) {
      const answer = readAnswer(method, wireAnswer);
      return { answer, told: toldOf(answer, parts.told) };
    },
  };
}

function toldOf<T>(answer: Answer<T>, tell: (response: T) => ToldFacts): ToldFacts | undefined {
  if (answer.outcome === 'done') return tell(answer.response);
  if (answer.outcome === 'refused' && answer.metadata['order_id'])
    return { order: answer.metadata['order_id'] };
  return undefined;
}

const money = (amountMinorUnits: bigint) => ({ amountMinorUnits, currency });

const statusNames = new Map<OrderStatus, string>(
  Object.entries(OrderStatus).map(([name, value]) => [value, name]),
);

function tellOrder(order: Order | undefined): ToldFacts {
  if (!order) return {};
  return {
    order: order.orderId,
    status: statusNames.get(order.status) ?? '',
    account: order.accountId,
    lines: order.lines.map(({ sku, quantity }) => ({ sku, quantity })),
    total: String(order.total?.amountMinorUnits ?? 0n),
  };
}

function tellAccount({ account }: { account?: AccountMessage | undefined }): ToldFacts {
  if (!account) return {};
  return { account: account.accountId, balance: String(account.balance?.amountMinorUnits ?? 0n) };
}

function tellItem({ item }: { item?: Item | undefined }): ToldFacts {
  if (!item) return {};
  // Safe: the services allow 10^12 units.
  return { sku: item.sku, onHand: Number(item.onHand), held: Number(item.held), sold: Number(item.sold) };
}
