import { beforeAll, beforeEach, test } from 'vitest';
import {
  type Case,
  createDyingOrders,
  type DyingOrders,
  type Process,
  type Scenario,
} from '../support/dying-orders.ts';
import { openShop } from '../support/shop.ts';
import { startSuite } from '../support/suite.ts';

// Each service dies at each point of an order's way, forward and back: right before and right after each write, each
// step of the saga, and each answer. A point is reached in a real process, which ends itself there with SIGKILL; then it
// is started again and two duplicates ask at once. Whatever the point, there is one truth.

/** Before and after every write of these types. */
function writes(process: Process, scenario: Scenario, types: readonly string[]): Case[] {
  return pointsOf(process, scenario, ['journal.before_insert', 'journal.after_insert'], types);
}

function steps(scenario: Scenario, names: readonly string[]): Case[] {
  return pointsOf('order', scenario, ['saga.before_step', 'saga.after_step'], names);
}

/** When the request is here, and when only the answer is missing. */
function answers(process: Process, scenario: Scenario, rpcs: readonly string[]): Case[] {
  return pointsOf(process, scenario, ['rpc.before_handler', 'rpc.before_answer'], rpcs);
}

function pointsOf(
  process: Process,
  scenario: Scenario,
  places: readonly string[],
  details: readonly string[],
): Case[] {
  return details.flatMap((detail) =>
    places.map((place) => ({ process, scenario, point: `${place}/${detail}` })),
  );
}

const cases: readonly Case[] = [
  ...writes('order', 'an order is confirmed', ['placed', 'confirmed', 'completed']),
  ...steps('an order is confirmed', ['reserve_stock', 'create_payment', 'commit_reservation']),
  ...answers('order', 'an order is confirmed', ['PlaceOrder']),
  ...writes('order', 'an order is refused for its stock', ['cancelled']),
  ...writes('order', 'an order is refused for its payment', ['compensating', 'cancelled']),
  ...steps('an order is refused for its payment', ['undo_reserve_stock']),
  ...answers('order', 'an order is refused for its payment', ['PlaceOrder']),
  ...writes('order', 'a confirmed order is cancelled', ['compensating', 'cancelled']),
  ...steps('a confirmed order is cancelled', ['undo_create_payment', 'undo_reserve_stock']),
  ...answers('order', 'a confirmed order is cancelled', ['CancelOrder']),

  ...writes('inventory', 'an order is confirmed', [
    'reservation-requested',
    'units-held',
    'reservation-committed',
    'units-sold',
  ]),
  ...answers('inventory', 'an order is confirmed', ['ReserveStock', 'CommitReservation']),
  ...writes('inventory', 'an order is refused for its stock', ['hold-refused', 'reservation-refused']),
  ...answers('inventory', 'an order is refused for its stock', ['ReserveStock']),
  ...writes('inventory', 'an order is refused for its payment', [
    'reservation-released',
    'units-freed',
    'reservation-settled',
  ]),
  ...answers('inventory', 'an order is refused for its payment', ['ReleaseReservation']),
  ...writes('inventory', 'a confirmed order is cancelled', [
    'reservation-released',
    'units-returned',
    'reservation-settled',
  ]),
  ...writes('inventory', 'an order is cancelled before its stock was held', ['reservation-released']),

  ...writes('payment', 'an order is confirmed', ['captured']),
  ...answers('payment', 'an order is confirmed', ['CreatePayment']),
  ...writes('payment', 'an order is refused for its payment', ['declined']),
  ...answers('payment', 'an order is refused for its payment', ['CreatePayment']),
  ...writes('payment', 'a confirmed order is cancelled', ['cancelled']),
  ...answers('payment', 'a confirmed order is cancelled', ['CancelPayment']),
  ...writes('payment', 'an order is cancelled before its payment came', ['tombstoned']),
  ...writes('payment', 'an order is cancelled after its payment was declined in silence', ['found_settled']),
];

let orders: DyingOrders;

beforeAll(async () => {
  const suite = await startSuite();
  orders = createDyingOrders(suite, openShop(suite));
});

beforeEach(() => orders.revive());

test.each(cases.map((each, index) => ({ ...each, index })))(
  '$process dies at $point while $scenario',
  ({ index, ...each }) => orders.play(each, `case-${index}`),
);
