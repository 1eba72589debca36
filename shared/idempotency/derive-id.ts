// Ids that a retry finds again: derived, never drawn. Changing a derivation makes every retry in the world a new request.

import { createHash } from 'node:crypto';

/** A UUID of version 7 begins with the Unix time of its making in ms, 48 bits of it (RFC 9562, section 5.7). */
const timeOrdered = /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;
/** Hex digits of SHA-256: 128 bits where they stand alone, 96 behind a time. */
const digits = 32;
const digitsBehindTime = 24;

/**
 * An id from its parts, the same in every process and for ever: 32 lower-case hex digits of SHA-256. Each part is
 * preceded by its length, so that ("ab", "c") and ("a", "bc") differ.
 *
 * Where the last part, the request id, is a UUID of version 7, the id is that UUID's time and 24 digits of the hash. So
 * the ids of things that are made one after the other stand side by side in every index, and a database writes to a few of
 * its pages instead of all of them. The time is the caller's word: only the order of pages rests on it.
 */
export function deriveId(...parts: string[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:${part}`);
  const time = timeOrdered.exec(parts.at(-1) ?? '');
  if (!time) return hash.digest('hex').slice(0, digits);
  return `${time[1]}${time[2]}`.toLowerCase() + hash.digest('hex').slice(0, digitsBehindTime);
}

/** The journal key of a request. Callers and RPCs contain no slash, so two requests never share one. */
export function requestKey(caller: string, rpc: string, requestId: string): string {
  return `req/${caller}/${rpc}/${requestId}`;
}
