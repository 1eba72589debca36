// The demo items and the demo account. Their request ids are fixed: putting them in a second time changes nothing, so
// nobody has to ask first whether they are there.

import { setTimeout as sleep } from 'node:timers/promises';
import { callJson, type JsonCall, NotAnsweredError } from './json-call.ts';

const items = [
  { sku: 'tea', name: 'Tea, 100 g', priceMinorUnits: 450n, onHand: 1000n },
  { sku: 'coffee', name: 'Coffee, 250 g', priceMinorUnits: 720n, onHand: 500n },
  { sku: 'cup', name: 'A cup', priceMinorUnits: 1200n, onHand: 100n },
];

const currency = 'EUR';
/** 1,000.00 euro: enough for a long evening of tea. */
const openingBalanceMinorUnits = 100_000n;

/** A service that was killed at this very moment is back within this many pauses. */
const attemptCountMax = 20;
const pauseMs = 250;

export async function putInDemo(target: {
  inventoryAddress: string;
  paymentAddress: string;
  token: string | undefined;
}): Promise<void> {
  for (const item of items) {
    await insist({
      address: target.inventoryAddress,
      rpc: 'twicesafe.inventory.v1.InventoryService/PutItem',
      request: {
        sku: item.sku,
        name: item.name,
        price: { amountMinorUnits: String(item.priceMinorUnits), currency },
        onHand: String(item.onHand),
      },
      requestId: `demo:item:${item.sku}`,
      token: target.token,
    });
  }
  await insist({
    address: target.paymentAddress,
    rpc: 'twicesafe.payment.v1.PaymentService/OpenAccount',
    request: {
      accountId: 'demo',
      openingBalance: { amountMinorUnits: String(openingBalanceMinorUnits), currency },
    },
    requestId: 'demo:account:demo',
    token: target.token,
  });
}

/** Asks again, with the same request id, until there is a definite answer. */
async function insist(call: JsonCall): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      const { refusal } = await callJson(call);
      if (refusal) throw new Error(`The demo items could not be put in: ${refusal}`);
      return;
    } catch (error) {
      if (!(error instanceof NotAnsweredError) || attempt === attemptCountMax) throw error;
      await sleep(pauseMs);
    }
  }
}
