// The RPCs of items. Each write is one submission under the request's key; its answer is the state right after it.

import type { ServiceImpl } from '@connectrpc/connect';
import type { InventoryService, Item } from '../../shared/gen/twicesafe/inventory/v1/inventory_pb.ts';
import type { Answer, Answering, IdempotentCall } from '../../shared/idempotency/index.ts';
import { type Decision, type Journal, PageTokenError, type Recorded } from '../../shared/journal/index.ts';
import { fieldInvalid, refusalError } from '../../shared/rpc/index.ts';
import { itemsList, skuOf, stockEntity } from './domain/names.ts';
import { itemNotFound } from './domain/refusals.ts';
import { asStock } from './domain/rules.ts';
import {
  decideAdjustStock,
  decideDeleteItem,
  decidePutItem,
  isForSale,
  type StockState,
} from './domain/stock.ts';
import { inventoryReasons } from './inventory-errors.ts';
import { renderItem } from './render.ts';

/** What page_size 0 means. */
const pageSizeDefault = 50;
/** Reads of the list for one page. Deleted items leave holes, and each read fills some of them; after so many a short
 * page with a token is better than a slow one. */
const pageReadsMax = 5;

export type ItemRpc = 'putItem' | 'deleteItem' | 'getItem' | 'listItems' | 'adjustStock';

export function createItemHandlers(deps: {
  journal: Journal;
  answering: Answering;
}): Pick<ServiceImpl<typeof InventoryService>, ItemRpc> {
  const { journal, answering } = deps;

  function submit(call: IdempotentCall, sku: string, decide: (stock: StockState | undefined) => Decision) {
    return journal.submit({
      key: call.key,
      fingerprint: call.fingerprint,
      entities: [stockEntity(sku)],
      decide: ([stock]) => decide(asStock(stock)),
    });
  }

  async function readItem(sku: string): Promise<Item | undefined> {
    const stock = asStock(await journal.readState(stockEntity(sku)));
    return isForSale(stock) ? renderItem(sku, stock) : undefined;
  }

  return {
    async putItem(request, context) {
      const { sku, name, price } = request;
      if (!price) throw fieldInvalid('price', 'the price of one unit is needed');
      if (price.amountMinorUnits < 0n) {
        throw fieldInvalid('price.amount_minor_units', 'a price is not below zero');
      }
      const item = {
        sku,
        name,
        price: { amountMinorUnits: price.amountMinorUnits, currency: price.currency },
        onHand: request.onHand === undefined ? undefined : Number(request.onHand),
      };
      return answering.answerOnce(context, async (call) => {
        const recorded = await submit(call, sku, (stock) => decidePutItem(stock, item));
        return answerFrom(recorded, sku, (stock) => ({ item: renderItem(sku, stock) }));
      });
    },

    deleteItem({ sku }, context) {
      return answering.answerOnce(context, async (call) => {
        const recorded = await submit(call, sku, (stock) => decideDeleteItem(stock, { sku }));
        return answerFrom(recorded, sku, (stock) => ({ writtenOff: BigInt(stock.writtenOff) }));
      });
    },

    adjustStock({ sku, delta }, context) {
      return answering.answerOnce(context, async (call) => {
        const adjustment = { sku, delta: Number(delta) };
        const recorded = await submit(call, sku, (stock) => decideAdjustStock(stock, adjustment));
        return answerFrom(recorded, sku, (stock) => ({ item: renderItem(sku, stock) }));
      });
    },

    async getItem({ sku }) {
      const item = await readItem(sku);
      if (!item) throw refusalError(inventoryReasons, itemNotFound(sku), false);
      return { item };
    },

    async listItems({ pageSize, pageToken }) {
      const size = pageSize || pageSizeDefault;
      const items: Item[] = [];
      let token: string | undefined = pageToken;
      for (let reads = 0; reads < pageReadsMax && token !== undefined && items.length < size; reads += 1) {
        const page = await listPage(size - items.length, token);
        const found = await Promise.all(page.items.map((entity) => readItem(skuOf(entity))));
        items.push(...found.filter((item) => item !== undefined));
        token = page.nextPageToken;
      }
      return { items, nextPageToken: token ?? '' };
    },
  };

  async function listPage(size: number, token: string) {
    try {
      return await journal.list(itemsList, { size, token });
    } catch (error) {
      if (error instanceof PageTokenError) throw fieldInvalid('page_token', 'not a token of this service');
      throw error;
    }
  }
}

/** A success is rendered from the state that the op left, so a replay says the same whatever happened since. */
function answerFrom<T>(recorded: Recorded, sku: string, render: (stock: StockState) => T): Answer<T> {
  const { outcome, replayed } = recorded;
  if (!outcome.succeeded) return { replayed, refusal: outcome.refusal };
  const stock = asStock(recorded.states.get(stockEntity(sku)));
  if (!stock) throw new Error(`a successful op left no state of item ${sku}`);
  return { replayed, response: render(stock) };
}
