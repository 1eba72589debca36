// Three journals on databases of their own, opened as the services open theirs, and the goods put into them.

import { stockEntity } from '../../../services/inventory/domain/names.ts';
import { asStock, inventoryRules } from '../../../services/inventory/domain/rules.ts';
import { decidePutItem } from '../../../services/inventory/domain/stock.ts';
import { orderRules } from '../../../services/order/domain/rules.ts';
import { decideOpenAccount } from '../../../services/payment/domain/account.ts';
import { accountEntity } from '../../../services/payment/domain/names.ts';
import { paymentRules } from '../../../services/payment/domain/rules.ts';
import { requestKey } from '../../../shared/idempotency/index.ts';
import { createJournal, type EntityRules, type Journal } from '../../../shared/journal/index.ts';
import { connectDatabase } from '../../../shared/mongo/index.ts';
import { createLog, createSystemClock, createSystemRandom } from '../../../shared/runtime/index.ts';
import { type ServiceName, serviceNames } from '../../settings.ts';
import {
  accountCount,
  accountOf,
  currency,
  openingMinorUnits,
  priceMinorUnits,
  skuCount,
  skuOf,
  unitsPerItem,
} from '../goods.ts';
import type { Journals } from './appends.ts';

const rules: Readonly<Record<ServiceName, EntityRules>> = {
  order: orderRules,
  inventory: inventoryRules,
  payment: paymentRules,
};

export interface OpenJournals extends Journals {
  close(): Promise<void>;
}

/** One stream each, as a service has it unless it is told otherwise. */
const streamCount = 1;

/** `databaseOf` names the database of each service. */
export async function openJournals(
  databaseUri: string,
  databaseOf: (service: ServiceName) => string,
): Promise<OpenJournals> {
  const log = createLog('bench', 'warn');
  const random = createSystemRandom();
  const opened = await Promise.all(
    serviceNames.map(async (service) => {
      const database = await connectDatabase({ uri: databaseUri, databaseName: databaseOf(service), log });
      const journal = await createJournal({
        database: database.db,
        rules: rules[service],
        owner: service,
        streamCount,
        writer: `${service}-${random.name(4)}`,
        clock: createSystemClock(),
        random,
        log,
      });
      return { service, journal, database };
    }),
  );
  const of = (service: ServiceName): Journal => {
    const found = opened.find((each) => each.service === service);
    if (!found) throw new Error(`no journal of ${service}`);
    return found.journal;
  };
  return {
    order: of('order'),
    inventory: of('inventory'),
    payment: of('payment'),
    async close() {
      await Promise.all(
        opened.map(async ({ journal, database }) => {
          await journal.close();
          await database.close();
        }),
      );
    },
  };
}

/** The same items and accounts as at the services, under the same keys. Again changes nothing. */
export async function putGoodsIntoJournals({ inventory, payment }: Journals): Promise<void> {
  const fingerprint = `1:${'0'.repeat(64)}`;
  const price = { amountMinorUnits: priceMinorUnits, currency };
  const opening = { amountMinorUnits: openingMinorUnits, currency };
  await Promise.all([
    ...Array.from({ length: skuCount }, (_, index) => {
      const sku = skuOf(index);
      return inventory.submit({
        key: requestKey('anonymous', 'PutItem', `bench:item:${sku}`),
        fingerprint,
        entities: [stockEntity(sku)],
        likelyNew: [stockEntity(sku)],
        decide: ([stock]) =>
          decidePutItem(asStock(stock), { sku, name: sku, price, onHand: Number(unitsPerItem) }),
      });
    }),
    ...Array.from({ length: accountCount }, (_, index) => {
      const accountId = accountOf(index);
      return payment.submit({
        key: requestKey('anonymous', 'OpenAccount', `bench:account:${accountId}`),
        fingerprint,
        entities: [accountEntity(accountId)],
        likelyNew: [accountEntity(accountId)],
        decide: (states) => decideOpenAccount(states, { accountId, opening }),
      });
    }),
  ]);
}
