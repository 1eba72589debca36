// How often the provider was asked in this life, and how it behaved: for people. Its books are the truth; this is lost
// with the process.

import type { Misbehaviour } from './misbehaviour.ts';

export interface Tally {
  /** Another one for each life of the process. */
  readonly life: string;
  readonly requestCount: number;
  readonly misbehaved: Readonly<Partial<Record<Misbehaviour, number>>>;
}

export function createTally(life: string): { note(how: Misbehaviour | undefined): void; told(): Tally } {
  const misbehaved: Partial<Record<Misbehaviour, number>> = {};
  let requestCount = 0;
  return {
    note(how) {
      requestCount += 1;
      if (how) misbehaved[how] = (misbehaved[how] ?? 0) + 1;
    },
    told: () => ({ life, requestCount, misbehaved: { ...misbehaved } }),
  };
}
