// Admission on a real server: what a caller sees of it, and that it costs the healthy ones nothing.

import { type ClientHttp2Session, connect } from 'node:http2';
import { createConnection } from 'node:net';
import { type CallOptions, type Client, Code, ConnectError, createClient } from '@connectrpc/connect';
import { createConnectTransport, createGrpcTransport } from '@connectrpc/connect-node';
import { afterEach, describe, expect, test } from 'vitest';
import { ErrorInfoSchema, RetryInfoSchema } from '../../shared/gen/google/rpc/error_details_pb.ts';
import { InventoryService } from '../../shared/gen/twicesafe/inventory/v1/inventory_pb.ts';
import { OrderService } from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import { authenticationFrom, createServiceClient, startRpcServer } from '../../shared/rpc/index.ts';
import { createSystemClock } from '../../shared/runtime/index.ts';
import { evenRandom } from '../support/held-clock.ts';
import {
  faultOf,
  orderJson,
  postJson,
  silentLog,
  startToyOrders,
  type ToyOrders,
} from '../support/toy-order-server.ts';

const endings: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

/** A server with two places whose orders take until `finish`. */
async function startBusy(toy: ToyOrders = {}) {
  const finish = Promise.withResolvers<void>();
  let begunCount = 0;
  const server = await startToyOrders({
    limits: { callsInFlightMax: 2 },
    placeOrder: async (_, { requestId }) => {
      begunCount += 1;
      await finish.promise;
      return { replayed: false, response: { order: { orderId: requestId } } };
    },
    ...toy,
  });
  endings.push(server.stop, finish.resolve);
  const place = (requestId: string, headers: Record<string, string> = {}) =>
    postJson(server, 'PlaceOrder', orderJson, { 'request-id': requestId, ...headers });
  return { server, place, finish: finish.resolve, begunCount: () => begunCount };
}

async function fill(busy: Awaited<ReturnType<typeof startBusy>>) {
  const first = [busy.place('filling-0001'), busy.place('filling-0002')];
  await expect.poll(busy.begunCount).toBe(2);
  return first;
}

describe('a server without a free place', () => {
  test('says OVERLOADED, and to each caller another time to come back', async () => {
    const busy = await startBusy();
    await fill(busy);
    const faults = [];
    for (const requestId of ['refused-0001', 'refused-0002', 'refused-0003']) {
      faults.push(faultOf((await busy.place(requestId)).body));
    }
    expect(faults.map(({ code, reason }) => [code, reason])).toEqual([
      ['resource_exhausted', 'OVERLOADED'],
      ['resource_exhausted', 'OVERLOADED'],
      ['resource_exhausted', 'OVERLOADED'],
    ]);
    expect(faults.map(({ retryDelay }) => retryDelay)).toEqual(['1.118s', '0.736s', '1.354s']);
  });

  test('refuses before the message has arrived, let alone been parsed', async () => {
    const busy = await startBusy();
    await fill(busy);
    const socket = createConnection({ port: busy.server.port, host: '127.0.0.1' });
    endings.push(() => socket.destroy());
    let answer = '';
    socket.on('data', (chunk) => {
      answer += String(chunk);
    });
    socket.write(
      'POST /twicesafe.order.v1.OrderService/PlaceOrder HTTP/1.1\r\nhost: x\r\nrequest-id: unparsed-0001\r\n' +
        'content-type: application/json\r\ncontent-length: 1000\r\n\r\n',
    );
    await expect.poll(() => answer).toContain('HTTP/1.1 429');
    await expect.poll(() => answer).toContain('OVERLOADED');
  });

  test('has done nothing for the refused call: the same request id is new when it comes again', async () => {
    const busy = await startBusy();
    const first = await fill(busy);
    expect((await busy.place('again-0001')).status).toBe(429);
    expect(busy.begunCount()).toBe(2);
    busy.finish();
    await Promise.all(first);
    const again = await busy.place('again-0001');
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([200, null]);
    expect(busy.begunCount()).toBe(3);
  });

  test('keeps the connection of a caller whom it refuses thousands of times, and answers on it later', async () => {
    const busy = await startBusy();
    const first = await fill(busy);
    const session = connect(busy.server.address);
    endings.push(() => session.destroy());
    let isOver = false;
    session.on('close', () => {
      isOver = true;
    });
    for (let round = 0; round < 30; round += 1) {
      const statuses = await Promise.all(
        Array.from({ length: 100 }, (_, index) => placeOn(session, `many-${round}-${index}`)),
      );
      expect(new Set(statuses)).toEqual(new Set([429]));
    }
    busy.finish();
    await Promise.all(first);
    expect(await placeOn(session, 'many-at-last')).toBe(200);
    expect(isOver).toBe(false);
  });

  test('refuses binary calls with the same words in both protocols, thousands of them on one connection', async () => {
    const busy = await startBusy();
    const first = await fill(busy);
    for (const transport of [
      createConnectTransport({ baseUrl: busy.server.address, httpVersion: '2', useBinaryFormat: true }),
      createGrpcTransport({ baseUrl: busy.server.address }),
    ]) {
      const client = createClient(OrderService, transport);
      const delays = new Set<number>();
      for (let round = 0; round < 30; round += 1) {
        const refusals = await Promise.all(
          Array.from({ length: 50 }, (_, index) => refusalOf(client, `binary-${round}-${index}`)),
        );
        for (const error of refusals) {
          expect([error?.code, error?.findDetails(ErrorInfoSchema)[0]?.reason]).toEqual([
            Code.ResourceExhausted,
            'OVERLOADED',
          ]);
          delays.add(error?.findDetails(RetryInfoSchema)[0]?.retryDelay?.nanos ?? 0);
        }
      }
      expect(delays.size).toBeGreaterThan(100);
    }
    busy.finish();
    await Promise.all(first);
    expect(busy.begunCount()).toBe(2);
  });

  test('answers a repeat that it remembers, while there is a place more for it', async () => {
    const busy = await startBusy({
      limits: { callsInFlightMax: 100 },
      admissionLimits: { placesInitial: 4, placesMin: 4 },
      load: { isKnown: (key) => key === 'req/anonymous/PlaceOrder/remembered-1' },
    });
    const first = ['new-0001', 'new-0002', 'new-0003', 'new-0004'].map((requestId) => busy.place(requestId));
    await expect.poll(busy.begunCount).toBe(4);
    expect((await busy.place('forgotten-01')).status).toBe(429);
    const repeat = busy.place('remembered-1');
    await expect.poll(busy.begunCount).toBe(5);
    busy.finish();
    expect((await repeat).status).toBe(200);
    await Promise.all(first);
  });
});

