// Looks: what became of a request, where a saga stands, what is open, what the ledger says. Asked at any moment by those who
// may; what was told to somebody before is known to everybody afterwards.

import type { LookupRequestResponse } from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import type { GetTrialBalanceResponse } from '../../shared/gen/twicesafe/payment/v1/payment_pb.ts';
import type { Clock } from '../../shared/runtime/index.ts';
import type { Callers } from './callers.ts';
import { type Account, isReused, type Ledger } from './ledger.ts';
import type { ServiceName } from './suite.ts';

export interface Looks {
  /** One look, `which` modulo their number, about the order. */
  look(which: number, caller: string, orderId: string): Promise<void>;
  /** Every order's request looked up, and the ledger added up; then all that was wrong in any look. */
  lies(): Promise<string[]>;
}

const looks: readonly { service: ServiceName; method: string; isAboutOrder?: true }[] = [
  { service: 'order', method: 'getSaga', isAboutOrder: true },
  { service: 'order', method: 'listSagas' },
  { service: 'payment', method: 'listOpenPayments' },
  { service: 'payment', method: 'reconcilePayments' },
];

export function createLooks(deps: { callers: Callers; ledger: Ledger; clock: Clock }): Looks {
  const { callers, ledger, clock } = deps;
  const found: string[] = [];

  const placings = (): Account[] =>
    ledger.accounts().filter((account) => account.request.method.name === 'PlaceOrder' && !isReused(account));

  /** What was answered before this was asked must be known. */
  async function lookUp(caller: string, orderId: string): Promise<void> {
    const placed = placings().find(({ request }) => request.about === `order/${orderId}`);
    if (!placed) return;
    const askedAtMs = clock.nowMs();
    const { requestId } = placed.request;
    const answer = await callers.read('operator', 'order', 'lookupRequest', { requestId, caller });
    if (answer.answer !== 'done') return;
    const { recorded, refusalReason, orderId: told } = answer.response as LookupRequestResponse;
    const { definite, definiteAtMs } = placed;
    if (definiteAtMs === undefined || definiteAtMs >= askedAtMs) return;
    const reason = definite?.answer === 'refused' ? definite.refusal.reason : '';
    if (recorded && told === orderId && refusalReason === reason) return;
    const says = recorded ? `recorded for ${told}, refused for "${refusalReason}"` : 'not recorded';
    found.push(`I8 ${caller}'s ${requestId} was answered ${reason || 'OK'}, but a look-up says ${says}`);
  }

  /** At any moment, because both sides of a posting are one insert. */
  async function addUpLedger(): Promise<void> {
    const answer = await callers.read('operator', 'payment', 'getTrialBalance', {});
    if (answer.answer !== 'done') return;
    const { lines } = answer.response as GetTrialBalanceResponse;
    const sum = (side: 'debits' | 'credits') => lines.reduce((total, line) => total + BigInt(line[side]), 0n);
    if (sum('debits') !== sum('credits'))
      found.push(`I1 the ledger's debits are ${sum('debits')} and its credits ${sum('credits')}`);
  }

  return {
    async look(which, caller, orderId) {
      const index = which % (looks.length + 2);
      const chosen = looks[index];
      if (index === looks.length) return lookUp(caller, orderId);
      if (!chosen) return addUpLedger();
      const { service, method, isAboutOrder } = chosen;
      await callers.read('operator', service, method, isAboutOrder ? { orderId } : {});
    },
    async lies() {
      for (const { request } of placings()) {
        await lookUp(request.caller, request.about.slice('order/'.length));
      }
      await addUpLedger();
      return found;
    },
  };
}
