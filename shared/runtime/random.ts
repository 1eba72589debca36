// Randomness: jitter and the names of processes. Never an id that a retry must find again; those are derived.

import { randomBytes } from 'node:crypto';

export interface Random {
  /** A fraction in [0, 1), for jitter. */
  fraction(): number;
  /** A fresh lower-case hex name of `byteCount` random bytes. */
  name(byteCount: number): string;
}

export function createSystemRandom(): Random {
  return { fraction: () => Math.random(), name: (byteCount) => randomBytes(byteCount).toString('hex') };
}
