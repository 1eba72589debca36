import { expect, test } from 'vitest';
import { createTemper, misbehaviours } from '../../provider-simulator/misbehaviour.ts';

/** Ten minutes of a request each millisecond. */
function met(rate: number, downMs: number, seed = 3, livedCount = 0): (string | undefined)[] {
  let nowMs = 0;
  const temper = createTemper({ rate, seed, livedCount, downMs, nowMs: () => nowMs });
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

/** The millisecond at which each outage begins, but for one that was under way at the beginning. */
const beginsOf = (kinds: (string | undefined)[]) =>
  kinds.flatMap((kind, index) => (kind === 'down' && index > 0 && kinds[index - 1] !== 'down' ? index : []));

test('an outage is met by every request for as long as it lasts, and comes at times that the seed chooses', () => {
  const kinds = met(0.2, 1_500);
  const begins = beginsOf(kinds);
  // 1.5 s in 67.5 s is the ninth part of a fifth.
  expect(begins.slice(1).map((at, index) => at - (begins[index] ?? 0))).toEqual(
    Array(begins.length - 1).fill(67_500),
  );
  const [begin = 0] = begins;
  expect(new Set(kinds.slice(begin, begin + 1_500))).toEqual(new Set(['down']));
  expect(kinds[begin + 1_500]).not.toBe('down');
  expect(beginsOf(met(0.2, 1_500, 4))[0]).not.toBe(begin);
});

test('a provider that was killed has its outages at the same times, and other luck between them', () => {
  const first = met(0.2, 1_500);
  const second = met(0.2, 1_500, 3, 500);
  expect(beginsOf(second)).toEqual(beginsOf(first));
  expect(second.filter((kind) => kind !== 'down')).not.toEqual(first.filter((kind) => kind !== 'down'));
});

test('without a rate nothing misbehaves, and an order comes before the rate', () => {
  expect(new Set(met(0, 1_500))).toEqual(new Set([undefined]));
  const temper = createTemper({ rate: 0, seed: 1, livedCount: 0, downMs: 0, nowMs: () => 0 });
  temper.misbehave('late', 2, 'refunds');
  expect(temper.next('/v1/payment_intents')).toBeUndefined();
  expect([1, 2, 3].map(() => temper.next('/v1/refunds'))).toEqual(['late', 'late', undefined]);
  temper.setRate(1, 5);
  expect(temper.next('/v1/refunds')).toBeDefined();
});