describe('duplicates of a call that is at work', () => {
  test('take no places while they wait for its answer', async () => {
    const busy = await startBusy();
    const first = busy.place('first-0001');
    await expect.poll(busy.begunCount).toBe(1);
    const duplicates = Array.from({ length: 20 }, () => busy.place('first-0001'));
    const other = busy.place('other-0001');
    await expect.poll(busy.begunCount).toBe(2);
    busy.finish();
    const answers = await Promise.all([first, other, ...duplicates]);
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThan(2);
    expect(busy.begunCount()).toBe(2);
  });

  test('are told to come back when too many wait already', async () => {
    const busy = await startBusy({ admissionLimits: { waitingCallsMax: 1 } });
    const first = busy.place('first-0001');
    await expect.poll(busy.begunCount).toBe(1);
    const patient = busy.place('first-0001', { 'connect-timeout-ms': '10000' });
    await expect
      .poll(async () => faultOf((await busy.place('first-0001', { 'connect-timeout-ms': '40' })).body))
      .toMatchObject({ reason: 'REQUEST_IN_FLIGHT', retryDelay: '0.200s' });
    busy.finish();
    expect([(await first).status, (await patient).status]).toEqual([200, 200]);
  });
});

test('a call that was counted is given back when it is refused inside, whatever the reason', async () => {
  const busy = await startBusy();
  for (let round = 0; round < 10; round += 1) {
    const invalid = await postJson(
      busy.server,
      'PlaceOrder',
      { lines: [] },
      { 'request-id': 'invalid-0001' },
    );
    expect(faultOf(invalid.body).reason).toBe('FIELD_INVALID');
    expect((await postJson(busy.server, 'PlaceOrder', '{', { 'request-id': 'invalid-0002' })).status).toBe(
      400,
    );
  }
  await fill(busy);
  expect(busy.begunCount()).toBe(2);
});

