// What a scenario is: a shop, what its callers ask for and when, and how it may end. In the simulation's own words, so that
// the same ledger, books and judge look at it.

import type { Command, Plan, Wish } from '../simulation/plan.ts';
import type { ServiceName } from '../simulation/suite.ts';
import { calm } from '../simulation/weather.ts';
import type { Mark } from './striker.ts';

export interface Scenario {
  readonly name: string;
  readonly plan: Plan;
  readonly script: readonly Ask[];
  /** From here on what is done is an undo. Left out: it undoes nothing. */
  readonly turn?: Mark;
  /** Also the opening of the shop, which all callers ask for, is struck. */
  readonly strikesOpening?: boolean;
  /** Nobody in the suite reaches this service, or the card provider, until the mark is passed. */
  readonly cut?: { readonly service: ServiceName | 'provider'; readonly until: Mark };
  /** How it may end, word for word, whatever was struck but time. */
  readonly endings: readonly string[];
  /** How it may end besides when something was held up past its deadline. */
  readonly lateEndings: readonly string[];
}

export interface Ask {
  readonly command: Command;
  /** Left out: when everything before is answered and at rest. */
  readonly at?: Mark;
}

/** The default of the services: what is tried here is longer than a restart and shorter than `lateMs`. */
export const orderDeadlineMs = 30_000;

/** That of the services. */
const attentionAfterMsDefault = 600_000;

/** Of one call: what an impatient client waits. */
const budgetMs = 10_000;
/** Enough to outlast every fault here. One that is not answered by then is a failure. */
const tries = 40;

const wishDefault: Wish = {
  caller: 'alice',
  account: 0,
  lines: [
    { sku: 0, quantity: 2 },
    { sku: 1, quantity: 1 },
  ],
  amount: 300,
  totalMax: 0,
  ttlMs: 0,
};

export interface Shop {
  readonly onHand?: readonly [number, number];
  readonly opening?: number;
  /** Of each service's journal. */
  readonly streamCount?: number;
  /** How long a saga insists before it asks for a person. */
  readonly attentionAfterMs?: number;
  readonly wish?: Partial<Wish>;
}

/** 2 of sku-0 at 450 and 1 of sku-1 at 1200, for 2100 of the account's money; there are 10 of each, and money enough. */
export function scenarioOf(
  name: string,
  rest: Omit<Scenario, 'name' | 'plan' | 'script' | 'lateEndings'> & {
    readonly shop?: Shop;
    readonly script: readonly (Partial<Command> & { readonly kind: Command['kind']; readonly at?: Mark })[];
    readonly lateEndings?: readonly string[];
  },
): Scenario {
  const { shop = {}, script, lateEndings = [], ...others } = rest;
  const [first, second] = shop.onHand ?? [10, 10];
  const wish = { ...wishDefault, ...shop.wish };
  const asks = script.map(({ at, ...command }): Ask => {
    const whole = {
      target: 0,
      variant: 0 as const,
      isAltered: false,
      isStranger: false,
      atMs: 0,
      copies: 1,
      budgetMs,
      tries,
      ...command,
    };
    return at ? { command: whole, at } : { command: whole };
  });
  return {
    name,
    ...others,
    lateEndings,
    script: asks,
    plan: {
      luck: seedOf(name),
      weather: calm,
      streamCount: shop.streamCount ?? 1,
      orderDeadlineMs,
      attentionAfterMs: shop.attentionAfterMs ?? attentionAfterMsDefault,
      cacheSize: 100,
      items: [
        { onHand: first, price: 450 },
        { onHand: second, price: 1200 },
      ],
      accounts: [{ opening: shop.opening ?? 10_000 }],
      // Two alike: some requests of the simulation mean something else for an odd target.
      wishes: [wish, wish],
      commands: asks.map(({ command }) => command),
      incidents: [],
    },
  };
}

/** One name, one seed: a case runs the same way every time. */
export function seedOf(name: string): number {
  return [...name].reduce((sum, char) => Math.imul(sum, 31) + char.charCodeAt(0), 7);
}
