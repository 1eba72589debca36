// The limits of a batch of calls, each with its reason. Both sides keep them: a server refuses what is above.

export const batchLimits = {
  /** Calls in one batch. A stream costs what some ten calls cost, so more would save less than a tenth of one; and all of
   * them are unknown together when the stream is lost. */
  callsMax: 128,
  /** Bytes of one batch: 128 usual calls have 40 KiB, and any one message that a server takes has room. */
  bytesMax: 256 * 1024,
  /** A message of so many bytes goes alone: beside it a stream costs nothing. */
  loneBytesMin: 32 * 1024,
  /** Batches of one client that are not wholly answered. Each stays open for its slowest call; above it calls go one by
   * one, so that they cannot take all the streams of a connection. */
  inFlightMax: 256,
  /** Batches that a server reads at once: together 64 MiB. Those that it answers are held by their calls' places. */
  readAtOnceMax: 256,
  /** Calls that go one by one to a server that has refused the format, before the next batch is tried: an older one is
   * replaced in the middle of an upgrade. */
  aloneAfterRefusal: 1_000,
} as const;
