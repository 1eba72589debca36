// Whether an account may be used, pure:
//
//     open ──frozen──▶ frozen      nothing is taken from it; what comes in is credited
//      ▲ ◀─unfrozen────┘
//      │
//      └─closed (only empty)─▶ closed      nothing is taken from it or paid into it
//      ◀────reopened───────────┘
//
// Refunds and cancels are credited whatever the standing: an undo is never refused. So a closed account can have a
// balance again, which is what the house owes its owner: reopen it, withdraw, close it anew.

import {
  type Decision,
  type Refusal,
  refuse,
  type State,
  succeed,
} from '../../../shared/journal/decision.ts';
import type { AccountChange, AccountState } from './account.ts';
import { accountEntity } from './names.ts';
import { accountClosed, accountFrozen, accountNotEmpty, accountNotFound } from './refusals.ts';

export type Standing = 'open' | 'frozen' | 'closed';

export const standingOf = ({ standing }: AccountState): Standing => standing ?? 'open';

export type ChangeStanding = Readonly<{ accountId: string; reason: string }>;

type StandingChange = 'frozen' | 'unfrozen' | 'closed' | 'reopened';

/** Where each command ends, and from where it may not begin. One that finds what it wants changes nothing. */
const commands: Record<
  StandingChange,
  { to: Standing; refusalOf(account: AccountState, accountId: string): Refusal | undefined }
> = {
  frozen: {
    to: 'frozen',
    refusalOf: ({ standing }, accountId) => (standing === 'closed' ? accountClosed(accountId) : undefined),
  },
  unfrozen: {
    to: 'open',
    refusalOf: ({ standing }, accountId) => (standing === 'closed' ? accountClosed(accountId) : undefined),
  },
  closed: {
    to: 'closed',
    refusalOf({ standing, balance }, accountId) {
      // Somebody froze it for a reason, which closing it would bury.
      if (standing === 'frozen') return accountFrozen(accountId);
      return balance === 0n ? undefined : accountNotEmpty(accountId, balance);
    },
  },
  reopened: {
    to: 'open',
    refusalOf: ({ standing }, accountId) => (standing === 'frozen' ? accountFrozen(accountId) : undefined),
  },
};

/** States: the account. */
export function decideStanding(
  states: readonly (State | undefined)[],
  type: StandingChange,
  { accountId, reason }: ChangeStanding,
): Decision {
  const account = states[0] as AccountState | undefined;
  const entity = accountEntity(accountId);
  if (!account) return refuse(entity, accountNotFound(accountId));
  const { to, refusalOf } = commands[type];
  if (standingOf(account) === to) return succeed({ entity, type: 'unchanged', data: {} });
  const refusal = refusalOf(account, accountId);
  if (refusal) return refuse(entity, refusal);
  const change: AccountChange = { type, data: { reason } };
  return succeed({ entity, ...change });
}
