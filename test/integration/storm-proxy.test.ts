import { create, toBinary } from '@bufbuild/protobuf';
import { afterEach, expect, test, vi } from 'vitest';
import { type Loss, openProxy } from '../../cli/storm/faults/proxy.ts';
import { callOf, getOrder } from '../../cli/storm/load/calls.ts';
import { openWire, type Wire, type WireAnswer } from '../../cli/wire.ts';
import { GetOrderResponseSchema } from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import { startToyOrders } from '../support/toy-order-server.ts';

// The lossy ways of a storm, in front of a real server: its work must be done, and its answer must not arrive.

const endings: (() => void | Promise<void>)[] = [];

afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

async function lossyOrders(loss: Loss) {
  const placed: string[] = [];
  const server = await startToyOrders({
    async placeOrder(_, { requestId }) {
      placed.push(requestId);
      return { replayed: false, response: { order: { orderId: requestId } } };
    },
  });
  endings.push(() => server.stop());
  const proxy = await openProxy(server.address, loss);
  endings.push(() => proxy.close());
  return { placed, server, proxy };
}

function wireTo(address: string): Wire {
  const wire = openWire(address);
  endings.push(() => wire.close());
  return wire;
}

const order = callOf({
  rpc: 'PlaceOrder',
  payer: { account: 'alice' },
  lines: [{ sku: 'tea', quantity: 1 }],
});

function place(wire: Wire, requestId: string, giveUpMs = 5_000): Promise<WireAnswer> {
  return wire.call({ path: order.path, body: order.body, headers: { 'request-id': requestId }, giveUpMs });
}

test('the storm’s own client reads answers, replays and refusals as the services mean them', async () => {
  const { server } = await lossyOrders('reset');
  const wire = wireTo(server.address);
  const { answer, told } = order.read(await place(wire, 'request-1'));
  expect(answer).toMatchObject({ outcome: 'done', replayed: false });
  expect(told).toMatchObject({ order: 'request-1' });
  const malformed = order.read(await place(wire, 'short'));
  expect(malformed.answer).toMatchObject({ outcome: 'refused', reason: 'REQUEST_ID_MALFORMED' });
});

test('equal answers have equal hashes, and a different field makes another one', () => {
  const read = getOrder('o1');
  const answer = (orderId: string): WireAnswer => ({
    lost: false,
    status: 200,
    replayed: false,
    body: Buffer.from(
      toBinary(GetOrderResponseSchema, create(GetOrderResponseSchema, { order: { orderId } })),
    ),
  });
  const hashOf = (wireAnswer: WireAnswer) => {
    const { answer: said } = read.read(wireAnswer);
    return said.outcome === 'done' ? said.hash : undefined;
  };
  expect(hashOf(answer('o1'))).toBe(hashOf(answer('o1')));
  expect(hashOf(answer('o1'))).not.toBe(hashOf(answer('o2')));
});

test('on the way called reset, forty answers are made and none arrives, on one connection that stays open', async () => {
  const { placed, proxy } = await lossyOrders('reset');
  const wire = wireTo(proxy.address);
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, index) => place(wire, `request-${index}`)),
  );
  expect(answers).toEqual(Array.from({ length: 40 }, () => ({ lost: true, why: 'reset' })));
  expect(placed).toHaveLength(40);
  expect(proxy.lostCount()).toBe(40);
  expect(await place(wire, 'request-more')).toEqual({ lost: true, why: 'reset' });
});

test('on the way called silent, the client hears nothing until it gives up', async () => {
  const { placed, proxy } = await lossyOrders('silent');
  expect(await place(wireTo(proxy.address), 'request-1', 300)).toEqual({ lost: true, why: 'gave up' });
  expect(placed).toEqual(['request-1']);
  expect(proxy.lostCount()).toBe(1);
});

test('on the way called cut, the connection goes with the answer, and the next call opens another one', async () => {
  const { placed, proxy } = await lossyOrders('cut');
  const wire = wireTo(proxy.address);
  expect(await place(wire, 'request-1')).toMatchObject({ lost: true });
  expect(await place(wire, 'request-2')).toMatchObject({ lost: true });
  await vi.waitFor(() => expect(placed).toEqual(['request-1', 'request-2']), 15_000);
  expect(proxy.lostCount()).toBe(2);
});

test('nobody at the address is an unknown outcome, never a refusal', async () => {
  const { server } = await lossyOrders('reset');
  await server.stop();
  const { answer } = order.read(await place(wireTo(server.address), 'request-1'));
  expect(answer).toEqual({ outcome: 'unknown', reason: 'NO_CONNECTION', retryDelayMs: 0 });
});
