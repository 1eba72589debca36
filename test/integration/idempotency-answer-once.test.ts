import { Writable } from 'node:stream';
import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import {
  faultOf,
  orderJson,
  postJson,
  startToyOrders,
  type ToyOrders,
  type ToyServer,
} from '../support/toy-order-server.ts';

let server: ToyServer | undefined;

afterEach(async () => {
  await server?.stop();
  server = undefined;
});

async function start(toy: ToyOrders): Promise<ToyServer> {
  server = await startToyOrders(toy);
  return server;
}

const requestId = { 'request-id': 'once-00001' };

/** Work that begins, and ends when the test says so. */
function createWork() {
  const release = Promise.withResolvers<void>();
  const work = {
    startCount: 0,
    release: release.resolve,
    async run() {
      work.startCount += 1;
      await release.promise;
      return { replayed: false, response: { order: { orderId: 'o-1' } } };
    },
  };
  return work;
}

test('300 duplicates at once join one piece of work: one effect, 300 equal answers, all but one marked as replays', async () => {
  const work = createWork();
  const toy = await start({ placeOrder: work.run });
  const calls = Array.from({ length: 300 }, () => postJson(toy, 'PlaceOrder', orderJson, requestId));
  await expect.poll(() => work.startCount).toBe(1);
  work.release();
  const answers = await Promise.all(calls);
  expect(new Set(answers.map(({ body }) => JSON.stringify(body)))).toEqual(
    new Set(['{"order":{"orderId":"o-1"}}']),
  );
  // Calls that came after the work ended start a new one; the journal would answer it as a replay.
  const firstCount = answers.filter(({ headers }) => headers.get('idempotency-replayed') === null).length;
  expect(firstCount).toBe(work.startCount);
});

test('a duplicate whose deadline comes first is told to ask again, and the first call still gets its answer', async () => {
  const work = createWork();
  const toy = await start({ placeOrder: work.run });
  const first = postJson(toy, 'PlaceOrder', orderJson, requestId);
  await expect.poll(() => work.startCount).toBe(1);
  const late = await postJson(toy, 'PlaceOrder', orderJson, { ...requestId, 'connect-timeout-ms': '60' });
  expect(faultOf(late.body)).toMatchObject({ code: 'unavailable', reason: 'REQUEST_IN_FLIGHT' });
  work.release();
  expect((await first).body).toEqual({ order: { orderId: 'o-1' } });
  expect((await first).headers.get('idempotency-replayed')).toBeNull();
  expect(work.startCount).toBe(1);
});

test('another message, another caller, or another id does not join', async () => {
  const work = createWork();
  const keys: string[] = [];
  const toy = await start({
    tokens: 'token-of-alice=alice,token-of-bob=bob',
    placeOrder: (_, call) => {
      keys.push(call.key);
      return work.run();
    },
  });
  const alice = { authorization: 'Bearer token-of-alice' };
  const calls = [
    postJson(toy, 'PlaceOrder', orderJson, { ...alice, ...requestId }),
    postJson(toy, 'PlaceOrder', { ...orderJson, accountId: 'other' }, { ...alice, ...requestId }),
    postJson(toy, 'PlaceOrder', orderJson, { authorization: 'Bearer token-of-bob', ...requestId }),
    postJson(toy, 'PlaceOrder', orderJson, { ...alice, 'request-id': 'once-00002' }),
  ];
  await expect.poll(() => work.startCount).toBe(4);
  work.release();
  await Promise.all(calls);
  expect(keys.sort()).toEqual([
    'req/alice/PlaceOrder/once-00001',
    'req/alice/PlaceOrder/once-00001',
    'req/alice/PlaceOrder/once-00002',
    'req/bob/PlaceOrder/once-00001',
  ]);
});

test('work goes on when its caller leaves, and the next call with the id joins it', async () => {
  const work = createWork();
  const toy = await start({ placeOrder: work.run });
  const leaving = new AbortController();
  const left = fetch(`${toy.address}/twicesafe.order.v1.OrderService/PlaceOrder`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...requestId },
    body: JSON.stringify(orderJson),
    signal: leaving.signal,
  });
  await expect.poll(() => work.startCount).toBe(1);
  leaving.abort();
  await expect(left).rejects.toThrow('aborted');
  const late = await postJson(toy, 'PlaceOrder', orderJson, { ...requestId, 'connect-timeout-ms': '60' });
  expect(faultOf(late.body).reason).toBe('REQUEST_IN_FLIGHT');
  expect(work.startCount).toBe(1);
  work.release();
});

test('work that fails after all its callers left is logged, and the next call with the id starts again', async () => {
  const release = Promise.withResolvers<void>();
  const { log, lines } = createLogOf();
  let startCount = 0;
  const toy = await start({
    log,
    placeOrder: async () => {
      startCount += 1;
      if (startCount > 1) return { replayed: false, response: { order: { orderId: 'o-2' } } };
      await release.promise;
      throw new Error('lost its database');
    },
  });
  await postJson(toy, 'PlaceOrder', orderJson, { ...requestId, 'connect-timeout-ms': '60' });
  release.resolve();
  await expect
    .poll(() => lines.filter((line) => line.includes('failed after its callers had left')).length)
    .toBe(1);
  expect((await postJson(toy, 'PlaceOrder', orderJson, requestId)).body).toEqual({
    order: { orderId: 'o-2' },
  });
});

test('work that throws at once leaves nothing in flight', async () => {
  let startCount = 0;
  const toy = await start({
    placeOrder: () => {
      startCount += 1;
      throw new Error('thrown before any promise');
    },
  });
  for (const expected of [1, 2]) {
    const { body } = await postJson(toy, 'PlaceOrder', orderJson, requestId);
    expect([faultOf(body).reason, startCount]).toEqual(['INTERNAL', expected]);
  }
});

function createLogOf() {
  const lines: string[] = [];
  const sink = new Writable({
    write(chunk, _, done) {
      lines.push(String(chunk));
      done();
    },
  });
  return { lines, log: pino({ level: 'debug' }, sink) };
}
