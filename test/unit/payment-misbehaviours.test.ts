// Every misbehaviour of the provider × every way to meet it: at the first call, at a retry, killed at each place of a
// payment's life and resumed, cancelled in the middle. Afterwards the provider's books, asked directly, show at most one
// charge, exactly one if it is captured, and nothing kept if it was cancelled or declined.

import { describe, expect, test } from 'vitest';
import {
  insist,
  type ProviderCase,
  providerCases,
  untilAsleep,
  untilDead,
  worldOf,
} from '../support/card-cases.ts';
import { type CardWorld, told } from '../support/card-world.ts';

const paymentId = 'card.1';
const create = (world: CardWorld, { card }: ProviderCase) =>
  insist(world, (process) => world.create(process, paymentId, card));
const refund = (world: CardWorld) =>
  insist(world, (process) => world.refund(process, paymentId, 400n, 'refund-1'));
const cancel = (world: CardWorld) => insist(world, (process) => world.cancel(process, paymentId));

const everything = { misbehavesAt: 'everything' } as const;
const captured = 'status 2';
const cancelled = 'status 6';
const declined = 'PAYMENT_DECLINED';

/** Nothing is open, and both books say the same. */
async function expectRest(world: CardWorld): Promise<void> {
  expect(world.unsprung(), 'places that nobody came by').toEqual([]);
  world.heal();
  expect(world.openEntities()).toEqual([]);
  expect(await world.differences()).toEqual([]);
}

async function expectCharged(world: CardWorld, { ends, card }: ProviderCase, answer: string): Promise<void> {
  const wasTaken = ends === 'captured';
  expect(answer).toBe(wasTaken ? captured : declined);
  expect(world.taken(paymentId)).toEqual(
    wasTaken
      ? { chargeCount: 1, charged: 1_000n, refunded: 0n }
      : { chargeCount: 0, charged: 0n, refunded: 0n },
  );
  if (!wasTaken) expect(world.payment(paymentId)).toMatchObject({ declineCode: ends.declined });
  // Whoever asks once more is told the same, and nothing moves.
  expect(await told(world.create(world.startProcess(), paymentId, card))).toBe(answer);
  expect(world.taken(paymentId).chargeCount).toBe(wasTaken ? 1 : 0);
  await expectRest(world);
}

async function expectNothingKept(world: CardWorld): Promise<void> {
  const { chargeCount, charged, refunded } = world.taken(paymentId);
  expect(chargeCount).toBeLessThanOrEqual(1);
  expect(charged - refunded).toBe(0n);
  await expectRest(world);
}

/** Where a process may die while it charges. The last two have the name of what is recorded then. */
const chargePlaces = ({ ends }: ProviderCase) => {
  const op = ends === 'captured' ? 'card_captured' : 'card_declined';
  return [
    'journal.before_insert/requested',
    'journal.after_insert/requested',
    'card.before_provider/capture',
    'card.after_provider/capture',
    `journal.before_insert/${op}`,
    `journal.after_insert/${op}`,
  ];
};
const refundPlaces = ({ refundEnds }: ProviderCase) => {
  const op = refundEnds === 'refunded' ? 'card_refunded' : 'refund_refused';
  return [
    'journal.before_insert/refund_asked',
    'journal.after_insert/refund_asked',
    'card.before_provider/refund',
    'card.after_provider/refund',
    `journal.before_insert/${op}`,
    `journal.after_insert/${op}`,
  ];
};
const at = (places: (each: ProviderCase) => string[], cases = providerCases) =>
  cases.flatMap((each) => places(each).map((place) => ({ ...each, place, each })));
const named = (cases: readonly ProviderCase[]) => cases.map((each) => ({ ...each, each }));

describe('a charge whose provider', () => {
  test.each(named(providerCases))('$name, at the first call', async ({ each }) => {
    const world = worldOf(each);
    await expectCharged(world, each, await create(world, each));
  });

  test.each(named(providerCases))('$name, at a retry', async ({ each }) => {
    const world = worldOf(each, { before: ['drop_before', 'rate_limited'] });
    await expectCharged(world, each, await create(world, each));
  });

  test.each(at(chargePlaces))('$name, killed at $place, and resumed', async ({ each, place }) => {
    const world = worldOf(each, { traps: { [place]: 'die' } });
    await expectCharged(world, each, await create(world, each));
  });

  test.each(named(providerCases))('$name, also when its books are read', async ({ each }) => {
    const world = worldOf({ ...each, faults: [...each.faults, ...each.faults, ...each.faults] }, everything);
    await expectCharged(world, each, await create(world, each));
  });

  // It takes the money at the first ask; that answer dies with the process, and the next ask meets the misbehaviour.
  test.each(named(providerCases))('$name, when it is asked again after a kill', async ({ each }) => {
    const world = worldOf(each, { before: [undefined], traps: { 'card.after_provider/capture': 'die' } });
    const wasTaken = each.card === 'pm_card_visa';
    await expectCharged(
      world,
      { ...each, ends: wasTaken ? 'captured' : each.ends },
      await create(world, each),
    );
  });
});

/** The bank has said no by then, so there is nothing to cancel. */
const isDeclinedAt = ({ name }: ProviderCase, place: string): boolean =>
  place === 'journal.after_insert/card_declined' ||
  (name === 'declines' &&
    ['card.after_provider/capture', 'journal.before_insert/card_declined'].includes(place));

