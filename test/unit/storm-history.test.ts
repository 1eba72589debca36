import { expect, test } from 'vitest';
import { checkHistory } from '../../cli/storm/check-history.ts';
import type { HistoryLine } from '../../cli/storm/history/line.ts';

// A good history of two orders and one counter, and then the same history with one lie planted in it. A checker that lets
// any of these pass proves nothing.

const lines = [{ sku: 'tea', quantity: 2 }];
const asked = { account: 'alice', lines };
const order = { order: 'o1', status: 'CONFIRMED', account: 'alice', lines, total: '900' };

function call(line: Partial<HistoryLine> & Pick<HistoryLine, 'rpc' | 'asked'>): HistoryLine {
  return {
    start: 0,
    end: 1,
    phase: 'storm',
    id: '',
    caller: 'shop-a',
    instance: 'order',
    path: 'direct',
    attempt: 1,
    outcome: 'done',
    request: 'm1',
    ...line,
  };
}

const opening = [
  call({
    rpc: 'OpenAccount',
    id: 'open-1',
    asked: { account: 'alice', opening: '10000' },
    told: { account: 'alice', balance: '10000' },
    answer: 'a',
  }),
  call({
    rpc: 'OpenAccount',
    id: 'open-2',
    asked: { account: 'till', opening: '1000' },
    told: { account: 'till', balance: '1000' },
    answer: 'b',
  }),
  call({
    rpc: 'PutItem',
    id: 'put-1',
    asked: { sku: 'tea', onHand: 10 },
    told: { sku: 'tea', onHand: 10, held: 0, sold: 0 },
    answer: 'c',
  }),
];
const place = (more: Partial<HistoryLine> = {}) =>
  call({ rpc: 'PlaceOrder', id: 'order-1', asked, told: order, answer: 'd', start: 10, end: 20, ...more });
const refused = (more: Partial<HistoryLine> = {}) =>
  call({
    rpc: 'PlaceOrder',
    id: 'order-2',
    asked,
    outcome: 'refused',
    reason: 'INSUFFICIENT_STOCK',
    told: { order: 'o2' },
    answer: 'e',
    start: 10,
    end: 20,
    ...more,
  });
const readOrder = (more: Partial<HistoryLine> = {}) =>
  call({
    rpc: 'GetOrder',
    asked: { order: 'o1' },
    told: order,
    phase: 'after',
    start: 100,
    end: 101,
    ...more,
  });
const readRefused = (more: Partial<HistoryLine> = {}) =>
  readOrder({
    asked: { order: 'o2' },
    told: { ...order, order: 'o2', status: 'CANCELLED', total: '0' },
    ...more,
  });
const withdraw = (id: string, balance: string, start: number, more: Partial<HistoryLine> = {}) =>
  call({
    rpc: 'Withdraw',
    id,
    asked: { account: 'till', amount: '100' },
    told: { account: 'till', balance },
    answer: `w${balance}`,
    start,
    end: start + 5,
    ...more,
  });
const restOf = (account: string, balance: string) =>
  call({
    rpc: 'GetAccount',
    asked: { account },
    told: { account, balance },
    phase: 'after',
    start: 100,
    end: 101,
  });
const shelf = (onHand: number, held: number, sold: number) =>
  call({
    rpc: 'GetItem',
    asked: { sku: 'tea' },
    told: { sku: 'tea', onHand, held, sold },
    phase: 'after',
    start: 100,
    end: 101,
  });

const good = {
  opening,
  orders: [
    place(),
    place({ replayed: true, attempt: 2, start: 30, end: 31 }),
    refused(),
    readOrder(),
    readRefused(),
  ],
  till: [withdraw('till-1', '900', 10), withdraw('till-2', '800', 20), restOf('till', '800')],
  rest: [restOf('alice', '9100'), shelf(8, 0, 2)],
};

type Parts = Partial<Record<keyof typeof good, HistoryLine[]>>;

async function wrongsOf(parts: Parts): Promise<string[]> {
  const { contradictions } = await checkHistory(Object.values({ ...good, ...parts }).flat());
  return contradictions.map(({ invariant, wrong }) => `${invariant} ${wrong}`);
}

test('an honest history has no contradiction, and every law looked at something', async () => {
  const verdict = await checkHistory(Object.values(good).flat());
  expect(verdict.contradictions).toEqual([]);
  expect(verdict.unjudged).toEqual([]);
  expect(verdict.checked).toEqual({ I1: 2, I2: 2, I3: 1, I5: 7, I7: 7, I8: 5, I9: 9 });
});

test('a lost answer that is asked again and replayed is honest', async () => {
  const orders = [
    place({ outcome: 'unknown', reason: 'RESET' }),
    place({ replayed: true, attempt: 2 }),
    readOrder(),
  ];
  expect(await wrongsOf({ orders })).toEqual([]);
});

