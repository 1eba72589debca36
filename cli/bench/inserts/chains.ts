// How many inserts an answer had to wait for, one after the other. Pure.

/** An insert, by the order in which a watcher saw it begin and end. */
export interface SeenInsert {
  readonly beganAt: number;
  /** Infinity until its answer was seen. */
  readonly endedAt: number;
}

/** For each order that was placed alone: the journals of its longest chain, in order. */
export interface InsertChains {
  readonly chains: readonly (readonly string[])[];
  /** Why there are none. */
  readonly why?: string;
}

/**
 * The most inserts of which each began after the one before had ended: what an answer waited for at least, one after the
 * other. Inserts that overlap in time count once. Those without an end count for nothing: nobody can have waited for them.
 */
export function longestChain<T extends SeenInsert>(inserts: readonly T[]): readonly T[] {
  const chains: T[][] = [];
  let longest: T[] = [];
  for (const insert of [...inserts].sort((one, other) => one.beganAt - other.beganAt)) {
    if (insert.endedAt === Number.POSITIVE_INFINITY) continue;
    let before: T[] = [];
    for (const chain of chains) {
      const ended = (chain.at(-1)?.endedAt ?? 0) < insert.beganAt;
      if (ended && chain.length > before.length) before = chain;
    }
    const chain = [...before, insert];
    chains.push(chain);
    if (chain.length > longest.length) longest = chain;
  }
  return longest;
}