describe('a cancel in the middle of a charge whose provider', () => {
  test.each(named(providerCases))('$name, when its caller has given up', async ({ each }) => {
    const world = worldOf(each);
    await told(world.create(world.startProcess(), paymentId, each.card));
    expect(await cancel(world)).toBe(each.name === 'declines' ? 'status 3' : cancelled);
    await expectNothingKept(world);
  });

  test.each(at(chargePlaces))('$name, killed at $place', async ({ each, place }) => {
    const world = worldOf(each, { traps: { [place]: 'die' } });
    await untilDead(world, (process) => world.create(process, paymentId, each.card));
    expect(await cancel(world)).toBe(isDeclinedAt(each, place) ? 'status 3' : cancelled);
    await expectNothingKept(world);
  });

  test.each(at(chargePlaces))(
    '$name, from another process while one sleeps at $place and wakes up afterwards',
    async ({ each, place }) => {
      const world = worldOf(each, { traps: { [place]: 'sleep' } });
      const sleeper = create(world, each);
      await untilAsleep(world);
      expect(await cancel(world)).toBe(isDeclinedAt(each, place) ? 'status 3' : cancelled);
      world.wake(0);
      await sleeper;
      await expectNothingKept(world);
    },
  );

  test.each(named(providerCases))('$name, also when its books are read', async ({ each }) => {
    const world = worldOf({ ...each, faults: [...each.faults, ...each.faults, ...each.faults] }, everything);
    await told(world.create(world.startProcess(), paymentId, each.card));
    expect(await cancel(world)).toBe(each.name === 'declines' ? 'status 3' : cancelled);
    await expectNothingKept(world);
  });
});

/** A declined card is charged nothing that could be given back. */
const chargeable = providerCases.filter(({ name }) => name !== 'declines');

async function expectRefunded(world: CardWorld, { refundEnds }: ProviderCase, answer: string): Promise<void> {
  const wasMade = refundEnds === 'refunded';
  expect(answer).toBe(wasMade ? captured : 'REFUND_REFUSED');
  expect(world.taken(paymentId)).toEqual({
    chargeCount: 1,
    charged: 1_000n,
    refunded: wasMade ? 400n : 0n,
  });
  expect(await refund(world)).toBe(answer);
  await expectRest(world);
}

describe('a refund whose provider', () => {
  async function paidFirst(each: ProviderCase, more: Parameters<typeof worldOf>[1] = {}): Promise<CardWorld> {
    const world = worldOf(each, { ...more, before: [undefined, ...(more.before ?? [])] });
    expect(await create(world, each)).toBe(captured);
    return world;
  }

  test.each(named(chargeable))('$name, at the first call', async ({ each }) => {
    const world = await paidFirst(each);
    await expectRefunded(world, each, await refund(world));
  });

  test.each(named(chargeable))('$name, at a retry', async ({ each }) => {
    const world = await paidFirst(each, { before: ['drop_before'] });
    await expectRefunded(world, each, await refund(world));
  });

  test.each(at(refundPlaces, chargeable))('$name, killed at $place, and resumed', async ({ each, place }) => {
    const world = await paidFirst(each, { traps: { [place]: 'die' } });
    await expectRefunded(world, each, await refund(world));
  });

  test.each(named(chargeable))('$name, also when its books are read', async ({ each }) => {
    const faults = [undefined, ...each.faults, ...each.faults, ...each.faults];
    const world = worldOf({ ...each, faults: [] }, { ...everything, before: faults });
    expect(await create(world, each)).toBe(captured);
    await expectRefunded(world, each, await refund(world));
  });

  test.each(named(chargeable))('$name, when it is asked again after a kill', async ({ each }) => {
    const traps = { 'card.after_provider/refund': 'die' } as const;
    const world = await paidFirst(each, { before: [undefined], traps });
    await expectRefunded(world, { ...each, refundEnds: 'refunded' }, await refund(world));
  });

  test.each(named(chargeable))('$name, at the refund of a cancel', async ({ each }) => {
    const world = await paidFirst(each);
    expect(await cancel(world)).toBe(cancelled);
    expect(world.taken(paymentId)).toEqual({ chargeCount: 1, charged: 1_000n, refunded: 1_000n });
    await expectRest(world);
  });

  test.each(at(refundPlaces, chargeable))(
    '$name, at the refund of a cancel, killed at $place, and resumed',
    async ({ each, place }) => {
      const world = await paidFirst(each, { traps: { [place]: 'die' } });
      expect(await cancel(world)).toBe(cancelled);
      expect(world.taken(paymentId)).toEqual({ chargeCount: 1, charged: 1_000n, refunded: 1_000n });
      await expectRest(world);
    },
  );

  test.each(named(chargeable))('$name, and a cancel that comes while nobody knows', async ({ each }) => {
    const world = await paidFirst(each);
    await told(world.refund(world.startProcess(), paymentId, 400n, 'refund-1'));
    expect(await cancel(world)).toBe(cancelled);
    expect(world.taken(paymentId)).toEqual({ chargeCount: 1, charged: 1_000n, refunded: 1_000n });
    await expectRest(world);
  });
});
