// The measurements of one round by name, in their order. Those that are compared with one another stand side by side, so that a
// noisy minute of the machine meets both. How each is done: phases.ts.

export interface Phase {
  readonly name: PhaseName;
  /** For people. */
  readonly says: string;
  /** Of the seconds that a closed loop gets. */
  readonly share: number;
  /** A measurement of the same round that must come before. */
  readonly needs?: PhaseName;
}

export type PhaseName =
  | 'insert-small'
  | 'insert-entry'
  | 'alone'
  | 'echo'
  | `closed-${32 | 128}`
  | `bare-${32 | 128}`
  | 'repeats'
  | 'old-repeats'
  | 'mix'
  | 'hot-128';

export const phases: readonly Phase[] = [
  { name: 'insert-small', says: 'one durable insert after the other, small documents', share: 0.25 },
  { name: 'insert-entry', says: 'one durable insert after the other, entries', share: 0.25 },
  { name: 'alone', says: 'one order at a time', share: 0.5 },
  { name: 'echo', says: 'the client without any service, 32 calls in flight', share: 0.25 },
  { name: 'closed-32', says: '32 orders in flight', share: 1 },
  { name: 'bare-32', says: 'the journals without any service, 32 orders in flight', share: 1 },
  {
    name: 'repeats',
    says: 'duplicates of orders that finished lately, 32 in flight',
    share: 0.5,
    needs: 'closed-32',
  },
  {
    name: 'old-repeats',
    says: 'duplicates of orders that finished long ago, 32 in flight',
    share: 0.5,
    needs: 'closed-32',
  },
  { name: 'mix', says: 'new orders among nine times as many duplicates', share: 1, needs: 'closed-32' },
  { name: 'closed-128', says: '128 orders in flight', share: 1 },
  { name: 'hot-128', says: '128 orders in flight, all of one SKU', share: 1 },
  { name: 'bare-128', says: 'the journals without any service, 128 orders in flight', share: 1 },
];

/** Measured once, beside the rounds: each on a suite of its own. */
export const onceNames = ['inserts', 'grow'] as const;
export type OnceName = (typeof onceNames)[number];

export interface Plan {
  /** Of each round, in their order. */
  readonly phases: readonly Phase[];
  readonly once: readonly OnceName[];
}

export const measurementNames: readonly string[] = [...phases.map(({ name }) => name), ...onceNames];

/** Those of these names, and what they need; all where no names are given. Throws one sentence for a name that there is not. */
export function planOf(names: readonly string[] = measurementNames): Plan {
  const wanted = new Set<string>(names);
  for (const name of names) {
    if (!measurementNames.includes(name)) {
      throw new Error(
        `There is no measurement "${name}"; --only takes some of ${measurementNames.join(', ')}.`,
      );
    }
    const needed = phases.find((phase) => phase.name === name)?.needs;
    if (needed) wanted.add(needed);
  }
  return {
    phases: phases.filter(({ name }) => wanted.has(name)),
    once: onceNames.filter((name) => wanted.has(name)),
  };
}
