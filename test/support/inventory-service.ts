// The inventory for integration tests: two instances in this process on one real database, and clients of them.

import { type Client, createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { reservationEntity, scopedReservation } from '../../services/inventory/domain/names.ts';
import { decideReserve } from '../../services/inventory/domain/reservation.ts';
import { inventoryRules } from '../../services/inventory/domain/rules.ts';
import { startInventory } from '../../services/inventory/server.ts';
import {
  type AuditResponse,
  InventoryService,
} from '../../shared/gen/twicesafe/inventory/v1/inventory_pb.ts';
import { requestKey } from '../../shared/idempotency/index.ts';
import { createJournal } from '../../shared/journal/index.ts';
import {
  createLog,
  createSystemClock,
  createSystemRandom,
  noFailpoints,
} from '../../shared/runtime/index.ts';
import { ask, done } from './ask.ts';
import { type FreshDatabase, freshDatabase } from './database.ts';

export type InventoryClient = Client<typeof InventoryService>;

/** Callers: `shop`, `other`, and `books`, which is an operator. */
const authTokens = 'shop-token=shop,other-token=other,books-token=books:operator';

export const eur = (amountMinorUnits: bigint) => ({ amountMinorUnits, currency: 'EUR' });

function startOn(database: FreshDatabase, journalStreams: number) {
  return startInventory(
    {
      host: '127.0.0.1',
      port: 0,
      mongodbUri: database.uri,
      mongodbDatabase: database.databaseName,
      logLevel: 'silent',
      authTokens,
      journalStreams,
      failpoints: '',
    },
    {
      clock: createSystemClock(),
      random: createSystemRandom(),
      log: createLog('inventory', 'silent'),
      failpoints: noFailpoints,
    },
  );
}

function clientOf(port: number, caller: 'shop' | 'other' | 'books'): InventoryClient {
  const transport = createConnectTransport({
    baseUrl: `http://127.0.0.1:${port}`,
    httpVersion: '2',
    interceptors: [
      (next) => (request) => {
        request.header.set('authorization', `Bearer ${caller}-token`);
        return next(request);
      },
    ],
  });
  return createClient(InventoryService, transport);
}

/** Several streams by default, so that a reservation and its stock are usually apart. */
export async function startInventoryPair({ journalStreams = 4 } = {}) {
  const database = await freshDatabase();
  const a = await startOn(database, journalStreams);
  const b = await startOn(database, journalStreams);
  const first = clientOf(a.port, 'shop');
  const second = clientOf(b.port, 'shop');
  const operator = clientOf(a.port, 'books');
  return {
    database,
    first,
    second,
    other: clientOf(b.port, 'other'),
    operator,
    /** `count` calls at once, every second one to each instance. */
    atOnce: <T>(count: number, call: (client: InventoryClient, index: number) => Promise<T>): Promise<T[]> =>
      Promise.all(Array.from({ length: count }, (_, index) => call(index % 2 === 0 ? first : second, index))),
    put: (sku: string, onHand: bigint) =>
      done(ask((o) => first.putItem({ sku, name: sku, price: eur(250n), onHand }, o), `put-item-${sku}`)),
    /** What a process leaves that dies after it recorded a reserve of the shop's, before it held anything. */
    async intend(reservationId: string, lines: readonly { sku: string; quantity: number }[]) {
      const dead = await createJournal({
        database: database.db,
        rules: inventoryRules,
        owner: 'inventory',
        streamCount: journalStreams,
        writer: `dead-${reservationId}`,
        clock: createSystemClock(),
        random: createSystemRandom(),
        log: createLog('inventory', 'silent'),
      });
      const scoped = scopedReservation('shop', reservationId);
      await dead.submit({
        key: requestKey('shop', 'ReserveStock', `reserve-${reservationId}`),
        fingerprint: '',
        entities: [reservationEntity(scoped)],
        decide: () => decideReserve(undefined, scoped, { lines, reference: 'order-1' }),
      });
      await dead.close();
    },
    /** Where the units of an item are: on hand, held, sold. */
    async unitsOf(sku: string) {
      const { item } = await second.getItem({ sku });
      return [item?.onHand, item?.held, item?.sold];
    },
    /** The whole audit: verdicts as `[invariant, verdict]`, where 1 is HOLDS. */
    async audit() {
      const parts: AuditResponse[] = [];
      for await (const part of operator.audit({})) parts.push(part);
      return {
        findings: parts.flatMap((part) => part.findings),
        reservations: parts.flatMap((part) => part.reservations),
        verdicts: parts.at(-1)?.summary?.verdicts.map(({ invariant, verdict }) => [invariant, verdict]),
      };
    },
    stop: () => Promise.all([a.stop(), b.stop()]),
  };
}

/** A reservation named `reservationId`, under the request id `reserve-<reservationId>` unless said otherwise. */
export function reserve(
  client: InventoryClient,
  reservationId: string,
  lines: readonly { sku: string; quantity: number }[],
  requestId = `reserve-${reservationId}`,
) {
  return ask(
    (o) => client.reserveStock({ reservationId, lines: [...lines], reference: 'order-1' }, o),
    requestId,
  );
}

export const commit = (
  client: InventoryClient,
  reservationId: string,
  requestId = `commit-${reservationId}`,
) => ask((o) => client.commitReservation({ reservationId }, o), requestId);

export const release = (
  client: InventoryClient,
  reservationId: string,
  requestId = `release-${reservationId}`,
) => ask((o) => client.releaseReservation({ reservationId }, o), requestId);
