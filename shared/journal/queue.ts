// The queue: submissions that wait for a flush. It knows which of them are in a hurry, and when enough of those are there.

import type { Waiting } from './waiting.ts';

export interface Queue {
  size(): number;
  push(waiting: Waiting): void;
  /** At the head: what a flush could not finish. */
  putBack(unfinished: Iterable<Waiting>): void;
  /** At most so many, the oldest first. */
  take(countMax: number): Waiting[];
  oldest(): Waiting | undefined;
  /** Whether one of them need not, or must not, wait any longer for company. */
  hasDue(nowMs: number): boolean;
  /** Those that are not patient: somebody waits for their answer. */
  urgentCount(): number;
  /** Resolves as soon as so many are urgent. One may ask at a time. */
  company(count: number): Promise<void>;
}

export function createQueue(): Queue {
  const queue: Waiting[] = [];
  let urgentCount = 0;
  let asked: { readonly count: number; resolve(): void } | undefined;

  const isUrgent = ({ submission }: Waiting): boolean => !submission.patienceMs;

  function push(waiting: Waiting): void {
    queue.push(waiting);
    if (isUrgent(waiting)) urgentCount += 1;
    if (asked && urgentCount >= asked.count) asked.resolve();
  }

  return {
    size: () => queue.length,
    push,
    putBack(unfinished) {
      const later = queue.splice(0);
      urgentCount = 0;
      for (const waiting of unfinished) push(waiting);
      later.forEach(push);
    },
    take(countMax) {
      asked = undefined;
      const taken = queue.splice(0, countMax);
      urgentCount -= taken.filter(isUrgent).length;
      return taken;
    },
    oldest: () => queue[0],
    hasDue: (nowMs) => queue.some(({ patientUntilMs }) => patientUntilMs <= nowMs),
    urgentCount: () => urgentCount,
    company: (count) =>
      new Promise((resolve) => {
        if (urgentCount >= count) resolve();
        else asked = { count, resolve };
      }),
  };
}
