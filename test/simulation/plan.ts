// The plan of a run: what callers ask for, and what goes wrong when. fast-check draws it from the seed and, when a run
// fails, makes it smaller as long as it still fails.

import fc from 'fast-check';
import type { Weather } from './weather.ts';

/** What is asked of one order, payment or reservation. Commands name it by its place in the plan. */
export interface Wish {
  readonly caller: 'alice' | 'bob';
  readonly account: number;
  readonly lines: readonly { readonly sku: number; readonly quantity: number }[];
  /** For a payment. Minor units. */
  readonly amount: number;
  /** For an order; 0: no limit. */
  readonly totalMax: number;
  /** For a reservation; 0: it never expires. */
  readonly ttlMs: number;
}

export const commandKinds = [
  'place',
  'cancel',
  'abort',
  'retry',
  'pay',
  'refund',
  'cancelPayment',
  'deposit',
  'withdraw',
  'reserve',
  'commit',
  'release',
  'adjust',
  'reprice',
  'delete',
] as const;

export interface Command {
  readonly kind: (typeof commandKinds)[number];
  /** Which wish, account or item it is about, modulo their number. */
  readonly target: number;
  /** Tells two requests of one kind about one target apart. */
  readonly variant: 0 | 1;
  /** Sends another message under the request id. */
  readonly isAltered: boolean;
  /** Sends it as the other caller. */
  readonly isStranger: boolean;
  readonly atMs: number;
  /** Callers that ask for the same at the same time, with the same id. */
  readonly copies: number;
  readonly budgetMs: number;
  /** Tries before a copy gives up; it is asked again at the end. */
  readonly tries: number;
}

export type Incident =
  | {
      readonly kind: 'crash' | 'pause';
      readonly machine: number;
      readonly atMs: number;
      readonly durationMs: number;
    }
  | { readonly kind: 'jump'; readonly machine: number; readonly atMs: number; readonly byMs: number }
  | {
      readonly kind: 'database away';
      readonly service: number;
      readonly atMs: number;
      readonly durationMs: number;
    }
  | {
      readonly kind: 'cut';
      /** An order process that does not reach … */
      readonly machine: number;
      /** … inventory (0) or payment (1). */
      readonly service: number;
      readonly atMs: number;
      readonly durationMs: number;
    };

export interface Plan {
  readonly luck: number;
  readonly weather: Weather;
  readonly streamCount: number;
  readonly orderDeadlineMs: number;
  readonly attentionAfterMs: number;
  readonly cacheSize: number;
  readonly items: readonly { readonly onHand: number; readonly price: number }[];
  readonly accounts: readonly { readonly opening: number }[];
  readonly wishes: readonly Wish[];
  readonly commands: readonly Command[];
  readonly incidents: readonly Incident[];
}

/** A clock that was set wrong by hand. Longer than any patience in the services. */
export const jumpMsMax = 1_200_000;

/** Commands and incidents begin within this; then the weather is calm. */
export const stormMs = 20_000;

const upTo = (max: number) => fc.integer({ min: 0, max });
const between = (min: number, max: number) => fc.integer({ min, max });
/** Zero in every other run, so that one kind of fault is also seen alone, and none. */
const likelihood = (percentMax: number) =>
  fc.oneof(
    fc.constant(0),
    upTo(percentMax).map((percent) => percent / 100),
  );

const wish: fc.Arbitrary<Wish> = fc.record({
  caller: fc.constantFrom('alice', 'bob'),
  account: upTo(2),
  lines: fc.uniqueArray(fc.record({ sku: upTo(2), quantity: between(1, 4) }), {
    minLength: 1,
    maxLength: 3,
    selector: ({ sku }) => sku,
    size: 'max',
  }),
  amount: between(1, 400),
  totalMax: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: between(1, 500) }),
  ttlMs: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: between(1_000, 15_000) }),
});

const kind: fc.Arbitrary<Command['kind']> = fc.oneof(
  { weight: 12, arbitrary: fc.constant('place' as const) },
  { weight: 4, arbitrary: fc.constantFrom('cancel', 'abort') },
  { weight: 8, arbitrary: fc.constantFrom(...commandKinds) },
  { weight: 4, arbitrary: fc.constantFrom('pay', 'refund', 'cancelPayment', 'reserve', 'commit', 'release') },
);

const rarely = (ofTen: number) => upTo(9).map((drawn) => drawn >= 10 - ofTen);

const command: fc.Arbitrary<Command> = fc.record({
  kind,
  // Half of them about the same two, so that they meet.
  target: fc.oneof(upTo(1), upTo(7)),
  variant: fc.constantFrom(0, 1),
  isAltered: rarely(1),
  isStranger: rarely(1),
  atMs: fc.oneof(upTo(2_000), upTo(stormMs)),
  copies: between(1, 3),
  budgetMs: fc.oneof(between(50, 1_000), between(1_000, 10_000)),
  tries: between(1, 6),
});

/** Past every deadline of an order, and now and then past every patience of its saga. */
const pauseMs = fc.oneof({ weight: 5, arbitrary: upTo(60_000) }, { weight: 1, arbitrary: upTo(900_000) });

const moment = { atMs: upTo(stormMs) };
const incident: fc.Arbitrary<Incident> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('crash'),
      machine: upTo(5),
      ...moment,
      durationMs: upTo(10_000),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('pause'),
      machine: upTo(5),
      ...moment,
      durationMs: pauseMs,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('jump'),
      machine: upTo(5),
      ...moment,
      byMs: fc.oneof(between(-60_000, 60_000), between(0, jumpMsMax)),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('database away'),
      service: upTo(2),
      ...moment,
      durationMs: upTo(30_000),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('cut'),
      machine: upTo(1),
      service: upTo(1),
      ...moment,
      durationMs: upTo(40_000),
    }),
  },
);

export const plans: fc.Arbitrary<Plan> = fc.record({
  luck: fc.noShrink(fc.integer()),
  weather: fc.record({
    lost: likelihood(25),
    late: likelihood(10),
    doubled: likelihood(25),
    insertFault: likelihood(25),
    readFault: likelihood(15),
    stall: likelihood(8),
  }),
  streamCount: fc.constantFrom(1, 1, 2, 3),
  orderDeadlineMs: between(1_000, 30_000),
  attentionAfterMs: fc.constantFrom(1_000, 10_000, 600_000),
  cacheSize: fc.constantFrom(1, 4, 100),
  items: fc.array(fc.record({ onHand: fc.oneof(upTo(5), upTo(20)), price: between(0, 100) }), {
    minLength: 1,
    maxLength: 3,
    size: 'max',
  }),
  accounts: fc.array(fc.record({ opening: upTo(3_000) }), { minLength: 1, maxLength: 3, size: 'max' }),
  wishes: fc.array(wish, { minLength: 1, maxLength: 8, size: 'max' }),
  commands: fc.array(command, { minLength: 1, maxLength: 24, size: 'max' }),
  incidents: fc.array(incident, { maxLength: 6, size: 'max' }),
});