test('two answers under one id are a lie, whether they differ in their fields or one is a refusal', async () => {
  const other = place({ answer: 'other', replayed: true });
  expect(await wrongsOf({ orders: [place(), other, readOrder()] })).toEqual(['I7 lied']);
  const no = place({
    outcome: 'refused',
    reason: 'INSUFFICIENT_FUNDS',
    answer: 'no',
    replayed: true,
    end: 40,
    told: { order: 'o1' },
  });
  expect(await wrongsOf({ orders: [place(), no, readOrder()] })).toEqual(['I7 lied']);
});

test('two answers that both claim to be the first are a lie', async () => {
  expect(await wrongsOf({ orders: [place(), place({ attempt: 2 }), readOrder()] })).toEqual(['I7 lied']);
});

test('two messages answered under one id are a lie', async () => {
  const more = { account: 'alice', lines: [{ sku: 'tea', quantity: 7 }] };
  const told = { ...order, lines: more.lines };
  const second = place({ request: 'm2', asked: more, told, answer: 'x', replayed: true, end: 40 });
  expect(await wrongsOf({ orders: [place(), second, readOrder()] })).toEqual(['I7 lied']);
});

test('a second message that is told the id is taken is honest; the first one told so is a lie', async () => {
  const reused = { outcome: 'refused', reason: 'REQUEST_ID_REUSED', answer: 'r' } as const;
  expect(await wrongsOf({ orders: [place(), place({ ...reused, request: 'm2' }), readOrder()] })).toEqual([]);
  expect(await wrongsOf({ orders: [place(), place(reused), readOrder()] })).toEqual(['I7 lied']);
});

test('when every message is told that the id belongs to another, nobody owns it: a lie', async () => {
  const reused = { outcome: 'refused', reason: 'REQUEST_ID_REUSED', answer: 'r' } as const;
  const orders = [place(reused), place({ ...reused, request: 'm2' })];
  expect(await wrongsOf({ orders, rest: [restOf('alice', '10000'), shelf(10, 0, 0)] })).toContain('I7 lied');
});

test('an answer about another account, another order or another caller’s order breaks I9', async () => {
  const foreign = place({ told: { ...order, account: 'bob' } });
  expect(await wrongsOf({ orders: [foreign] })).toContain('I9 lied');
  const twin = place({ caller: 'shop-b' });
  expect(await wrongsOf({ orders: [place(), twin, readOrder(), readOrder({ caller: 'shop-b' })] })).toContain(
    'I9 lied',
  );
  expect(
    await wrongsOf({ orders: [place(), readOrder(), readOrder({ caller: 'shop-b', phase: 'storm' })] }),
  ).toEqual(['I9 lied']);
});

test('another caller who is told that there is no such order sees nothing', async () => {
  const peek = readOrder({ caller: 'shop-b', phase: 'storm', outcome: 'refused', reason: 'ORDER_NOT_FOUND' });
  expect(await wrongsOf({ orders: [place(), readOrder(), peek] })).toEqual([]);
});

test('an acknowledged order that is missing afterwards is lost, at once or at the end', async () => {
  const missing = { outcome: 'refused', reason: 'ORDER_NOT_FOUND' } as const;
  const rest = [restOf('alice', '10000'), shelf(10, 0, 0)];
  const gone = readOrder({ ...missing, told: {} });
  expect(await wrongsOf({ orders: [place(), gone], rest })).toContain('I8 lost');
  const blink = readOrder({ ...missing, phase: 'storm', start: 21, end: 22 });
  expect(await wrongsOf({ orders: [place(), blink, readOrder()] })).toEqual(['I8 lost']);
});

test('a read that was sent before the acknowledgement may still miss the order', async () => {
  const early = readOrder({
    outcome: 'refused',
    reason: 'ORDER_NOT_FOUND',
    phase: 'storm',
    start: 19,
    end: 25,
  });
  expect(await wrongsOf({ orders: [place(), early, readOrder()] })).toEqual([]);
});

test('an acknowledged order that is open again, undone without a cancel, or has other lines is a lie or lost', async () => {
  const open = readOrder({ told: { ...order, status: 'PLACED' }, phase: 'storm', start: 21, end: 22 });
  expect(await wrongsOf({ orders: [place(), open, readOrder()] })).toEqual(['I8 lied']);
  const undone = readOrder({ told: { ...order, status: 'CANCELLED' } });
  expect(
    await wrongsOf({ orders: [place(), undone], rest: [restOf('alice', '10000'), shelf(10, 0, 0)] }),
  ).toContain('I8 lost');
  const changed = readOrder({ told: { ...order, total: '901' } });
  expect(await wrongsOf({ orders: [place(), changed] })).toEqual(['I8 lied']);
});

