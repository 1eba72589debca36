import { expect, test } from 'vitest';
import { checkHistory } from '../../cli/storm/check-history.ts';
import type { HistoryLine } from '../../cli/storm/history/line.ts';
import type { BookedPayment } from '../../cli/storm/provider/control.ts';

// Three orders by card: o1 confirmed for 900, o2 cancelled after it was charged, o3 declined. Then the provider's books with
// one wrong planted in them.

const lines = [{ sku: 'tea', quantity: 2 }];

function call(line: Partial<HistoryLine> & Pick<HistoryLine, 'rpc' | 'asked'>): HistoryLine {
  return {
    start: 10,
    end: 20,
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

const placed = (order: string, more: Partial<HistoryLine> = {}) =>
  call({
    rpc: 'PlaceOrder',
    id: `request-${order}`,
    asked: { card: 'pm_card_visa', lines },
    told: { order, status: 'CONFIRMED', account: '', lines, total: '900' },
    answer: order,
    ...more,
  });
const read = (order: string, status: string) =>
  call({
    rpc: 'GetOrder',
    asked: { order },
    told: { order, status, account: '', lines, total: '900' },
    phase: 'after',
  });
const history = [
  placed('o1'),
  read('o1', 'CONFIRMED'),
  placed('o2'),
  call({ rpc: 'CancelOrder', id: 'cancel-o2', asked: { order: 'o2' }, told: { order: 'o2' }, answer: 'c' }),
  read('o2', 'CANCELLED'),
  placed('o3', { outcome: 'refused', reason: 'PAYMENT_DECLINED', told: { order: 'o3' } }),
  read('o3', 'CANCELLED'),
];

const paid = (order: string, taken: number, ...refunds: BookedPayment['refunds']): BookedPayment => ({
  id: `pi_${order}`,
  taken,
  metadata: { payment: `payment/order-service/card.${order}` },
  refunds,
});
const back = (amount: number, status = 'succeeded') => ({ amount, status });
const good = [paid('o1', 900), paid('o2', 900, back(900)), paid('o3', 0)];

async function judged(payments: BookedPayment[], { isWhole = true, more = [] as HistoryLine[] } = {}) {
  const { provider } = await checkHistory([...history, ...more], { payments, isWhole });
  if (!provider) throw new Error('the books were not judged');
  const found = provider.contradictions.map(
    ({ invariant, wrong, where }) => `${invariant} ${wrong}: ${where}`,
  );
  return { ...provider, found };
}

const nothing = { chargedTwice: 0, keptForNothing: 0, notCharged: 0, withoutOrder: 0 };

test('books with one charge for the confirmed order, and nothing kept of the others, hold', async () => {
  const { found, counts, sums, orderCount } = await judged(good);
  expect(found).toEqual([]);
  expect(counts).toEqual(nothing);
  expect(orderCount).toBe(3);
  expect(sums).toEqual({
    chargeCount: 2,
    taken: '1800',
    refundCount: 1,
    givenBack: '900',
    owed: '900',
    confirmedCount: 1,
  });
});

test('an order that the provider charged twice is found, also when the second charge was given back', async () => {
  const twice = await judged([...good, { ...paid('o1', 900), id: 'pi_again' }]);
  expect(twice.counts).toEqual({ ...nothing, chargedTwice: 1 });
  expect(twice.found).toEqual(['I2 charged twice: order o1, PlaceOrder request-o1 of shop-a']);
  const givenBack = await judged([...good, { ...paid('o1', 900, back(900)), id: 'pi_again' }]);
  expect(givenBack.counts).toEqual({ ...nothing, chargedTwice: 1 });
});

test('a confirmed order that the provider has no money for, or not all of it, is found', async () => {
  const [, ...others] = good;
  expect((await judged(others)).counts).toEqual({ ...nothing, notCharged: 1 });
  expect((await judged([paid('o1', 899), ...others])).counts).toEqual({ ...nothing, notCharged: 1 });
  expect((await judged([paid('o1', 900, back(1)), ...others])).found).toEqual([
    'I2 lost: order o1, PlaceOrder request-o1 of shop-a',
  ]);
});

test('money kept of a cancelled or declined order is found, and a refund that failed gave nothing back', async () => {
  const [o1, , o3] = good as [BookedPayment, BookedPayment, BookedPayment];
  expect((await judged([o1, paid('o2', 900, back(899)), o3])).counts).toEqual({
    ...nothing,
    keptForNothing: 1,
  });
  expect((await judged([o1, paid('o2', 900, back(900, 'failed')), o3])).counts).toEqual({
    ...nothing,
    keptForNothing: 1,
  });
  expect((await judged([o1, paid('o2', 900, back(900)), paid('o3', 900)])).counts).toEqual({
    ...nothing,
    keptForNothing: 1,
  });
});

test('a charge that nobody ordered is found, unless the provider has other customers', async () => {
  const stray = paid('o9', 500);
  expect((await judged([...good, stray])).found).toEqual([
    'I6 charged twice: pi_o9 at the provider, payment/order-service/card.o9',
  ]);
  expect((await judged([...good, stray], { isWhole: false })).found).toEqual([]);
  expect((await judged([...good, stray], { isWhole: false })).sums.taken).toBe('1800');
});

test('with an order that has no answer the books cannot be told whole, and that is said', async () => {
  const open = placed('o4', { outcome: 'unknown', reason: 'RESET' });
  const { found, unjudged } = await judged([...good, paid('o4', 900)], { more: [open] });
  expect(found).toEqual([]);
  expect(unjudged).toBe('1 orders by card have no definite answer');
});

test('orders from accounts are not the card provider’s matter', async () => {
  const fromAccount = placed('o5', { asked: { account: 'alice', lines } });
  expect((await judged(good, { more: [fromAccount, read('o5', 'CONFIRMED')] })).orderCount).toBe(3);
});
