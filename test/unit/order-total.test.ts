// What an order costs.

import { expect, test } from 'vitest';
import { totalOf } from '../../services/order/domain/total.ts';
import { eur } from '../support/order-book.ts';

const usd = (amountMinorUnits: bigint) => ({ amountMinorUnits, currency: 'USD' });
const line = (unitPrice: ReturnType<typeof eur> | null, quantity = 1, sku = 'tea') => ({
  sku,
  quantity,
  unitPrice,
});

test('the total is the sum of price times quantity over all lines', () => {
  expect(totalOf([line(eur(450n), 2), line(eur(1_200n), 1, 'cup')], null)).toEqual({ total: eur(2_100n) });
});

test('an order of free items costs nothing, in their currency', () => {
  expect(totalOf([line(eur(0n), 7)], eur(0n))).toEqual({ total: eur(0n) });
});

test('a total at total_max is taken, one minor unit above it is refused', () => {
  expect(totalOf([line(eur(450n), 2)], eur(900n))).toEqual({ total: eur(900n) });
  expect(totalOf([line(eur(450n), 2)], eur(899n))).toEqual({
    refusal: {
      reason: 'TOTAL_ABOVE_MAX',
      message: 'the order costs 900 minor units of EUR, more than 899',
      metadata: { total_minor_units: '900', currency: 'EUR' },
    },
  });
});

test('above 10^15 minor units nothing is sold, whatever the caller allows', () => {
  const most = line(eur(1_000_000_000n), 1_000_000);
  expect(totalOf([most], null)).toEqual({ total: eur(1_000_000_000_000_000n) });
  const message = 'the order costs 1000000000000001 minor units of EUR, more than 1000000000000000';
  expect(totalOf([most, line(eur(1n), 1, 'cup')], null)).toMatchObject({ refusal: { message } });
  const generous = eur(9_000_000_000_000_000_000n);
  expect(totalOf([most, line(eur(1n), 1, 'cup')], generous)).toMatchObject({ refusal: { message } });
});

test('a total beyond int64 is computed exactly, and refused', () => {
  const dear = Array.from({ length: 50 }, (_, index) =>
    line(eur(9_223_372_036_854_775_807n), 1_000_000, `s${index}`),
  );
  expect(totalOf(dear, null)).toMatchObject({
    refusal: { metadata: { total_minor_units: '461168601842738790350000000' } },
  });
});

test('lines in two currencies are refused, and so is a total_max in another one', () => {
  expect(totalOf([line(eur(1n)), line(usd(1n), 1, 'cup')], null)).toMatchObject({
    refusal: {
      reason: 'CURRENCY_MISMATCH',
      message: 'cup is priced in USD, another line in EUR: order them apart',
    },
  });
  expect(totalOf([line(eur(1n))], usd(100n))).toMatchObject({
    refusal: {
      reason: 'CURRENCY_MISMATCH',
      message: 'total_max is in USD, the items are priced in EUR',
    },
  });
});

test('a line without a price is a bug, not a free line', () => {
  expect(() => totalOf([line(null)], null)).toThrow('tea has no price');
});
