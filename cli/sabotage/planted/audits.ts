// Sabotages of the judges: an audit or a law that looks away would make every other proof worthless.

import type { Sabotage } from '../sabotage.ts';

export const audits: readonly Sabotage[] = [
  {
    name: 'audit-ignores-findings',
    invariant: 'all',
    file: 'cli/audit/verdicts.ts',
    from: 'findings.some((finding) => finding.invariant === invariant) ||',
    to: '',
    caughtBy: ['test/unit/audit-verdicts.test.ts'],
  },
  {
    name: 'what-nobody-judged-holds',
    invariant: 'all',
    file: 'cli/audit/verdicts.ts',
    from: 'const unseen = told.length === 0 && compared === undefined;',
    to: 'const unseen = false;',
    caughtBy: ['test/unit/audit-verdicts.test.ts'],
  },
  {
    name: 'broken-audit-taken-for-clean',
    invariant: 'all',
    file: 'cli/audit/ask.ts',
    from: "if (!ended) throw new Error('its audit broke off');",
    to: '',
    caughtBy: ['test/unit/audit-ask.test.ts'],
  },
  {
    name: 'double-charge-not-counted',
    invariant: 'I2',
    file: 'services/payment/audit/payment-audit.ts',
    from: "if (sums.chargeCount > 1) find('I2', op.entity, `charged ${sums.chargeCount} times`);",
    to: '',
    caughtBy: ['test/unit/payment-audit.test.ts'],
  },
  {
    name: 'charge-of-a-cancelled-order-overlooked',
    invariant: 'I2',
    file: 'cli/audit/compare.ts',
    from: 'return net === 0n ? [] : find(`cancelled, but ${net} minor units are still taken`);',
    to: 'return net >= 0n ? [] : find(`cancelled, but ${net} minor units are still taken`);',
    caughtBy: ['test/unit/audit-cross.test.ts'],
  },
  {
    name: 'charge-without-its-order-overlooked',
    invariant: 'I6',
    file: 'cli/audit/compare.ts',
    from: 'if (facts.ordersAfter.has(payment.reference) || netOf(payment) === 0n) continue;',
    to: 'if (payment.reference) continue;',
    caughtBy: ['test/unit/audit-cross.test.ts'],
  },
  {
    name: 'hold-without-its-order-overlooked',
    invariant: 'I6',
    file: 'cli/audit/compare.ts',
    from: 'if (facts.ordersAfter.has(reservation.reference) || unitsOf(reservation) === 0n) continue;',
    to: 'if (reservation.reference) continue;',
    caughtBy: ['test/unit/audit-cross.test.ts'],
  },
  {
    name: 'stock-audit-believes-the-state',
    invariant: 'I3',
    file: 'services/inventory/audit/stock-audit.ts',
    from: 'if (counted[where] === carried[where]) return [];',
    to: 'if (carried[where] >= 0) return [];',
    caughtBy: ['test/unit/inventory-audit.test.ts'],
  },
  {
    name: 'two-answers-believed-by-the-history',
    invariant: 'I7',
    file: 'cli/storm/laws/one-answer.ts',
    from: 'if (winner && winner.answers.length > 1) {',
    to: 'if (winner && winner.answers.length > 2) {',
    caughtBy: ['test/unit/storm-history.test.ts'],
  },
];
