// Puts the items and accounts into the services, under fixed request ids.

import { setTimeout as sleep } from 'node:timers/promises';
import {
  create,
  type DescMessage,
  type DescMethodUnary,
  type MessageInitShape,
  toBinary,
} from '@bufbuild/protobuf';
import { InventoryService } from '../../shared/gen/twicesafe/inventory/v1/inventory_pb.ts';
import { PaymentService } from '../../shared/gen/twicesafe/payment/v1/payment_pb.ts';
import { openWire, type Wire } from '../wire.ts';
import {
  accountCount,
  accountOf,
  currency,
  openingMinorUnits,
  priceMinorUnits,
  skuCount,
  skuOf,
  unitsPerItem,
} from './goods.ts';

const inFlight = 32;
const timeoutMs = 10_000;
const attemptsMax = 20;
const pauseMs = 500;

export async function putGoodsIntoServices(addresses: {
  readonly inventory: string;
  readonly payment: string;
}): Promise<void> {
  const { putItem } = InventoryService.method;
  const { openAccount } = PaymentService.method;
  await askAll(
    addresses.inventory,
    Array.from({ length: skuCount }, (_, index) => {
      const sku = skuOf(index);
      const price = { amountMinorUnits: priceMinorUnits, currency };
      return callOf(putItem, `bench:item:${sku}`, { sku, name: sku, price, onHand: unitsPerItem });
    }),
  );
  await askAll(
    addresses.payment,
    Array.from({ length: accountCount }, (_, index) => {
      const accountId = accountOf(index);
      const openingBalance = { amountMinorUnits: openingMinorUnits, currency };
      return callOf(openAccount, `bench:account:${accountId}`, { accountId, openingBalance });
    }),
  );
}

function callOf<I extends DescMessage, O extends DescMessage>(
  method: DescMethodUnary<I, O>,
  requestId: string,
  message: MessageInitShape<I>,
) {
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    headers: { 'request-id': requestId, 'connect-timeout-ms': String(timeoutMs) },
    body: toBinary(method.input, create(method.input, message)),
    giveUpMs: timeoutMs,
  };
}

async function askAll(address: string, calls: readonly ReturnType<typeof callOf>[]): Promise<void> {
  const wire = openWire(address);
  const iterator = calls.values();
  const lane = async () => {
    for (const call of iterator) await insist(wire, call);
  };
  try {
    await Promise.all(Array.from({ length: inFlight }, lane));
  } finally {
    wire.close();
  }
}

/** Until it is done: a service whose code is not compiled yet may refuse what it could not do in time. */
async function insist(wire: Wire, call: ReturnType<typeof callOf>): Promise<void> {
  let said = '';
  for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
    const answer = await wire.call(call);
    if (!answer.lost && answer.status === 200) return;
    said = answer.lost ? answer.why : answer.body.toString('utf8');
    await sleep(pauseMs);
  }
  throw new Error(`The benchmark's goods could not be put in: ${call.path} was answered "${said}".`);
}
