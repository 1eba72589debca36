import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Misbehaviour, misbehaviours } from '../../provider-simulator/misbehaviour.ts';
import { type WebhookHabit, webhookHabits } from '../../provider-simulator/webhooks.ts';
import { isTombstone } from '../../services/payment/domain/payment-state.ts';
import { type CardWorld, createCardWorld, type Fate, told } from '../support/card-world.ts';
import { settled } from '../support/held-clock.ts';

const hourMs = 3_600_000;

type Step =
  | { readonly step: 'create' | 'cancel'; readonly id: string; readonly process: number }
  | { readonly step: 'refund'; readonly id: string; readonly amount: bigint; readonly process: number }
  | { readonly step: 'pass'; readonly durationMs: number };

interface Plan {
  readonly steps: readonly Step[];
  readonly faults: readonly (Misbehaviour | undefined)[];
  readonly fates: readonly Fate[];
  readonly webhooks: WebhookHabit | 'cycle';
  /** By payment: a repeat of a request is the same request, with the same card. */
  readonly cards: Readonly<Record<string, string>>;
}

// Few payments and few amounts, so that steps meet.
const id = fc.constantFrom('card.1', 'card.1', 'card.2');
const process = fc.nat(1);
const card = fc.constantFrom('pm_card_visa', 'pm_card_visa', 'pm_card_visa', 'pm_card_chargeDeclined');
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ step: fc.constant<'create'>('create'), id, process }) },
  { weight: 2, arbitrary: fc.record({ step: fc.constant<'cancel'>('cancel'), id, process }) },
  {
    weight: 2,
    arbitrary: fc.record({
      step: fc.constant<'refund'>('refund'),
      id,
      amount: fc.constantFrom(300n, 700n, 1_000n),
      process,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      step: fc.constant<'pass'>('pass'),
      durationMs: fc.constantFrom(1_000, 90_000, hourMs, 6 * hourMs, 21 * hourMs),
    }),
  },
);
const fault: fc.Arbitrary<Misbehaviour | undefined> = fc.oneof(
  { weight: 2, arbitrary: fc.constant(undefined) },
  { weight: 3, arbitrary: fc.constantFrom(...misbehaviours) },
);
const fate: fc.Arbitrary<Fate> = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Fate>('go') },
  { weight: 2, arbitrary: fc.constant<Fate>('die') },
  { weight: 1, arbitrary: fc.constant<Fate>('sleep') },
);
const plan: fc.Arbitrary<Plan> = fc.record({
  steps: fc.array(step, { minLength: 3, maxLength: 15 }),
  faults: fc.array(fault, { maxLength: 40 }),
  fates: fc.array(fate, { maxLength: 80 }),
  webhooks: fc.constantFrom(...webhookHabits, 'cycle' as const),
  cards: fc.record({ 'card.1': card, 'card.2': card }),
});

/**
 * The longest that a process may sleep between deciding to ask and asking: what the provider promises to remember a key
 * for, less what we trust. Beyond it no caller of such a provider is safe.
 */
const sleepMsMax = 3 * hourMs;
/** Until everything that can go on has gone on, when somebody sleeps and a call never ends. */
const ticksMax = 60;
/** Hours: some more than the provider remembers a key. */
const turnsToRestMax = 60;

async function ticks(isEnough = () => false): Promise<void> {
  for (let tick = 0; tick < ticksMax && !isEnough(); tick += 1) await settled();
}

/** Time passes, and whoever has slept long enough by then wakes up. */
async function pass(world: CardWorld, durationMs: number): Promise<void> {
  for (let leftMs = durationMs; leftMs > 0; leftMs -= hourMs) {
    await world.clock.sleep(Math.min(leftMs, hourMs));
    if (world.wake(sleepMsMax)) await ticks();
  }
}

async function run({ steps, faults, fates, webhooks, cards }: Plan): Promise<CardWorld> {
  const world = createCardWorld({ misbehaviours: faults, fates, webhooks });
  const processes = [world.startProcess(), world.startProcess()];
  for (const taken of steps) {
    if (taken.step === 'pass') {
      await pass(world, taken.durationMs);
      continue;
    }
    const doer = processes[taken.process] ?? world.startProcess();
    let ended = false;
    const end = told(call(world, doer, taken, cards)).then((answer) => {
      ended = true;
      // The next call meets a new process, which remembers nothing.
      if (answer === 'died') processes[taken.process] = world.startProcess();
    });
    await ticks(() => ended);
    if (ended) await end;
  }
  await rest(world);
  return world;
}

function call(
  world: CardWorld,
  doer: ReturnType<CardWorld['startProcess']>,
  taken: Exclude<Step, { step: 'pass' }>,
  cards: Plan['cards'],
) {
  switch (taken.step) {
    case 'create':
      return world.create(doer, taken.id, cards[taken.id]);
    case 'cancel':
      return world.cancel(doer, taken.id);
    case 'refund':
      return world.refund(doer, taken.id, taken.amount, `refund-${taken.id}-${taken.amount}`);
  }
}

/** Nothing bad happens any more: everything must end, whatever happened before. */
async function rest(world: CardWorld): Promise<void> {
  world.heal();
  world.wake(0);
  // Who slept goes on with what it was about to do, before it is asked whether anything is open.
  await ticks();
  const doer = world.startProcess();
  for (let turn = 0; turn < turnsToRestMax && world.openEntities().length > 0; turn += 1) {
    await world.clock.sleep(hourMs);
    for (const entity of world.openEntities()) await doer.chase.settle(entity, world.clock.nowMs() + 1_000);
  }
}

async function expectTrue(world: CardWorld): Promise<void> {
  expect(world.openEntities(), 'open at the end').toEqual([]);
  expect(await world.differences(), 'what the books say differently').toEqual([]);
  for (const paymentId of ['card.1', 'card.2']) {
    const { chargeCount, charged, refunded } = world.taken(paymentId);
    const payment = world.payment(paymentId);
    expect(chargeCount, `charges of ${paymentId}`).toBeLessThanOrEqual(1);
    if (!payment || isTombstone(payment)) {
      expect(charged, `${paymentId} was never asked for`).toBe(0n);
      continue;
    }
    const { status } = payment;
    const wasTaken = world.typesOf(paymentId).includes('card_captured');
    expect(charged, `${paymentId} is ${status}`).toBe(wasTaken ? 1_000n : 0n);
    expect(refunded, `refunds of ${paymentId}`).toBe(payment.refunded);
    if (status === 'declined') expect(wasTaken).toBe(false);
    if (status === 'cancelled' || status === 'refunded') expect(charged - refunded).toBe(0n);
  }
}

/** `RUNS=10000 SEED=7` explores further. */
const { RUNS, SEED } = globalThis.process.env;

test('whatever the provider does and whenever processes die or sleep, a payment is taken at most once, ends as the provider says, and both books say the same', async () => {
  await fc.assert(
    fc.asyncProperty(plan, async (drawn) => await expectTrue(await run(drawn))),
    { numRuns: Number(RUNS ?? 300), ...(SEED ? { seed: Number(SEED) } : {}) },
  );
}, 300_000);
