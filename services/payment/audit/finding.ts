// What an audit finds, and under which invariant.

/**
 * journal: the states that the ops carry are what their changes give, and no entry is missing.
 * ledger: each movement is posted to the two accounts that it belongs to, in every currency debits equal credits, and each
 * account of the ledger is what the accounts and payments say.
 * I1: an account's balance is the sum of its movements; nothing is negative; a refusal moves nothing.
 * I2: a payment charges at most once and never gives back more than it charged; both halves of a movement, the
 * payment's and its account's, stand in one entry under one key and are equal.
 */
export type Invariant = 'journal' | 'ledger' | 'I1' | 'I2';

export interface Finding {
  readonly invariant: Invariant;
  /** The entity it was found at, or the stream. */
  readonly entity: string;
  readonly description: string;
}

export type Find = (invariant: Invariant, entity: string, description: string) => void;
