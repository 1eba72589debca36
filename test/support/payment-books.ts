// The payment domain without a database: runs decisions on folded states, once per key, and keeps the ops as a journal would.

import {
  type AccountState,
  decideDeposit,
  decideOpenAccount,
  decideWithdraw,
} from '../../services/payment/domain/account.ts';
import { decideStanding } from '../../services/payment/domain/account-standing.ts';
import type { Money } from '../../services/payment/domain/money.ts';
import { accountEntity, accountOfPayment, paymentEntity } from '../../services/payment/domain/names.ts';
import {
  decideCancelPayment,
  decideCreatePayment,
  decideRefundPayment,
} from '../../services/payment/domain/payment.ts';
import type { PaymentState } from '../../services/payment/domain/payment-state.ts';
import { paymentRules } from '../../services/payment/domain/rules.ts';
import type { Decision, Outcome, State } from '../../shared/journal/decision.ts';
import type { RecordedOp } from '../../shared/journal/journal.ts';

export const eur = (amountMinorUnits: bigint): Money => ({ amountMinorUnits, currency: 'EUR' });
export const usd = (amountMinorUnits: bigint): Money => ({ amountMinorUnits, currency: 'USD' });
export const jpy = (amountMinorUnits: bigint): Money => ({ amountMinorUnits, currency: 'JPY' });

/** When everything in the books happens. */
export const bookedAt = new Date('2026-11-02T10:00:00Z');

export type Books = ReturnType<typeof openBooks>;

/** Every method takes a `key` last: the same key again answers what was recorded and changes nothing. */
export function openBooks() {
  const states = new Map<string, State>();
  const outcomes = new Map<string, Outcome>();
  const ops: RecordedOp[] = [];
  let seq = 0;

  function submit(
    key: string | undefined,
    entities: string[],
    decide: (states: readonly (State | undefined)[]) => Decision,
  ): Outcome {
    const name = key ?? `key-${seq + 1}`;
    const recorded = outcomes.get(name);
    if (recorded) return recorded;
    const decision = decide(entities.map((entity) => states.get(entity)));
    seq += 1;
    for (const { entity, type, data } of decision.changes) {
      const state = paymentRules.evolve(entity, states.get(entity), { type, data }, bookedAt);
      if (state) states.set(entity, state);
      const { outcome } = decision;
      ops.push({
        stream: 's0',
        seq,
        writer: 'test/1',
        at: bookedAt,
        entity,
        key: name,
        type,
        data,
        outcome,
        state,
      });
    }
    outcomes.set(name, decision.outcome);
    return decision.outcome;
  }

  const both = (caller: string, paymentId: string) => {
    const accountId = accountOfPayment(paymentId);
    const entity = paymentEntity(caller, paymentId);
    return accountId === undefined ? [entity] : [entity, accountEntity(accountId)];
  };

  const standing = (type: Parameters<typeof decideStanding>[1], accountId: string, key?: string) =>
    submit(key, [accountEntity(accountId)], (all) =>
      decideStanding(all, type, { accountId, reason: `${type} for a reason` }),
    );

  return {
    ops,
    account: (accountId: string) => states.get(accountEntity(accountId)) as AccountState | undefined,
    payment: (paymentId: string, caller = 'shop') =>
      states.get(paymentEntity(caller, paymentId)) as PaymentState | undefined,
    typesOf: (entity: string) => ops.filter((op) => op.entity === entity).map((op) => op.type),
    open: (accountId: string, opening: Money, key?: string) =>
      submit(key, [accountEntity(accountId)], (all) => decideOpenAccount(all, { accountId, opening })),
    deposit: (accountId: string, amount: Money, key?: string) =>
      submit(key, [accountEntity(accountId)], (all) => decideDeposit(all, { accountId, amount })),
    withdraw: (accountId: string, amount: Money, key?: string) =>
      submit(key, [accountEntity(accountId)], (all) => decideWithdraw(all, { accountId, amount })),
    freeze: (accountId: string, key?: string) => standing('frozen', accountId, key),
    unfreeze: (accountId: string, key?: string) => standing('unfrozen', accountId, key),
    close: (accountId: string, key?: string) => standing('closed', accountId, key),
    reopen: (accountId: string, key?: string) => standing('reopened', accountId, key),
    create: (paymentId: string, amount: Money, key?: string, caller = 'shop') => {
      const accountId = accountOfPayment(paymentId) ?? '';
      const requestKey = key ?? 'req/shop/CreatePayment/1';
      const command = { caller, paymentId, accountId, amount, reference: 'order-1', requestKey };
      return submit(key, both(caller, paymentId), (all) => decideCreatePayment(all, command));
    },
    refund: (paymentId: string, amount: Money, key?: string, caller = 'shop') =>
      submit(key, both(caller, paymentId), (all) =>
        decideRefundPayment(all, {
          caller,
          paymentId,
          amount,
          reason: 'broken',
          refundId: key ?? 'refund-1',
        }),
      ),
    cancel: (paymentId: string, key?: string, caller = 'shop') =>
      submit(key, both(caller, paymentId), (all) =>
        decideCancelPayment(all, { caller, paymentId, cancelId: key ?? 'cancel-1' }),
      ),
  };
}
