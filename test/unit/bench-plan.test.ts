import { expect, test } from 'vitest';
import { accountOf, differentOrders, orderOf, requestIdOf, skuOf } from '../../cli/bench/goods.ts';
import { planOf } from '../../cli/bench/plan.ts';

test('every order has two lines of different items', () => {
  for (let number = 0; number < differentOrders; number += 1) {
    const [first, second] = orderOf(number, 'spread').lines;
    expect(first.sku).not.toBe(second.sku);
  }
});

test('the spread load reaches every item and every account', () => {
  const [skus, accounts] = [new Set<string>(), new Set<string>()];
  for (let number = 0; number < differentOrders; number += 1) {
    const { accountId, lines } = orderOf(number, 'spread');
    accounts.add(accountId);
    for (const { sku } of lines) skus.add(sku);
  }
  expect(skus.size).toBe(1_000);
  expect(accounts.size).toBe(1_000);
  expect([skuOf(0), accountOf(999)].every((name) => skus.has(name) || accounts.has(name))).toBe(true);
});

test('every order of the hot load wants the one item', () => {
  const first = new Set(Array.from({ length: 100 }, (_, number) => orderOf(number, 'hot').lines[0].sku));
  expect([...first]).toEqual(['bench-item-0']);
});

test('an order number is the same order at any time, under its own request id', () => {
  expect(orderOf(17, 'spread')).toEqual(orderOf(17 + differentOrders, 'spread'));
  expect(requestIdOf('spread', 17)).toBe(requestIdOf('spread', 17));
  expect(requestIdOf('hot', 17)).not.toBe(requestIdOf('spread', 17));
});

test('what a measurement needs is measured with it, in the order of the whole', () => {
  const plan = planOf(['mix', 'insert-small', 'grow']);
  expect(plan.phases.map(({ name }) => name)).toEqual(['insert-small', 'closed-32', 'mix']);
  expect(plan.once).toEqual(['grow']);
});

test('a name that there is not is answered with those that there are', () => {
  expect(() => planOf(['closed-33'])).toThrow(
    'There is no measurement "closed-33"; --only takes some of insert-small, insert-entry, alone,',
  );
});
