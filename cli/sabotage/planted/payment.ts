// Sabotages of money on accounts: taken once, from what is there, and given back once.

import type { Sabotage } from '../sabotage.ts';

const decisions = 'services/payment/domain/payment.ts';

export const payment: readonly Sabotage[] = [
  {
    name: 'charged-beyond-the-balance',
    invariant: 'I1',
    file: decisions,
    from: 'if (account.balance < asked.amountMinorUnits) return insufficientFunds(accountId, account.balance, asked);',
    to: 'if (account.balance < 0n) return insufficientFunds(accountId, account.balance, asked);',
    caughtBy: ['test/unit/payment-payment.test.ts'],
  },
  {
    name: 'refunded-beyond-the-captured',
    invariant: 'I1',
    file: decisions,
    from: 'if (amount > refundable) return refuse(entity, refundExceedsCaptured(paymentId, refundable));',
    to: 'if (amount > payment.amount) return refuse(entity, refundExceedsCaptured(paymentId, refundable));',
    caughtBy: ['test/unit/payment-payment.test.ts'],
  },
  {
    name: 'cancel-refunds-what-was-refunded',
    invariant: 'I2',
    file: decisions,
    from: 'const amount = payment.amount - payment.refunded;',
    to: 'const amount = payment.amount;',
    caughtBy: ['test/unit/payment-payment.test.ts'],
  },
  {
    name: 'cancel-refunds-again',
    invariant: 'I2',
    file: 'services/payment/domain/payment-changes.ts',
    from: "return { ...asked, refunded: asked.refunded + change.data.amount, status: 'cancelled' };",
    to: 'return { ...asked };',
    caughtBy: ['test/unit/payment-payment.test.ts'],
  },
  {
    name: 'payment-tombstone-forgotten',
    invariant: 'I10',
    file: decisions,
    from: '  if (payment) {\n    const refusal',
    to: '  if (payment && !isTombstone(payment)) {\n    const refusal',
    caughtBy: ['test/unit/payment-payment.test.ts'],
  },
  {
    name: 'charge-without-its-account',
    invariant: 'I1',
    file: decisions,
    from: "ofAccount(accountId, { type: 'charged', data: { amount, payment: entity } }),",
    to: '',
    caughtBy: ['test/unit/payment-payment.test.ts'],
  },
  {
    name: 'payment-without-its-caller',
    invariant: 'I9',
    file: 'services/payment/domain/names.ts',
    from: '=> `payment/${caller}/${paymentId}`;',
    to: '=> caller && `payment/all/${paymentId}`;',
    caughtBy: ['test/unit/payment-payment.test.ts'],
  },
  {
    name: 'withdrawn-beyond-the-balance',
    invariant: 'I1',
    file: 'services/payment/domain/account.ts',
    from: 'if (account.balance < asked.amountMinorUnits) {',
    to: 'if (account.balance < 0n) {',
    caughtBy: ['test/unit/payment-account.test.ts'],
  },
  {
    name: 'account-opened-twice',
    invariant: 'I1',
    file: 'services/payment/domain/account.ts',
    from: 'if (states[0]) return refuse(entity, accountAlreadyExists(command.accountId));',
    to: '',
    caughtBy: ['test/unit/payment-account.test.ts'],
  },
];
