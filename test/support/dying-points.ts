// The points at which a service dies on an order's way, and how each of them is played. A point is reached in a real process,
// which ends itself there with SIGKILL; then it is started again and two duplicates ask at once. Whatever the point, there is
// one truth.

import { beforeAll, beforeEach, test } from 'vitest';
import {
  type Case,
  createDyingOrders,
  type DyingOrders,
  type Process,
  type Scenario,
} from './dying-orders.ts';
import { openShop } from './shop.ts';
import { startSuite } from './suite.ts';

/** Before and after every write of these types. */
export function writes(process: Process, scenario: Scenario, types: readonly string[]): Case[] {
  return pointsOf(process, scenario, ['journal.before_insert', 'journal.after_insert'], types);
}

export function steps(scenario: Scenario, names: readonly string[]): Case[] {
  return pointsOf('order', scenario, ['saga.before_step', 'saga.after_step'], names);
}

/** When the request is here, and when only the answer is missing. */
export function answers(process: Process, scenario: Scenario, rpcs: readonly string[]): Case[] {
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

/** A test of each, on one suite. */
export function playAll(cases: readonly Case[]): void {
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
}
