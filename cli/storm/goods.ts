// What a storm shops with: items, accounts and counters, all named after the run, so that storms on one deployment do not
// meet. Pure.

export interface Account {
  readonly accountId: string;
  readonly openingMinorUnits: bigint;
}

export interface Item {
  readonly sku: string;
  readonly onHand: number;
  readonly priceMinorUnits: bigint;
}

export interface Goods {
  readonly rich: readonly [Account, ...Account[]];
  /** Run out of money again and again: each deposit pays for a few orders only. */
  readonly poor: readonly [Account, ...Account[]];
  readonly plain: readonly [Item, ...Item[]];
  /** The one that everybody wants. */
  readonly hot: Item;
  /** Run out of stock again and again. */
  readonly scarce: readonly [Item, ...Item[]];
  /**
   * Moved in one direction only and by nothing else. So the balances that were answered have exactly one possible order,
   * which is what makes them provable (laws/counters.ts).
   */
  readonly counters: {
    readonly withdrawn: Account;
    readonly deposited: Account;
    /** Withdrawn until nothing is left: its last answers are refusals. */
    readonly purse: Account;
    readonly deducted: Item;
    readonly received: Item;
  };
}

export const currency = 'EUR';

/** Never reached in any storm, and far below 2^53. */
const plentyMinorUnits = 1_000_000_000_000n;
const plentyUnits = 1_000_000_000;

const times = <T>(count: number, make: (index: number) => T): [T, ...T[]] => {
  const [first, ...others] = Array.from({ length: count }, (_, index) => make(index));
  if (first === undefined) throw new Error('a storm needs at least one of each');
  return [first, ...others];
};

export function goodsOf(run: string): Goods {
  const account = (name: string, openingMinorUnits = plentyMinorUnits): Account => ({
    accountId: `${run}-${name}`,
    openingMinorUnits,
  });
  const item = (name: string, onHand = plentyUnits, priceMinorUnits = 450n): Item => ({
    sku: `${run}-${name}`,
    onHand,
    priceMinorUnits,
  });
  return {
    rich: times(16, (index) => account(`rich-${index}`)),
    poor: times(4, (index) => account(`poor-${index}`, 10_000n)),
    plain: times(20, (index) => item(`plain-${index}`, plentyUnits, BigInt(100 + 50 * index))),
    hot: item('hot'),
    scarce: times(4, (index) => item(`scarce-${index}`, 20, 300n)),
    counters: {
      withdrawn: account('withdrawn'),
      deposited: account('deposited', 0n),
      purse: account('purse', 20_000n),
      deducted: item('deducted'),
      received: item('received', 0),
    },
  };
}

export function accountsOf({ rich, poor, counters }: Goods): Account[] {
  return [...rich, ...poor, counters.withdrawn, counters.deposited, counters.purse];
}

export function itemsOf({ plain, hot, scarce, counters }: Goods): Item[] {
  return [...plain, hot, ...scarce, counters.deducted, counters.received];
}
