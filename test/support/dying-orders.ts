// Orders during which a service dies: what is asked, where, and what must be true when it is back. Each scenario ends with
// the books of its own items and account, and with a clean audit of everything.

import { expect, vi } from 'vitest';
import { deriveId } from '../../shared/idempotency/index.ts';
import { type Call, type Definite, done, insist, tally, textOf } from './answers.ts';
import type { DeathPoint, Process } from './death-points.ts';
import type { Shop } from './shop.ts';
import type { TestSuite } from './suite.ts';

/** What is under way when the process dies. */
export type Scenario =
  | 'an order is confirmed'
  | 'an order is refused for its stock'
  | 'an order is refused for its payment'
  | 'a confirmed order is cancelled'
  | 'an order is cancelled before its payment came'
  | 'an order is cancelled before its stock was held'
  | 'an order is cancelled after its payment was declined in silence';

export interface Case extends DeathPoint {
  readonly scenario: Scenario;
}

/** From the request to the point; also for the points that are reached behind the answer. */
const deathMsMax = 10_000;
/** What an order needs to get half-way, on a busy machine. */
const progressMsMax = 10_000;

const untouched = { a: '10 on hand, 0 held, 0 sold', b: '10 on hand, 0 held, 0 sold' };

/** Where the units of the two items are, and what is in the account. */
export interface DyingBooks {
  readonly a: string;
  readonly b: string;
  readonly balance: bigint;
}

export interface DyingOrders {
  /** Plays the scenario through; `name` is used for its items, account and request ids. Rejects when anything is not so. */
  play(each: Case, name: string): Promise<void>;
  /** 10 of each of `<name>-a` at 450 and `<name>-b` at 1200, an account `name`, and an order of 2 and 1 of them, sold. */
  sold(name: string, balance: bigint): Promise<void>;
  /** Dies at the point while `call` is under way, comes back, and says the same to all who ask. */
  dieDuring<T>(each: DeathPoint, requestId: string, call: Call<T>): Promise<Definite<T>>;
  /** When everything is at rest, and every audit is clean. */
  expectBooks(name: string, books: DyingBooks): Promise<void>;
  /** Starts again what is down, or would still die: a case that failed half-way must not take the others along. */
  revive(): Promise<void>;
}

