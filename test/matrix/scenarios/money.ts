// Scenarios of accounts and of payments from them that no order made.

import { type Scenario, scenarioOf } from '../scenario.ts';
import type { Mark } from '../striker.ts';

const working = (rpc: string): Mark => ({ service: 'payment', place: 'rpc.before_handler', detail: rpc });
const undoing = working('CancelPayment');

const shelves = '10 0 0 | 10 0 0';

export const money: readonly Scenario[] = [
  scenarioOf('shop opened', {
    strikesOpening: true,
    script: [],
    endings: [` | ${shelves} | 10000 | 0 - 0`],
  }),
  scenarioOf('deposit', {
    script: [{ kind: 'deposit' }],
    endings: [`Deposit done | ${shelves} | 10300 | 0 - 0`],
  }),
  scenarioOf('withdrawal', {
    script: [{ kind: 'withdraw' }],
    endings: [`Withdraw done | ${shelves} | 9700 | 0 - 0`],
  }),
  scenarioOf('withdrawal of more than there is', {
    shop: { opening: 299 },
    script: [{ kind: 'withdraw' }],
    endings: [`Withdraw INSUFFICIENT_FUNDS | ${shelves} | 299 | 0 - 0`],
  }),
  scenarioOf('account frozen, asked for money, and unfrozen', {
    script: [{ kind: 'freeze' }, { kind: 'withdraw' }, { kind: 'unfreeze' }],
    endings: [
      `FreezeAccount done, Withdraw ACCOUNT_FROZEN, UnfreezeAccount done | ${shelves} | 10000 | 0 - 0`,
    ],
  }),
  scenarioOf('account emptied, closed and reopened', {
    shop: { opening: 300 },
    script: [{ kind: 'withdraw' }, { kind: 'close' }, { kind: 'deposit' }, { kind: 'reopen' }],
    endings: [
      `Withdraw done, CloseAccount done, Deposit ACCOUNT_CLOSED, ReopenAccount done | ${shelves} | 0 | 0 - 0`,
    ],
  }),
  scenarioOf('payment', {
    script: [{ kind: 'pay' }],
    endings: [`CreatePayment done | ${shelves} | 9700 | 0 - 0`],
  }),
  scenarioOf('payment of more than there is', {
    shop: { opening: 299 },
    script: [{ kind: 'pay' }],
    endings: [`CreatePayment INSUFFICIENT_FUNDS | ${shelves} | 299 | 0 - 0`],
  }),
  scenarioOf('payment refunded in part, then whole, which is too much', {
    script: [{ kind: 'pay' }, { kind: 'refund' }, { kind: 'refund', variant: 1 }],
    endings: [
      `CreatePayment done, RefundPayment done, RefundPayment REFUND_EXCEEDS_CAPTURED | ${shelves} | 9850 | 0 - 0`,
    ],
  }),
  scenarioOf('payment cancelled', {
    script: [{ kind: 'pay' }, { kind: 'cancelPayment' }],
    turn: undoing,
    endings: [`CreatePayment done, CancelPayment done | ${shelves} | 10000 | 0 - 0`],
  }),
  scenarioOf('payment cancelled while it is taken', {
    script: [{ kind: 'pay' }, { kind: 'cancelPayment', at: working('CreatePayment') }],
    turn: undoing,
    endings: [
      `CreatePayment done, CancelPayment done | ${shelves} | 10000 | 0 - 0`,
      `CreatePayment REQUEST_CANCELLED, CancelPayment done | ${shelves} | 10000 | 0 - 0`,
    ],
  }),
  scenarioOf('payment cancelled before it is made', {
    script: [{ kind: 'cancelPayment' }, { kind: 'pay' }],
    turn: undoing,
    endings: [`CancelPayment done, CreatePayment REQUEST_CANCELLED | ${shelves} | 10000 | 0 - 0`],
  }),
  scenarioOf('payment cancelled after a refund', {
    script: [{ kind: 'pay' }, { kind: 'refund' }, { kind: 'cancelPayment' }],
    turn: undoing,
    endings: [`CreatePayment done, RefundPayment done, CancelPayment done | ${shelves} | 10000 | 0 - 0`],
  }),
];
