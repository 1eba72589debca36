// The retry budget: when most calls fail, retries stop, because they are what keeps an overloaded server down.

/** Shared by all calls to one server, or by all of a process. */
export interface RetryBudget {
  /** A first attempt earns a part of a retry. */
  earn(): void;
  /** Takes one retry; false when there is none. */
  spend(): boolean;
}

/** Retries earned by one first attempt: at the worst a failing server gets 1.2 times the load, not attemptsMax times. */
const earnedPerCall = 0.2;

/** Retries that can be saved up. Also what a fresh client has, so that a quiet one may retry: a killed server is back before. */
const savedMax = 100;

/** One client's budget, or one shared between several. */
export function createRetryBudget(): RetryBudget {
  let saved = savedMax;
  return {
    earn() {
      saved = Math.min(savedMax, saved + earnedPerCall);
    },
    spend() {
      if (saved < 1) return false;
      saved -= 1;
      return true;
    },
  };
}