test('a cancelled order is net nothing; one that stays confirmed after its cancel was acknowledged is a lie', async () => {
  const cancel = call({
    rpc: 'CancelOrder',
    id: 'order-1:cancel',
    asked: { order: 'o1' },
    told: { ...order, status: 'CANCELLED' },
    answer: 'f',
    start: 40,
    end: 50,
  });
  const undone = readOrder({ told: { ...order, status: 'CANCELLED' } });
  const rest = [restOf('alice', '10000'), shelf(10, 0, 0)];
  expect(await wrongsOf({ orders: [place(), cancel, undone], rest })).toEqual([]);
  expect(await wrongsOf({ orders: [place(), cancel, readOrder()] })).toContain('I8 lied');
});

test('a refused order that is alive afterwards is a lie', async () => {
  const alive = readRefused({ told: { ...order, order: 'o2' } });
  expect(
    await wrongsOf({ orders: [refused(), alive], rest: [restOf('alice', '10000'), shelf(10, 0, 0)] }),
  ).toEqual(['I8 lied']);
});

test('a request that never got a definite answer is lost, and the books are not guessed at', async () => {
  const orders = [place({ outcome: 'unknown', reason: 'RESET' })];
  const verdict = await checkHistory(Object.values({ ...good, orders }).flat());
  expect(verdict.contradictions.map(({ invariant, wrong }) => `${invariant} ${wrong}`)).toEqual(['I5 lost']);
  expect(verdict.unjudged).toEqual(['1 requests have no definite answer']);
});

test('money taken beyond the acknowledged orders was charged twice; money that was not taken is lost', async () => {
  expect(await wrongsOf({ rest: [restOf('alice', '8200'), shelf(8, 0, 2)] })).toEqual(['I2 charged twice']);
  expect(await wrongsOf({ rest: [restOf('alice', '10000'), shelf(8, 0, 2)] })).toEqual(['I1 lost']);
});

test('units sold beyond the acknowledged orders were sold twice; units held at rest or missing are lost or sold twice', async () => {
  const alice = restOf('alice', '9100');
  expect(await wrongsOf({ rest: [alice, shelf(6, 0, 4)] })).toEqual(['I3 sold twice']);
  expect(await wrongsOf({ rest: [alice, shelf(10, 0, 0)] })).toEqual(['I3 lost']);
  expect(await wrongsOf({ rest: [alice, shelf(6, 2, 2)] })).toEqual(['I3 lost']);
  expect(await wrongsOf({ rest: [alice, shelf(7, 0, 2)] })).toEqual(['I3 sold twice']);
  expect(await wrongsOf({ rest: [alice, shelf(9, 0, 2)] })).toEqual(['I3 lost']);
});

test('a counter that answers one balance twice, or leaves one out, lost or doubled a step', async () => {
  const twice = [withdraw('till-1', '900', 10), withdraw('till-2', '900', 12), restOf('till', '800')];
  expect(await wrongsOf({ till: twice })).toContain('I8 lied');
  const gap = [withdraw('till-1', '900', 10), withdraw('till-2', '700', 20), restOf('till', '700')];
  expect(await wrongsOf({ till: gap })).toContain('I8 lied');
});

test('a counter whose later request took effect before an earlier answered one is not linearizable', async () => {
  const till = [withdraw('till-1', '800', 10), withdraw('till-2', '900', 20), restOf('till', '800')];
  expect(await wrongsOf({ till })).toEqual(['I8 lied']);
  // Asked before the other was answered: either order is fine.
  const together = [withdraw('till-1', '800', 10), withdraw('till-2', '900', 12), restOf('till', '800')];
  expect(await wrongsOf({ till: together })).toEqual([]);
});

test('a read of a counter that is stale or ahead of time is a lie', async () => {
  const read = (balance: string, start: number, end: number) => ({
    ...restOf('till', balance),
    phase: 'storm' as const,
    start,
    end,
  });
  const till = [...good.till, read('1000', 16, 17)];
  expect(await wrongsOf({ till })).toEqual(['I8 lied']);
  expect(await wrongsOf({ till: [...good.till, read('800', 16, 17)] })).toEqual(['I8 lied']);
  expect(await wrongsOf({ till: [...good.till, read('900', 16, 17)] })).toEqual([]);
});

test('a withdrawal refused for want of money that was there is a lie', async () => {
  const refusal = withdraw('till-3', '0', 15, {
    outcome: 'refused',
    reason: 'INSUFFICIENT_FUNDS',
    answer: 'z',
    told: {},
  });
  expect(await wrongsOf({ till: [...good.till, refusal] })).toEqual(['I8 lied']);
  const much = { ...refusal, asked: { account: 'till', amount: '950' } };
  expect(await wrongsOf({ till: [...good.till, much] })).toEqual([]);
});
