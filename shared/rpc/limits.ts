// The limits of a server: each with its value and the reason for it. Tests set smaller ones.

export interface ServerLimits {
  /** The largest request message. 50 order lines are 5 KiB; what is larger is a mistake or an attack. */
  readonly readMaxBytes: number;
  /** The longest deadline a caller may ask for, and how long a stream may last: longer ones outlive restarts anyway. */
  readonly timeoutMsMax: number;
  /** The deadline of a unary call that asks for none: long enough for a saga with retries, short enough not to pile up. */
  readonly timeoutMsDefault: number;
  /**
   * How much before a caller's own timer we answer. A caller whose timer fires resets its stream, and some 1,000 resets
   * make Node close the connection with every healthy call on it. Never more than a quarter of the timeout.
   */
  readonly answerMarginMs: number;
  /** Unary calls and the work they left behind, in this process. Above it, waiting takes longer than callers wait. */
  readonly callsInFlightMax: number;
  /** Open streams. Counted apart from calls, so that 1,000 watchers cannot keep orders out. */
  readonly streamsInFlightMax: number;
  /** HTTP/2 streams of one connection: one caller may fill the server, and is then told OVERLOADED, not left waiting. */
  readonly connectionStreamsMax: number;
  /** Streams in a row above connectionStreamsMax that are each refused, before the connection is ended. A caller whose
   * timers fire while we are busy has many: it counts a stream as over when it resets it, we when we have read that.
   * At Node's 100 a healthy connection is lost, and Node 24 then sometimes loops in native code (Http2Stream's reset on
   * a session that is ending) until the machine has no memory left. Seen; so high that the reset limit ends it before. */
  readonly connectionRejectedStreamsMax: number;
  /** Stream resets that a connection may save up, and earns back each second. Node's 1,000 and 33 are too few for a
   * storm of callers that give up; without a limit a rapid-reset attack costs nothing. */
  readonly streamResetBurst: number;
  readonly streamResetsPerSecond: number;
  /** What HTTP/2 may buffer for one connection: connectionStreamsMax messages of readMaxBytes. */
  readonly connectionMemoryBytes: number;
  /** All request headers together; in a Connect GET this holds the message too. */
  readonly headerBytesMax: number;
  /** Open connections; below the usual limit of open files with room for the database's. */
  readonly connectionsMax: number;
  /** A connection that says nothing at all for this long is closed: it is a port scan or a broken client. */
  readonly firstBytesMsMax: number;
  /** An HTTP/1.1 request must have arrived whole by then. An HTTP/2 stream that dawdles holds nothing but itself. */
  readonly requestMsMax: number;
  /** A connection without traffic is closed. Longer than timeoutMsMax, so that a silent stream is not cut. */
  readonly connectionIdleMsMax: number;
  /** How long a stop waits for running calls; half of the time that a process has to end (stopDurationMsMax). */
  readonly drainMsMax: number;
  /** How long a stop then waits for the answers that it forced to leave the process. */
  readonly lastAnswersMsMax: number;
}

export const defaultServerLimits: ServerLimits = {
  readMaxBytes: 64 * 1024,
  timeoutMsMax: 5 * 60_000,
  timeoutMsDefault: 30_000,
  answerMarginMs: 100,
  callsInFlightMax: 1_000,
  streamsInFlightMax: 1_000,
  connectionStreamsMax: 1_000,
  connectionRejectedStreamsMax: 1_000_000,
  streamResetBurst: 10_000,
  streamResetsPerSecond: 1_000,
  connectionMemoryBytes: 64 * 1024 * 1024,
  headerBytesMax: 16 * 1024,
  connectionsMax: 4_000,
  firstBytesMsMax: 10_000,
  requestMsMax: 10_000,
  connectionIdleMsMax: 10 * 60_000,
  drainMsMax: 5_000,
  lastAnswersMsMax: 500,
};

/** When a caller should ask again, by what was in the way. Callers add jitter. */
export const retryDelays = {
  /** A saga takes tens of milliseconds; asking again sooner only costs. */
  inFlightMs: 200,
  /** Overload is not over sooner. */
  overloadedMs: 1_000,
  /** A database needs about this long to elect a primary or to answer again. */
  dependencyMs: 500,
} as const;
