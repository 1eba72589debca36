import { expect, test } from 'vitest';
import { createTemper, misbehaviours } from '../../provider-simulator/misbehaviour.ts';

/** Ten minutes of a request each millisecond. */
function met(rate: number, downMs: number, seed = 3): (string | undefined)[] {
  let nowMs = 0;
  const temper = createTemper({ rate, seed, downMs, nowMs: () => nowMs });
  return Array.from({ length: 600_000 }, () => {
    nowMs += 1;
    return temper.next('/v1/payment_intents');
  });
}

const share = (kinds: (string | undefined)[], of: (kind: string | undefined) => boolean) =>
  kinds.filter(of).length / kinds.length;

test.each([0, 1_500])(
  'as many requests misbehave as were asked for, each kind as often, with outages of %i ms',
  (downMs) => {
    const kinds = met(0.2, downMs);
    expect(share(kinds, (kind) => kind !== undefined)).toBeCloseTo(0.2, 2);
    for (const kind of misbehaviours) expect(share(kinds, (each) => each === kind)).toBeCloseTo(0.0222, 2);
  },
);

test('an outage is met by every request for as long as it lasts, and comes at times that the seed chooses', () => {
  const down = met(0.2, 1_500).flatMap((kind, index) => (kind === 'down' ? index : []));
  const begins = down.filter((at, index) => at - (down[index - 1] ?? -9) > 1);
  // 1.5 s in 67.5 s is the ninth part of a fifth.
  expect(begins).toHaveLength(9);
  expect(down).toHaveLength(9 * 1_500);
  expect(begins.slice(1).map((at, index) => at - (begins[index] ?? 0))).toEqual(Array(8).fill(67_500));
  expect(met(0.2, 1_500, 4).indexOf('down')).not.toBe(begins[0]);
});

test('without a rate nothing misbehaves, and an order comes before the rate', () => {
  expect(new Set(met(0, 1_500))).toEqual(new Set([undefined]));
  const temper = createTemper({ rate: 0, seed: 1, downMs: 0, nowMs: () => 0 });
  temper.misbehave('late', 2, 'refunds');
  expect(temper.next('/v1/payment_intents')).toBeUndefined();
  expect([1, 2, 3].map(() => temper.next('/v1/refunds'))).toEqual(['late', 'late', undefined]);
  temper.setRate(1, 5);
  expect(temper.next('/v1/refunds')).toBeDefined();
});
