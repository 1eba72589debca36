// How each point at which a service dies on an order's way is played. It is reached in a real process,
// which ends itself there with SIGKILL; then it is started again and two duplicates ask at once. Whatever the point, there is
// one truth.

import { beforeAll, beforeEach, test } from 'vitest';
import type { DeathPoint } from './death-points.ts';
import { type Case, createDyingOrders, type DyingOrders, type Scenario } from './dying-orders.ts';
import { openShop } from './shop.ts';
import { startSuite } from './suite.ts';

/** Each of these points, while this is under way. */
export function during(scenario: Scenario, ...points: readonly (readonly DeathPoint[])[]): Case[] {
  return points.flat().map((each) => ({ ...each, scenario }));
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
