import { beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { AccountEntryKind } from '../../shared/gen/twicesafe/payment/v1/payment_pb.ts';
import { deriveId } from '../../shared/idempotency/index.ts';
import { createSystemClock } from '../../shared/runtime/index.ts';
import { askOnce, type Call, type Definite, endOf, insist, tally, textOf } from '../support/answers.ts';
import { currency, openShop, type Shop } from '../support/shop.ts';
import { startSuite, type TestSuite } from '../support/suite.ts';

// A paused process is worse than a dead one: it comes back and goes on with what it knew. SIGSTOP holds a process in the
// middle of its work, another one decides meanwhile, and SIGCONT lets the first one act on an old world.

/** Shorter than the sweeper's grace: whoever finds the order abandoned finds it too late as well. */
const orderDeadlineMs = 2_500;
/** Past the deadline, the sweeper's grace and its next look. */
const turnedMsMax = 15_000;

const clock = createSystemClock();

let suite: TestSuite;
let shop: Shop;

beforeAll(async () => {
  suite = await startSuite({
    instances: { order: 2 },
    environment: {
      order: { ORDER_DEADLINE_MS: String(orderDeadlineMs) },
      'order-2': { ORDER_DEADLINE_MS: String(orderDeadlineMs) },
    },
  });
  shop = openShop(suite);
});

function pause(name: string): void {
  process.kill(suite.pid(name) ?? 0, 'SIGSTOP');
  // A failed test must not leave a stopped process: it could not be ended by asking.
  onTestFinished(() => resume(name));
}

function resume(name: string): void {
  const pid = suite.pid(name);
  if (pid !== undefined) process.kill(pid, 'SIGCONT');
}

interface Held {
  readonly orderId: string;
  readonly first: Promise<Definite<unknown>>;
  duplicate(): Promise<Definite<unknown>>;
  cancel(): Promise<Definite<unknown>>;
}

/** An order of 2 × 450 whose stock is held, and whose payment is asked of a payment service that does not answer. */
async function holdBeforePayment(name: string): Promise<Held> {
  await shop.stock(name, 10n, 450n);
  await shop.openAccount(name, 1_000n);
  const requestId = `paused:${name}`;
  const orderId = deriveId('order', 'anonymous', 'PlaceOrder', requestId);
  const request = {
    paymentSource: { case: 'accountId' as const, value: name },
    lines: [{ sku: name, quantity: 2 }],
  };
  const placeAt = (process: string): Call<unknown> => {
    return (options) => shop.order(process).placeOrder(request, options);
  };
  pause('payment');
  const first = insist(placeAt('order'), requestId);
  await vi.waitFor(async () => expect(await shop.shelf(name)).toMatchObject({ held: 2n }), turnedMsMax);
  return {
    orderId,
    first,
    duplicate: () => insist(placeAt('order-2'), requestId),
    cancel: () =>
      insist((options) => shop.order('order-2').cancelOrder({ orderId }, options), `cancel:${name}`),
  };
}

/** Reads the history, which a later undo does not hide. */
async function untilCharged(name: string): Promise<void> {
  await vi.waitFor(async () => {
    const { entries } = await shop.payment().listAccountEntries({ accountId: name });
    expect(entries.map(({ kind }) => kind)).toContain(AccountEntryKind.CHARGE);
  }, 5_000);
}

/** Tries at most to bring an order to the wanted place before its deadline: on a busy machine the deadline may win. */
const triesMax = 6;

/** An order that is charged and whose coordinator is paused before it hears of it; its name is its item's and account's. */
async function pausedAfterCharge(wanted: string): Promise<{ name: string; order: Held }> {
  for (let attempt = 1; attempt <= triesMax; attempt += 1) {
    const name = `${wanted}-${attempt}`;
    const order = await holdBeforePayment(name);
    pause('order');
    resume('payment');
    const isCharged = await untilCharged(name).then(
      () => true,
      () => false,
    );
    if (isCharged) return { name, order };
    resume('order');
    await order.first;
  }
  throw new Error(`no order was charged before its deadline in ${triesMax} tries`);
}

async function expectNothingTaken(name: string): Promise<void> {
  await vi.waitFor(
    async () => expect((await shop.order('order-2').listSagas({})).totalCount).toBe(0n),
    30_000,
  );
  await shop.settle();
  expect(await shop.balance(name)).toBe(1_000n);
  expect(await shop.shelf(name)).toEqual({ onHand: 10n, held: 0n, sold: 0n });
  await shop.expectCleanAudit();
}

async function expectSoldOnce(name: string): Promise<void> {
  await shop.settle();
  expect(await shop.balance(name)).toBe(100n);
  expect(await shop.shelf(name)).toEqual({ onHand: 8n, held: 0n, sold: 2n });
  await shop.expectCleanAudit();
}

test('a coordinator that was paused after the charge, past the deadline, adopts that the order was turned round meanwhile', async () => {
  const { name, order } = await pausedAfterCharge('turned');
  await vi.waitFor(async () => expect(await shop.balance(name)).toBe(1_000n), turnedMsMax);

  resume('order');
  const answers = await Promise.all([order.first, order.duplicate()]);
  expect(answers[0]).toMatchObject({ kind: 'refused', refusal: { reason: 'ORDER_TOO_LATE' } });
  expect(textOf(answers[1])).toBe(textOf(answers[0]));
  await expectNothingTaken(name);
});

test('a coordinator that was paused after the charge adopts that a duplicate finished the order elsewhere', async () => {
  const { name, order } = await pausedAfterCharge('finished');
  const duplicate = await order.duplicate();
  expect(duplicate).toMatchObject({ kind: 'done', replayed: true });

  resume('order');
  expect(textOf(await order.first)).toBe(textOf(duplicate));
  await expectSoldOnce(name);
});

test('a coordinator that was paused after the charge adopts that the order was cancelled elsewhere', async () => {
  const { name, order } = await pausedAfterCharge('cancelled');
  expect(await order.cancel()).toMatchObject({ kind: 'done' });

  resume('order');
  const answers = await Promise.all([order.first, order.duplicate()]);
  expect(answers[0]).toMatchObject({ kind: 'refused', refusal: { reason: 'REQUEST_CANCELLED' } });
  expect(textOf(answers[1])).toBe(textOf(answers[0]));
  await expectNothingTaken(name);
});

test('an order that is cancelled while its sale is under way gets its units back, whoever comes last', async () => {
  const order = await holdBeforePayment('selling');
  pause('inventory');
  resume('payment');
  // Confirmed and answered; the sale of its stock waits for the paused inventory.
  const placed = await order.first;
  expect(placed).toMatchObject({ kind: 'done' });
  pause('order');
  const cancelling = order.cancel();
  await vi.waitFor(async () => expect(await shop.balance('selling')).toBe(1_000n), 10_000);
  resume('inventory');
  expect(await cancelling).toMatchObject({ kind: 'done' });

  resume('order');
  expect(textOf(await order.duplicate())).toBe(textOf(placed));
  await expectNothingTaken('selling');
});

test('a payment that was paused past the order’s deadline finds its charge forbidden when it goes on', async () => {
  const order = await holdBeforePayment('late');
  const answers = await Promise.all([
    // The order's deadline comes while the payment service is silent: the undo begins, and waits for it.
    vi.waitFor(async () => {
      const { saga } = await shop.order().getSaga({ orderId: order.orderId });
      expect(saga?.reason).toBe('ORDER_TOO_LATE');
      resume('payment');
    }, turnedMsMax),
    order.first,
    order.duplicate(),
  ]);

  expect(answers[1]).toMatchObject({ kind: 'refused', refusal: { reason: 'ORDER_TOO_LATE' } });
  expect(textOf(answers[2])).toBe(textOf(answers[1]));
  await expectNothingTaken('late');
});

// Longer than a client's patience, and longer than the 15 s that a service waits for a command: then what was sent
// before arrives late, beside its own repetition.
test.each([
  { silence: 'a short', silenceMs: 4_000 },
  { silence: 'a long', silenceMs: 17_000 },
])(
  'after $silence silence of the database every call has one effect and one answer',
  async ({ silenceMs }) => {
    const name = `silence-${silenceMs}`;
    await shop.openAccount(name, 100_000n);
    const amount = { amountMinorUnits: 50n, currency };
    const withdraw: Call<unknown> = (options) =>
      shop.payment().withdraw({ accountId: name, amount }, options);
    const ids = Array.from({ length: 50 }, (_, index) => `${name}:${index}`);

    // Some are with the database when it falls silent, some wait behind them.
    const early = ids.map((id) => askOnce(withdraw, id));
    pause('database');
    const waiting = ids.map((id) => insist(withdraw, id));
    await clock.sleep(silenceMs);
    resume('database');

    await Promise.all(early);
    const answers = await Promise.all(waiting);
    const again = await Promise.all(ids.map((id) => insist(withdraw, id)));
    expect(again.map(textOf)).toEqual(answers.map(textOf));
    expect(tally(answers.map(endOf))).toEqual({ done: 50 });
    expect(await shop.balance(name)).toBe(97_500n);
    await shop.expectCleanAudit();
  },
);
