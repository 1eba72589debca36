// Authentication: a bearer token to a caller's name. It knows no RPC and keeps no token, only their hashes.

import { createHash } from 'node:crypto';
import type { Caller } from './caller.ts';
import { commonError } from './errors.ts';

export interface Authentication {
  /** Who sent these headers. Throws AUTHENTICATION_REQUIRED (UNAUTHENTICATED), which does not say what was wrong. */
  authenticate(headers: Headers): Caller;
  /** The same from the `authorization` header alone; undefined for whom `authenticate` would throw. */
  recognise(authorization: string | undefined): Caller | undefined;
}

/**
 * `tokens` is AUTH_TOKENS: `TOKEN=NAME`, `TOKEN=NAME:operator` or `TOKEN=NAME:saga` (the order service's at the other
 * two), separated by commas. Empty: everybody is `anonymous`, an operator, and goes for a saga where it takes a saga's
 * steps, because nobody can be told apart; that is for loopback only. Throws an Error with one sentence for anything else; the sentence
 * counts the entries instead of showing them, because they are secrets.
 */
export function authenticationFrom(config: { tokens: string }): Authentication {
  if (config.tokens.trim() === '') {
    const anonymous: Caller = { name: 'anonymous', operator: true, runsSagas: true };
    return { authenticate: () => anonymous, recognise: () => anonymous };
  }
  const callers = new Map<string, Caller>();
  for (const [index, entry] of config.tokens.split(',').entries()) {
    // The name has no "=", a token may end in some (base64), so the greedy match splits at the last one.
    const match = /^([\x21-\x7e]+)=([A-Za-z0-9._-]{1,64})(:operator|:saga)?$/.exec(entry.trim());
    const [, token, name, role] = match ?? [];
    if (token === undefined || name === undefined) {
      throw new Error(
        `AUTH_TOKENS: entry ${index + 1} is not TOKEN=NAME, TOKEN=NAME:operator or TOKEN=NAME:saga (NAME: 1 to 64 of A-Z a-z 0-9 . _ -)`,
      );
    }
    if (callers.has(hashOf(token))) {
      throw new Error(`AUTH_TOKENS: entry ${index + 1} repeats a token; each token names one caller`);
    }
    callers.set(hashOf(token), {
      name,
      operator: role === ':operator',
      runsSagas: role === ':saga',
    });
  }
  function recognise(authorization: string | undefined): Caller | undefined {
    const token = /^bearer +([\x21-\x7e]+)$/i.exec(authorization ?? '')?.[1];
    // The time of this look-up tells something of the hash only, which a guesser of tokens cannot steer.
    return token === undefined ? undefined : callers.get(hashOf(token));
  }
  return {
    recognise,
    authenticate(headers) {
      const caller = recognise(headers.get('authorization') ?? undefined);
      if (caller === undefined) {
        throw commonError(
          'AUTHENTICATION_REQUIRED',
          "send a valid token: -H 'authorization: Bearer <token>'",
        );
      }
      return caller;
    },
  };
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
