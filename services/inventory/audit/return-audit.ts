// I4, the returns of one reservation: each is asked for once, moves its units once and as it said, and all of them together
// never more than were sold. The moves are in the streams of the stock, the returns in that of the reservation, so the two
// are held against each other at the end only.

import type { Line } from '../domain/reservation-state.ts';

type Moved = Readonly<{ quantity: number; backOnSale: boolean }>;

interface Return {
  /** Undefined: its units moved, but it was not met. */
  asked: { readonly lines: readonly Line[]; readonly backOnSale: boolean } | undefined;
  isSettled: boolean;
  readonly moved: Map<string, Moved>;
}

export interface ReturnAudit {
  ask(returnId: string, lines: readonly Line[], backOnSale: boolean): string[];
  settle(returnId: string): string[];
  move(returnId: string, sku: string, moved: Moved): string[];
  /** Units of a SKU over all returns: asked for, and moved so far. */
  askedUnits(sku: string): number;
  movedUnits(sku: string): number;
  /** After the last op. */
  faults(): string[];
}

export function createReturnAudit(): ReturnAudit {
  const returns = new Map<string, Return>();

  function returnOf(returnId: string): Return {
    const found = returns.get(returnId) ?? { asked: undefined, isSettled: false, moved: new Map() };
    returns.set(returnId, found);
    return found;
  }

  const quantityIn = (lines: readonly Line[], sku: string): number =>
    lines.reduce((sum, line) => sum + (line.sku === sku ? line.quantity : 0), 0);

  return {
    ask(returnId, lines, backOnSale) {
      const found = returnOf(returnId);
      const faults = found.asked ? [`return ${returnId} is asked for twice`] : [];
      found.asked = { lines, backOnSale };
      return faults;
    },
    settle(returnId) {
      const found = returnOf(returnId);
      found.isSettled = true;
      return found.asked ? [] : [`return ${returnId} is settled and was never asked for`];
    },
    move(returnId, sku, moved) {
      const found = returnOf(returnId);
      const isTwice = found.moved.has(sku);
      found.moved.set(sku, moved);
      return isTwice ? [`${sku}: return ${returnId} moved it twice`] : [];
    },
    askedUnits: (sku) =>
      [...returns.values()].reduce((sum, { asked }) => sum + quantityIn(asked?.lines ?? [], sku), 0),
    movedUnits: (sku) =>
      [...returns.values()].reduce((sum, { moved }) => sum + (moved.get(sku)?.quantity ?? 0), 0),
    faults: () => [...returns].flatMap(([returnId, found]) => faultsOf(returnId, found)),
  };
}

function faultsOf(returnId: string, { asked, isSettled, moved }: Return): string[] {
  if (!asked) return [`units moved for return ${returnId}, which nobody asked for`];
  const wanted = new Map(asked.lines.map(({ sku, quantity }) => [sku, quantity]));
  const strangers = [...moved.keys()].filter((sku) => !wanted.has(sku));
  const lineFaults = asked.lines.flatMap(({ sku, quantity }) => {
    const found = moved.get(sku);
    if (!found) return isSettled ? [`${sku}: return ${returnId} is settled and never moved it`] : [];
    if (found.quantity !== quantity) {
      return [`${sku}: return ${returnId} moved ${found.quantity} units of ${quantity}`];
    }
    if (found.backOnSale === asked.backOnSale) return [];
    return [
      `${sku}: return ${returnId} put it ${found.backOnSale ? 'back on sale' : 'off the books'}, against its word`,
    ];
  });
  return [...lineFaults, ...strangers.map((sku) => `${sku} moved, but return ${returnId} has no such line`)];
}
