// Money and its limits. All arithmetic is on bigint, so nothing overflows before a limit is checked.

export type Money = Readonly<{ amountMinorUnits: bigint; currency: string }>;

/** The most that one request may move: ten trillion units of a currency with cents, far above any real payment. */
export const amountMinorUnitsMax = 1_000_000_000_000_000n;

/** The most that a deposit may fill an account to. A refund may go above it: an undo is never refused. */
export const balanceMinorUnitsMax = amountMinorUnitsMax;

/**
 * The most that an account takes in, and the most that is charged to it, over its whole life. The journal stores int64,
 * which ends at 9.22e18 and would wrap silently; refunds stay below the charges and withdrawals below what came in,
 * so these two bound every sum and the balance.
 */
export const turnoverMinorUnitsMax = 9_000_000_000_000_000_000n;
