// How plans are drawn: fast-check draws one from the seed and, when a run fails, makes it smaller as long as it still fails.

import fc from 'fast-check';
import { type Command, commandKinds, type Incident, jumpMsMax, type Plan, stormMs } from './plan.ts';

const hourMs = 3_600_000;

const upTo = (max: number) => fc.integer({ min: 0, max });
const between = (min: number, max: number) => fc.integer({ min, max });
/** Zero in every other run, so that one kind of fault is also seen alone, and none. */
const likelihood = (percentMax: number) =>
  fc.oneof(
    fc.constant(0),
    upTo(percentMax).map((percent) => percent / 100),
  );

const wish = fc.record({
  caller: fc.constantFrom('alice', 'bob'),
  account: upTo(2),
  card: fc.oneof(
    { weight: 5, arbitrary: fc.constant(undefined) },
    { weight: 3, arbitrary: fc.constant('good' as const) },
    { weight: 2, arbitrary: fc.constantFrom('declined', 'unknown', 'refundFailsFirst') },
  ),
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

const rarely = (ofTen: number) => upTo(9).map((drawn) => drawn >= 10 - ofTen);

/** Half of the commands are of the theme's own, the rest of any kind, so that everything meets everything. */
function kindOf(...own: readonly Command['kind'][]): fc.Arbitrary<Command['kind']> {
  return fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...own) },
    { weight: 2, arbitrary: fc.constantFrom('place', 'place', 'pay', 'cancel') },
    { weight: 1, arbitrary: fc.constantFrom(...commandKinds) },
  );
}

const commandsOf = (kind: fc.Arbitrary<Command['kind']>): fc.Arbitrary<Command[]> =>
  fc.array(
    fc.record({
      kind,
      // Most of them about the same one or two, so that they meet.
      target: fc.oneof(upTo(0), upTo(1), upTo(7)),
      variant: fc.constantFrom(0, 1),
      isAltered: rarely(1),
      isStranger: rarely(1),
      atMs: fc.oneof(upTo(2_000), upTo(stormMs)),
      copies: between(1, 3),
      budgetMs: fc.oneof(between(50, 1_000), between(1_000, 10_000)),
      tries: between(1, 6),
    }),
    { minLength: 1, maxLength: 24, size: 'max' },
  );

/** Each run has a theme: of everything at once there would be too little of each. */
const commands = fc.oneof(
  {
    weight: 3,
    arbitrary: commandsOf(
      kindOf('place', 'place', 'place', 'cancel', 'abort', 'retry', 'refundLines', 'watch'),
    ),
  },
  { weight: 3, arbitrary: commandsOf(kindOf('pay', 'pay', 'refund', 'refund', 'cancelPayment')) },
  { weight: 2, arbitrary: commandsOf(kindOf('place', 'place', 'refundLines', 'cancel')) },
  {
    weight: 1,
    arbitrary: commandsOf(kindOf('place', 'pay', 'deposit', 'withdraw', 'list', 'watch', 'look')),
  },
  {
    weight: 1,
    arbitrary: commandsOf(kindOf('deposit', 'withdraw', 'freeze', 'unfreeze', 'close', 'reopen')),
  },
  {
    weight: 2,
    arbitrary: commandsOf(kindOf('reserve', 'commit', 'release', 'returnStock', 'adjust', 'delete')),
  },
);

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
      // Inventory's processes reach nobody anyway.
      machine: fc.constantFrom(0, 1, 0, 1, 4, 5),
      service: upTo(1),
      ...moment,
      durationMs: upTo(40_000),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('provider away'), ...moment, durationMs: upTo(60_000) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('all dark'),
      ...moment,
      durationMs: fc.oneof(upTo(60_000), between(19 * hourMs, 30 * hourMs)),
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
    provider: likelihood(80),
    webhook: likelihood(80),
  }),
  streamCount: fc.constantFrom(1, 1, 2, 3),
  orderDeadlineMs: between(1_000, 30_000),
  attentionAfterMs: fc.constantFrom(1_000, 10_000, 600_000),
  cacheSize: fc.constantFrom(1, 4, 100),
  cards: fc.record({
    keyLifetimeMs: fc.constantFrom(5_000, 60_000, 20 * hourMs, 20 * hourMs),
    timeoutMs: fc.constantFrom(1_000, 15_000),
    mayBeStubborn: rarely(2),
  }),
  items: fc.array(
    fc.record({ onHand: fc.oneof(upTo(5), upTo(20), between(20, 100)), price: between(0, 100) }),
    {
      minLength: 1,
      maxLength: 3,
      size: 'max',
    },
  ),
  accounts: fc.array(fc.record({ opening: fc.oneof(upTo(0), upTo(3_000), upTo(3_000)) }), {
    minLength: 1,
    maxLength: 3,
    size: 'max',
  }),
  wishes: fc.array(wish, { minLength: 1, maxLength: 8, size: 'max' }),
  commands,
  incidents: fc.array(incident, { maxLength: 6, size: 'max' }),
});
