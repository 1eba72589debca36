// Ids that a retry finds again: derived, never drawn. Changing a derivation makes every retry in the world a new request.

import { createHash } from 'node:crypto';

/**
 * An id from its parts, the same in every process and for ever: 32 lower-case hex digits of SHA-256. Each part is
 * preceded by its length, so that ("ab", "c") and ("a", "bc") differ.
 */
export function deriveId(...parts: string[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:${part}`);
  return hash.digest('hex').slice(0, 32);
}

/** The journal key of a request. Callers and RPCs contain no slash, so two requests never share one. */
export function requestKey(caller: string, rpc: string, requestId: string): string {
  return `req/${caller}/${rpc}/${requestId}`;
}
