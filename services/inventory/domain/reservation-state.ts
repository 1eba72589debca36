// What a reservation is at some moment. How it gets there: reservation.ts, returns.ts.

export type Line = { readonly sku: string; readonly quantity: number };

/** A return whose units have not all moved yet. */
export type PendingReturn = {
  readonly id: string;
  readonly lines: readonly Line[];
  /** Whether the units can be sold again; if not they are written off. */
  readonly backOnSale: boolean;
  readonly requestedAt: Date;
};

export type ReservationState = {
  readonly status: 'requested' | 'refused' | 'committed' | 'released';
  /** In the order of the request; none in a tombstone. */
  readonly lines: readonly Line[];
  readonly reference: string;
  /** For a tombstone: when the release came. */
  readonly requestedAt: Date;
  /** Absent: it never expires. */
  readonly expiresAt?: Date;
  /** When it got its status. */
  readonly changedAt: Date;
  /** Nothing remains to be done for this status. */
  readonly settled: boolean;
  /** Of a released one: every sale had been recorded before, so its units are sold until the release takes them back. */
  readonly wasSold?: true;
  /** Units that returns took back or are about to, each SKU once. Absent: there never was a return. */
  readonly returned?: readonly Line[];
  /** Returns whose units have not all moved. */
  readonly pendingReturns?: readonly PendingReturn[];
};
