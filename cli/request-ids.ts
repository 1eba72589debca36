// Request ids of our own load: UUIDs of version 7, as callers are advised to send, but made from a number, so that the same
// request is found again without having kept its id.

import { createHash } from 'node:crypto';
import { v7 } from 'uuid';

/** Any time will do; ids that are made from increasing numbers have to sort by them. */
const epochMs = Date.UTC(2026, 0, 1);

/** The id of request `number` of `whose`: each number is a millisecond later than the one before. */
export function numberedRequestId(whose: string, number: number): string {
  const random = createHash('sha256').update(`${whose}/${number}`).digest();
  return v7({ msecs: epochMs + number, random, seq: random.readUInt32BE(16) });
}
