// Pushback: that a service behind this one is overloaded, so that the work is shed here, before it begins.

import type { LoadSignals } from './places.ts';

export interface Pushback extends Pick<LoadSignals, 'wasPushedBack'> {
  /** For `createServiceClient`. */
  onOverloaded(): void;
}

/** One for all clients of a process. */
export function createPushback(): Pushback {
  let pushedBack = false;
  return {
    onOverloaded() {
      pushedBack = true;
    },
    wasPushedBack() {
      const since = pushedBack;
      pushedBack = false;
      return since;
    },
  };
}