describe('when new work is shed', () => {
  const limits = { placesInitial: 4, placesMin: 4 };

  async function startInventory() {
    const finish = Promise.withResolvers<void>();
    let begunCount = 0;
    const server = await startRpcServer({
      name: 'inventory',
      host: '127.0.0.1',
      port: 0,
      services: [InventoryService],
      authentication: authenticationFrom({ tokens: 'shop-token=shop,order-token=order:saga' }),
      admissionLimits: limits,
      load: {
        sagaRpcs: {
          steps: [InventoryService.method.reserveStock],
          settling: [InventoryService.method.commitReservation],
        },
      },
      clock: createSystemClock(),
      log: silentLog,
      routes(router) {
        const wait = async () => {
          begunCount += 1;
          await finish.promise;
          return {};
        };
        router.service(InventoryService, { reserveStock: wait, commitReservation: wait, getItem: wait });
      },
    });
    endings.push(server.stop, finish.resolve);
    const address = `http://127.0.0.1:${server.port}`;
    const transport = createConnectTransport({ baseUrl: address, httpVersion: '2', useBinaryFormat: true });
    const client = createClient(InventoryService, transport);
    let callCount = 0;
    /** Calls as somebody, and resolves with what it was refused with; never, while it is at work. */
    const call = async (
      token: string,
      ask: (client: Client<typeof InventoryService>, o: CallOptions) => unknown,
    ) => {
      callCount += 1;
      const headers = {
        authorization: `Bearer ${token}`,
        'request-id': `call-${String(callCount).padStart(4, '0')}`,
      };
      try {
        return await ask(client, { headers });
      } catch (error) {
        return ConnectError.from(error).findDetails(ErrorInfoSchema)[0]?.reason;
      }
    };
    return {
      address,
      begunCount: () => begunCount,
      reserve: (token: string) =>
        call(token, (c, o) => c.reserveStock({ lines: [{ sku: 'tea', quantity: 1 }] }, o)),
      commit: (token: string) => call(token, (c, o) => c.commitReservation({ reservationId: 'r-1' }, o)),
      read: (token: string) => call(token, (c, o) => c.getItem({ sku: 'tea' }, o)),
    };
  }

  test('reads go on a little longer, the steps of sagas three times as far, and what settles them to the end', async () => {
    const inventory = await startInventory();
    const atWork: unknown[] = [];
    for (let count = 1; count <= 4; count += 1) {
      atWork.push(inventory.reserve('shop-token'));
      await expect.poll(inventory.begunCount).toBe(count);
    }
    expect(await inventory.reserve('shop-token')).toBe('OVERLOADED');
    atWork.push(inventory.read('shop-token'));
    await expect.poll(inventory.begunCount).toBe(5);
    expect(await inventory.read('shop-token')).toBe('OVERLOADED');
    expect(await inventory.commit('shop-token')).toBe('OVERLOADED');
    for (let count = 6; count <= 12; count += 1) {
      atWork.push(inventory.reserve('order-token'));
      await expect.poll(inventory.begunCount).toBe(count);
    }
    expect(await inventory.reserve('order-token')).toBe('OVERLOADED');
    for (let count = 13; count <= 40; count += 1) {
      atWork.push(inventory.commit('order-token'));
      await expect.poll(inventory.begunCount).toBe(count);
    }
    expect(atWork).toHaveLength(40);
  });

  test('a client tells its process that the service behind it refuses', async () => {
    const inventory = await startInventory();
    for (let count = 1; count <= 12; count += 1) {
      void inventory.reserve('order-token');
      await expect.poll(inventory.begunCount).toBe(count);
    }
    let overloadedCount = 0;
    const client = createServiceClient(InventoryService, {
      address: inventory.address,
      token: 'order-token',
      onOverloaded: () => {
        overloadedCount += 1;
      },
      clock: createSystemClock(),
      random: evenRandom,
      log: silentLog,
    });
    endings.push(() => client.close());
    const request = { lines: [{ sku: 'tea', quantity: 1 }] };
    const answer = await client.call('reserveStock', request, {
      requestId: 'pushed-back-1',
      budgetMs: 5_000,
      attempts: 1,
    });
    expect(answer).toMatchObject({ answer: 'unknown', reason: 'OVERLOADED' });
    expect(answer.answer === 'unknown' ? answer.retryDelayMs : 0).toBeGreaterThanOrEqual(500);
    expect(overloadedCount).toBe(1);
  });
});

/** What an order is refused with; undefined when it is placed. */
async function refusalOf(client: Client<typeof OrderService>, requestId: string) {
  try {
    await client.placeOrder(
      { paymentSource: { case: 'accountId', value: 'alice' }, lines: [{ sku: 'tea-1', quantity: 2 }] },
      { headers: { 'request-id': requestId } },
    );
    return undefined;
  } catch (error) {
    return ConnectError.from(error);
  }
}

const placePath = `/${OrderService.typeName}/${OrderService.method.placeOrder.name}`;

/** Resolves with the status of an order on this very connection. */
function placeOn(session: ClientHttp2Session, requestId: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': placePath,
      'content-type': 'application/json',
      'request-id': requestId,
    });
    let status = 0;
    stream.on('response', (headers) => {
      status = headers[':status'] ?? 0;
    });
    stream.on('error', reject);
    stream.on('close', () => resolve(status));
    stream.resume();
    stream.end(JSON.stringify(orderJson));
  });
}
