// Who calls: put into the context by authentication, read by handlers. It does not know how a caller proved itself.

import { createContextKey, type HandlerContext } from '@connectrpc/connect';
import { commonError } from './errors.ts';

export interface Caller {
  /** 1 to 64 of A-Z a-z 0-9 . _ -, so that it can stand in a journal key. */
  readonly name: string;
  /** Whether the RPCs for operators are open to it. */
  readonly operator: boolean;
  /** Whether its steps and undos belong to sagas, which are shed after everything else. */
  readonly runsSagas: boolean;
}

export const callerKey = createContextKey<Caller | undefined>(undefined, { description: 'caller' });

/** The authenticated caller. Request ids and orders are its own: no caller sees another's. */
export function callerOf(context: Pick<HandlerContext, 'values'>): Caller {
  const caller = context.values.get(callerKey);
  // Never a default: a call that slipped past authentication would read what is anonymous's.
  if (caller === undefined) throw new Error('the call did not pass authentication');
  return caller;
}

/** Throws PERMISSION_REQUIRED (PERMISSION_DENIED, not recorded) unless the caller is an operator. */
export function requireOperator(context: Pick<HandlerContext, 'values'>): void {
  if (callerOf(context).operator) return;
  throw commonError(
    'PERMISSION_REQUIRED',
    'this RPC is for operators: use a token marked :operator in AUTH_TOKENS',
  );
}
