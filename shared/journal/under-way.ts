// Submissions under way in this process, by key: a duplicate joins the first one instead of being written.

import { createPassing } from '../runtime/index.ts';
import type { Recorded, Submission } from './journal.ts';

export interface UnderWay {
  submit(submission: Submission): Promise<Recorded>;
  has(key: string): boolean;
}

/**
 * A submission of a key that is under way is joined. One with another fingerprint waits: only what gets recorded
 * decides whether the key was reused, and the first one may still fail without a trace.
 */
export function createUnderWay(enqueue: (submission: Submission) => Promise<Recorded>): UnderWay {
  const byKey = createPassing<
    string,
    { readonly fingerprint: string; readonly recorded: Promise<Recorded> }
  >();
  return {
    has: (key) => byKey.has(key),
    async submit(submission) {
      const { key, fingerprint } = submission;
      for (let earlier = byKey.get(key); earlier; earlier = byKey.get(key)) {
        if (fingerprint === '' || fingerprint === earlier.fingerprint) {
          return { ...(await earlier.recorded), replayed: true };
        }
        await earlier.recorded.catch(() => undefined);
      }
      const recorded = enqueue(submission);
      byKey.set(key, { fingerprint, recorded });
      try {
        return await recorded;
      } finally {
        byKey.delete(key);
      }
    },
  };
}
