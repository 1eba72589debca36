// The limits of a client: each with its value and the reason for it.

export const clientLimits = {
  /**
   * How much later than the server's deadline our own timer fires. The server answers at its deadline; a timer that
   * fires before the answer is here resets the stream, and some 1,000 resets end the connection for everybody on it.
   */
  timerMarginMs: 200,
  /** The longest deadline a server takes (ServerLimits.timeoutMsMax). A longer budget is spent in several attempts. */
  timeoutMsMax: 5 * 60_000,
  /** Attempts of one call. Enough to outlive a lost connection and an election; a saga asks again by itself. */
  attemptsMax: 4,
  /** Waits between attempts: a random part of 25, 50, 100 … ms. The first is about one idle round trip of an order. */
  backoffMsFirst: 25,
  /** No wait is longer, so that a server that is back is found within about a second. */
  backoffMsMax: 1_000,
  /** The largest answer: a page of 200 orders with 50 lines each stays below it. */
  readMaxBytes: 4 * 1024 * 1024,
  /** An unused connection is closed; sooner than the server does it, so that no call meets a closing one. */
  connectionIdleMsMax: 60_000,
} as const;
