// Placement: which stream an entity lives in. Stable for ever, for a given number of streams.

import { createHash } from 'node:crypto';

/** Streams at the most. Each one touched costs a document in every flush; 256 is far beyond what that allows. */
export const streamCountMax = 256;

/** The name of the stream for a placement. */
export function streamOf(placement: string, streamCount: number): string {
  if (streamCount === 1) return 's0';
  return `s${createHash('sha256').update(placement).digest().readUInt32BE(0) % streamCount}`;
}

export function streamNames(streamCount: number): string[] {
  return Array.from({ length: streamCount }, (_, index) => `s${index}`);
}
