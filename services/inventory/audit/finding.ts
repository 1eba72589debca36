// What an audit of the inventory can find.

/** `journal`: the carried states. I3: stock is conserved. I4: a reservation holds a SKU once and settles once. */
export type Invariant = 'journal' | 'I3' | 'I4';

export interface Finding {
  readonly invariant: Invariant;
  readonly entity: string;
  /** What was expected and what was found, for a person. */
  readonly description: string;
}
