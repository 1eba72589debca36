// What callers only read: lists by page, orders that they watch, and what operators look at. In the storm as commands of the plan, and once more when
// everything is at rest, when nothing may be missing.

import type { Callers } from './callers.ts';
import type { Ledger } from './ledger.ts';
import { createLooks } from './looks.ts';
import type { Network } from './network.ts';
import type { Command, Plan } from './plan.ts';
import type { SimulatedProcess } from './process.ts';
import { accountOf, orderIdOf, placeIdOf } from './subject.ts';
import { createWalks, type ListName } from './walks.ts';
import { createWatches } from './watches.ts';

export interface Readings {
  read(command: Command): Promise<void>;
  /** When everything is at rest. */
  lies(): Promise<string[]>;
}

const lists: readonly ListName[] = ['orders', 'payments', 'entries'];
const pageSizes = [1, 2, 3, 50] as const;
const lastTries = 20;

export const isReading = ({ kind }: Command): boolean => ['list', 'watch', 'look'].includes(kind);

export function createReadings(deps: {
  plan: Plan;
  process: SimulatedProcess;
  network: Network;
  callers: Callers;
  ledger: Ledger;
}): Readings {
  const { plan, process } = deps;
  const walks = createWalks({ ...deps, clock: process.clock });
  const watches = createWatches(deps);
  const looks = createLooks({ ...deps, clock: process.clock });

  return {
    async read(command) {
      const { target, variant, isStranger, tries } = command;
      const index = target % plan.wishes.length;
      const { caller: owner = 'alice', account = 0 } = plan.wishes[index] ?? {};
      const other = owner === 'alice' ? 'bob' : 'alice';
      const caller = isStranger ? other : owner;
      const orderId = orderIdOf(caller, placeIdOf(index));
      if (command.kind === 'watch') return watches.watch(caller, orderId, command);
      if (command.kind === 'look') return looks.look(target + 3 * variant, caller, orderId);
      const accountId = accountOf(account % plan.accounts.length);
      const list = lists[(target + variant) % lists.length] ?? 'orders';
      const pageSize = pageSizes[target % pageSizes.length] ?? 1;
      return walks.walk({ list, caller, accountId, pageSize }, tries);
    },
    async lies() {
      for (const list of lists) {
        for (const caller of ['alice', 'bob']) {
          await walks.walk({ list, caller, accountId: accountOf(0), pageSize: 3 }, lastTries);
        }
      }
      return [...walks.lies(), ...(await watches.lies()), ...(await looks.lies())];
    },
  };
}
