// The words in which a domain answers a command: pure types, no I/O, so that domain/ may import them.

/** What an entity is at some moment: a small plain document. Money is bigint, instants are Date. */
export type State = Readonly<Record<string, unknown>>;

/** A final business "no". It is recorded like a success, and a retry gets the same one. */
export interface Refusal {
  /** UPPER_SNAKE; callers branch on it. */
  readonly reason: string;
  /** One sentence for a person: what was wrong and what would help. */
  readonly message: string;
  /** Facts for a program, such as `{ sku, available }`. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** What an op recorded. */
export type Outcome = { readonly succeeded: true } | { readonly succeeded: false; readonly refusal: Refusal };

/** Something that happened to one entity, in the past tense: `withdrawn`, `reserved`. */
export interface Change {
  readonly entity: string;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** Lists that this entity belongs to from now on, such as `orders/alice`. Only on the change that creates it. */
  readonly lists?: readonly string[];
}

/** What `decide` answers: what happened, to at least one entity, and how it ended. A refusal has changes of its own
 * (often one that alters nothing), so that it is in the entity's history. */
export interface Decision {
  readonly outcome: Outcome;
  readonly changes: readonly [Change, ...Change[]];
}

/** A refusal as a decision: recorded at `entity` as type `refused`, which leaves every state as it is. */
export function refuse(entity: string, refusal: Refusal): Decision {
  return {
    outcome: { succeeded: false, refusal },
    changes: [{ entity, type: 'refused', data: { reason: refusal.reason } }],
  };
}

/** A success as a decision. */
export function succeed(...changes: [Change, ...Change[]]): Decision {
  return { outcome: { succeeded: true }, changes };
}
