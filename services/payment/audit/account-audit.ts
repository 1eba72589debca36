// I1: sums an account's movements by itself and holds every carried balance against the sum.

import type { RecordedOp } from '../../../shared/journal/index.ts';
import type { AccountState } from '../domain/account.ts';
import type { Find } from './finding.ts';

export interface AccountAudit {
  /** `moved`: what the op says that it adds to the balance. */
  take(op: RecordedOp, moved: bigint): void;
  /** Each account that was opened, as its last op left it. */
  states(): ReadonlyMap<string, AccountState>;
  readonly count: number;
}

export function createAccountAudit(find: Find): AccountAudit {
  const sums = new Map<string, bigint>();
  const states = new Map<string, AccountState>();
  return {
    states: () => states,
    take(op, moved) {
      const sum = (sums.get(op.entity) ?? 0n) + moved;
      sums.set(op.entity, sum);
      const account = op.state as AccountState | undefined;
      if (account) states.set(op.entity, account);
      const balance = account?.balance ?? 0n;
      if (sum !== balance) {
        find('I1', op.entity, `the movements sum to ${sum}, the balance in entry ${op.seq} is ${balance}`);
      }
      if (account && Object.values(account).some((part) => typeof part === 'bigint' && part < 0n)) {
        find('I1', op.entity, `entry ${op.seq} carries an amount below zero`);
      }
      if (moved !== 0n && !op.outcome.succeeded) {
        find('I1', op.entity, `entry ${op.seq} moved ${moved} minor units although it was refused`);
      }
    },
    get count() {
      return sums.size;
    },
  };
}
