// I2, a payment and its account together: each movement has two equal halves, in one entry, under one key.

import type { Find } from './finding.ts';

interface Movement {
  readonly key: string;
  readonly payment: string;
  readonly account: string;
  /** Charges above zero, what is given back below. */
  readonly taken: bigint;
}

export interface Halves {
  note(side: 'ofPayment' | 'ofAccount', movement: Movement): void;
  /** At the end of an entry: what has no equal half by now never gets one. */
  endEntry(seq: number): void;
}

/** Remembers one entry at a time. */
export function createHalves(find: Find): Halves {
  const pairs = new Map<string, { payment: string; ofPayment: bigint; ofAccount: bigint }>();
  return {
    note(side, { key, payment, account, taken }) {
      const name = `${key} ${payment} ${account}`;
      const pair = pairs.get(name) ?? { payment, ofPayment: 0n, ofAccount: 0n };
      pair[side] += taken;
      pairs.set(name, pair);
    },
    endEntry(seq) {
      for (const { payment, ofPayment, ofAccount } of pairs.values()) {
        if (ofPayment === ofAccount) continue;
        const description = `in entry ${seq} the payment moved ${ofPayment} and its account ${ofAccount} minor units`;
        find('I2', payment, description);
      }
      pairs.clear();
    },
  };
}