export function createDyingOrders(suite: TestSuite, shop: Shop): DyingOrders {
  /** Live a life that ends at a point. */
  const armed = new Set<Process>();

  /** Stops in peace, so that nothing of an earlier case reaches the point, and starts the life that ends at it. */
  async function arm(process: Process, point: string): Promise<void> {
    await suite.kill(process, 'SIGTERM');
    armed.add(process);
    await suite.restart(process, { FAILPOINTS: `${point}=exit` }).catch((error: Error) => {
      // With a call waiting for it, it may reach the point before it is seen to serve.
      if (!/was killed by SIGKILL|ended before it served/.test(error.message)) throw error;
    });
  }

  async function untilDead(process: Process): Promise<void> {
    await vi.waitFor(() => expect(suite.pid(process), `${process} lives`).toBeUndefined(), {
      timeout: deathMsMax,
      interval: 5,
    });
    armed.delete(process);
  }

  /** Dies at the point while `call` is under way, comes back, and says the same to all who ask. */
  async function dieDuring<T>(
    { process, point }: DeathPoint,
    requestId: string,
    call: Call<T>,
  ): Promise<Definite<T>> {
    await arm(process, point);
    const first = insist(call, requestId);
    await untilDead(process);
    return comeBack(process, requestId, call, first);
  }

  async function comeBack<T>(
    process: Process,
    requestId: string,
    call: Call<T>,
    first: Promise<Definite<T>>,
  ): Promise<Definite<T>> {
    await suite.restart(process);
    const [answer, ...others] = await Promise.all([first, insist(call, requestId), insist(call, requestId)]);
    expect(Object.values(tally([answer, ...others].map(textOf)))).toEqual([3]);
    return answer;
  }

  function placing(name: string, accountId: string): Call<unknown> {
    const request = {
      paymentSource: { case: 'accountId' as const, value: accountId },
      lines: [
        { sku: `${name}-a`, quantity: 2 },
        { sku: `${name}-b`, quantity: 1 },
      ],
    };
    return (options) => shop.order().placeOrder(request, options);
  }

  function cancelling(placeId: string): Call<unknown> {
    const orderId = deriveId('order', 'anonymous', 'PlaceOrder', placeId);
    return (options) => shop.order().cancelOrder({ orderId }, options);
  }

  /** 10 of each of two items, of which an order takes 2 at 450 and 1 at 1200. */
  async function openWith(name: string, balance: bigint, onHandOfB = 10n): Promise<void> {
    await shop.stock(`${name}-a`, 10n, 450n);
    await shop.stock(`${name}-b`, onHandOfB, 1200n);
    await shop.openAccount(name, balance);
  }

  async function expectBooks(name: string, books: DyingBooks): Promise<void> {
    await shop.settle();
    const shelf = async (sku: string) => {
      const { onHand, held, sold } = await shop.shelf(sku);
      return `${onHand} on hand, ${held} held, ${sold} sold`;
    };
    const found = {
      a: await shelf(`${name}-a`),
      b: await shelf(`${name}-b`),
      balance: await shop.balance(name),
    };
    expect(found).toEqual(books);
    await shop.expectCleanAudit();
  }

  const scenarios: Record<Scenario, (each: Case, name: string) => Promise<void>> = {
    async 'an order is confirmed'(each, name) {
      await openWith(name, 10_000n);
      const answer = await dieDuring(each, `place:${name}`, placing(name, name));
      expect(answer).toMatchObject({
        kind: 'done',
        response: { order: { total: { amountMinorUnits: 2_100n } } },
      });
      await expectBooks(name, {
        a: '8 on hand, 0 held, 2 sold',
        b: '9 on hand, 0 held, 1 sold',
        balance: 7_900n,
      });
    },

    async 'an order is refused for its stock'(each, name) {
      await openWith(name, 10_000n, 0n);
      const answer = await dieDuring(each, `place:${name}`, placing(name, name));
      expect(answer).toMatchObject({ kind: 'refused', refusal: { reason: 'INSUFFICIENT_STOCK' } });
      await expectBooks(name, { ...untouched, b: '0 on hand, 0 held, 0 sold', balance: 10_000n });
    },

    async 'an order is refused for its payment'(each, name) {
      await openWith(name, 2_099n);
      const answer = await dieDuring(each, `place:${name}`, placing(name, name));
      expect(answer).toMatchObject({ kind: 'refused', refusal: { reason: 'INSUFFICIENT_FUNDS' } });
      await expectBooks(name, { ...untouched, balance: 2_099n });
    },

    async 'a confirmed order is cancelled'(each, name) {
      await openWith(name, 10_000n);
      const placed = await insist(placing(name, name), `place:${name}`);
      await shop.settle();
      const answer = await dieDuring(each, `cancel:${name}`, cancelling(`place:${name}`));
      expect(answer).toMatchObject({
        kind: 'done',
        response: { order: { cancelReason: 'REQUEST_CANCELLED' } },
      });
      // What was answered once is answered for ever.
      expect(textOf(await insist(placing(name, name), `place:${name}`))).toBe(textOf(placed));
      await expectBooks(name, { ...untouched, balance: 10_000n });
    },

    async 'an order is cancelled before its payment came'(each, name) {
      await cancelWhileDown(each, name, 'payment', async () => {
        await vi.waitFor(
          async () => expect(await shop.shelf(`${name}-b`)).toMatchObject({ held: 1n }),
          progressMsMax,
        );
      });
      const late = await insist(
        (options) =>
          shop.payment().createPayment(
            {
              paymentId: `${name}.${deriveId('order', 'anonymous', 'PlaceOrder', `place:${name}`)}`,
              source: { case: 'accountId', value: name },
              amount: { amountMinorUnits: 2_100n, currency: 'EUR' },
            },
            options,
          ),
        `late:${name}`,
      );
      expect(late).toMatchObject({ kind: 'refused', refusal: { reason: 'REQUEST_CANCELLED' } });
      await expectBooks(name, { ...untouched, balance: 10_000n });
    },

    async 'an order is cancelled before its stock was held'(each, name) {
      await cancelWhileDown(each, name, 'inventory', async () => {
        await vi.waitFor(
          async () => expect(await attemptsOf(name, 'reserve_stock')).toBeGreaterThan(0),
          progressMsMax,
        );
      });
      const late = await insist(
        (options) =>
          shop.inventory().reserveStock(
            {
              reservationId: deriveId('order', 'anonymous', 'PlaceOrder', `place:${name}`),
              lines: [{ sku: `${name}-a`, quantity: 2 }],
            },
            options,
          ),
        `late:${name}`,
      );
      expect(late).toMatchObject({ kind: 'refused', refusal: { reason: 'REQUEST_CANCELLED' } });
      await expectBooks(name, { ...untouched, balance: 10_000n });
    },

    async 'an order is cancelled after its payment was declined in silence'(each, name) {
      await openWith(name, 2_099n);
      await arm('payment', 'journal.after_insert/declined');
      const place = insist(placing(name, name), `place:${name}`);
      await untilDead('payment');
      const cancel = insist(cancelling(`place:${name}`), `cancel:${name}`);
      await untilTurned(name);
      await arm('payment', each.point);
      await untilDead('payment');
      const answer = await comeBack('payment', `cancel:${name}`, cancelling(`place:${name}`), cancel);
      expect(answer).toMatchObject({
        kind: 'done',
        response: { order: { cancelReason: 'REQUEST_CANCELLED' } },
      });
      expect(await place).toMatchObject({ kind: 'refused', refusal: { reason: 'REQUEST_CANCELLED' } });
      await expectBooks(name, { ...untouched, balance: 2_099n });
    },
  };

  /** The order is under way and `down` does not answer; it is cancelled, and the undo comes where nothing was done. */
  async function cancelWhileDown(
    { point }: Case,
    name: string,
    down: 'inventory' | 'payment',
    underWay: () => Promise<void>,
  ): Promise<void> {
    await openWith(name, 10_000n);
    await suite.kill(down);
    const place = insist(placing(name, name), `place:${name}`);
    await underWay();
    const cancel = insist(cancelling(`place:${name}`), `cancel:${name}`);
    await untilTurned(name);
    await arm(down, point);
    await untilDead(down);
    const answer = await comeBack(down, `cancel:${name}`, cancelling(`place:${name}`), cancel);
    expect(answer).toMatchObject({
      kind: 'done',
      response: { order: { cancelReason: 'REQUEST_CANCELLED' } },
    });
    expect(await place).toMatchObject({ kind: 'refused', refusal: { reason: 'REQUEST_CANCELLED' } });
  }

  async function sagaOf(name: string) {
    const orderId = deriveId('order', 'anonymous', 'PlaceOrder', `place:${name}`);
    return done((options) => shop.order().getSaga({ orderId }, options));
  }

  async function untilTurned(name: string): Promise<void> {
    await vi.waitFor(async () => {
      const { decisions } = await sagaOf(name);
      expect(decisions.map(({ event }) => event)).toContain('compensating');
    }, progressMsMax);
  }

  async function attemptsOf(name: string, step: string): Promise<number> {
    const { steps: taken } = await sagaOf(name);
    return taken.find((each) => each.name === step)?.attemptCount ?? 0;
  }

  return {
    play: (each, name) => scenarios[each.scenario](each, name),
    async sold(name, balance) {
      await openWith(name, balance);
      await insist(placing(name, name), `place:${name}`);
      await shop.settle();
    },
    dieDuring,
    expectBooks,
    async revive() {
      for (const process of ['order', 'inventory', 'payment'] as const) {
        if (suite.pid(process) === undefined || armed.delete(process)) await suite.restart(process);
      }
    },
  };
}
