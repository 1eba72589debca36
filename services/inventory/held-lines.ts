// The lines of a reservation with what the holds of their groups recorded: their prices, and the refusal. It writes nothing.

import type { Journal, Recorded, Refusal } from '../../shared/journal/index.ts';
import { type Group, groupsOf } from './domain/groups.ts';
import { holdKey, stockEntity } from './domain/names.ts';
import type { Line } from './domain/reservation-state.ts';
import { asStock } from './domain/rules.ts';
import type { Price } from './domain/stock.ts';

/** A line with the price of the moment when it was held; undefined when it never was. */
export interface PricedLine extends Line {
  readonly unitPrice: Price | undefined;
}

/** A group and what is recorded of its hold; undefined: nothing yet. */
export interface GroupHold<Hold extends Recorded | undefined = Recorded | undefined> {
  readonly group: Group;
  readonly hold: Hold;
}

/** What is recorded of the holds now, whoever made them. */
export function readHolds(
  journal: Pick<Journal, 'readKey' | 'streamOf'>,
  scoped: string,
  lines: readonly Line[],
): Promise<GroupHold[]> {
  return Promise.all(
    groupsOf(lines, journal.streamOf).map(async (group) => ({
      group,
      hold: await journal.readKey(holdKey(scoped, group.stream)),
    })),
  );
}

/** The price is in the stock's state right after the hold, where no later PutItem can change it. */
export function pricedLines(lines: readonly Line[], holds: readonly GroupHold[]): readonly PricedLine[] {
  const held = holds.flatMap(({ hold }) => (hold?.outcome.succeeded ? [hold.states] : []));
  return lines.map(({ sku, quantity }) => {
    const entity = stockEntity(sku);
    const states = held.find((each) => each.has(entity));
    return { sku, quantity, unitPrice: asStock(states?.get(entity))?.price };
  });
}

/** The refusal of the first refused line, in the order of the request: the same at every call. */
export function firstRefusal(
  lines: readonly Line[],
  holds: readonly GroupHold<Recorded>[],
): Refusal | undefined {
  const refusals = holds.flatMap(({ group, hold: { outcome } }) =>
    outcome.succeeded ? [] : [{ refusal: outcome.refusal, place: placeOf(group, outcome.refusal) }],
  );
  return refusals.sort((one, other) => one.place - other.place)[0]?.refusal;

  /** A tombstone names no SKU: it is about all lines of its group. */
  function placeOf({ lines: [first] }: Group, { metadata }: Refusal): number {
    const blamed = metadata['sku'] ?? first?.sku;
    return lines.findIndex(({ sku }) => sku === blamed);
  }
}
