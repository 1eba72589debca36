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

  function begin(submission: Submission): Promise<Recorded> {
    const { key, fingerprint } = submission;
    const recorded = enqueue(submission);
    byKey.set(key, { fingerprint, recorded });
    // Before whoever waits for it goes on: they find the key free.
    const end = () => void byKey.delete(key);
    recorded.then(end, end);
    return recorded;
  }

  async function joinOrWait(submission: Submission): Promise<Recorded> {
    const { key, fingerprint } = submission;
    for (let earlier = byKey.get(key); earlier; earlier = byKey.get(key)) {
      if (fingerprint === '' || fingerprint === earlier.fingerprint) {
        return { ...(await earlier.recorded), replayed: true };
      }
      await earlier.recorded.catch(() => undefined);
    }
    return begin(submission);
  }

  return {
    has: (key) => byKey.has(key),
    submit: (submission) => (byKey.has(submission.key) ? joinOrWait(submission) : begin(submission)),
  };
}
